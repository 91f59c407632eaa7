"""What is heard of held-out ways of asking, and what listening costs: synthetic voices, packets, recogniser, agent."""

import array
import itertools
import math
import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from banker.agents.tenant_agents import example_utterances
from banker.cli.evaluation.labelled import Labelled, read_labelled
from banker.cli.evaluation.report import EvaluatedUtterance
from banker.conversation.turns.interruption import plain_words
from banker.rtc.audio_in.utterance import AudioSpan
from banker.speech.asr.prompt import recognition_prompt
from banker.speech.asr.whisper import BASE, BASE_PARTS, WhisperRecogniser
from banker.text.languages import package
from bench.demo_agent import LISTS, demo_turns
from bench.figure import Figure
from bench.process import cpu_seconds
from bench.progress import progress
from tests.rtc.segmenters import listen
from tests.servers import ROOT, Gunicorn
from tests.speaking import Talker
from tests.speech.sounds import RATE, Rtp, mixed, noise, packets, pause, say

LIST = LISTS / "spoken.tsv"
"""Lines of the held-out lists as somebody says them: what is typed in short, or mistyped, is written in full."""
VOICES = ("en-us+m3", "en-gb+f3")
"""espeak-ng's, made by rules; the banker speaks with a network's."""
PERSONS = ("flite slt", "flite rms")
"""Voices made of recordings of two people, which are nearer to a customer's; heard where flite is installed."""
NOISE_DB, LOST = 15, 0.05
CONDITIONS = ("clean", f"noise at {NOISE_DB} dB", f"{LOST:.0%} of packets lost")
GOALS = {"clean": ("20 %", "as written less 10"), "other": ("30 %", "as written less 15")}
SEED = 6


def figures(quick: bool) -> Iterator[Figure]:
    """Word errors of spoken questions, what the demo bank's agent makes of them, and the CPU of a session."""
    cases = read_labelled(LIST.read_bytes(), LIST.name)[: 12 if quick else None]
    written = sum(_is_right(case, case.utterance) for case in cases) / len(cases)
    yield Figure(f"right, {len(cases)} lines of {LIST.stem} as written", f"{written:.1%}")
    for model in (None, BASE) if find_spec(BASE_PARTS[0]) else (None,):
        yield from _hearing(cases, model)
    yield from _costs(4 if quick else 10, 6.0 if quick else 15.0)


def _hearing(cases: list[Labelled], model: str | None) -> Iterator[Figure]:
    """What is heard with one of whisper's models, and the CPU of a second of sound."""
    recogniser, prompt = WhisperRecogniser(model, utterances=example_utterances()), recognition_prompt(())
    name = model or "tiny.en"
    used = sound = 0.0

    async def words(span: AudioSpan) -> str:
        nonlocal used, sound
        began, pcm = time.process_time(), span.without_skipped()
        text = recogniser.recognise(pcm, prompt).text
        used, sound = used + time.process_time() - began, sound + len(pcm) / RATE / 2
        return text

    engines = [("espeak-ng", VOICES), *([("flite", PERSONS)] if shutil.which("flite") else [])]
    for (engine, voices), condition in itertools.product(engines, CONDITIONS):
        errors = length = right = 0
        for number, case in enumerate(cases, 1):
            progress(f"{name}, {engine}, {condition}: {number} of {len(cases)}")
            for voice in voices:
                heard = " ".join(listen(_sent(case.utterance, voice, condition), words).texts())
                said, got = _words(case.utterance), _words(heard)
                errors, length = errors + _distance(said, got), length + len(said)
                right += _is_right(case, heard)
        share, (most, least) = right / len(cases) / len(voices), GOALS.get(condition, GOALS["other"])
        what = f"{name}, {len(voices)} voices of {engine}, {condition}"
        yield Figure(f"word error rate, {what}", f"{errors / length:.1%}", f"{most} at most")
        yield Figure(f"right, {what}", f"{share:.1%}", least)
    yield Figure(f"CPU seconds for a second of sound, {name}", f"{used / sound:.3f}")


def _is_right(case: Labelled, heard: str) -> bool:
    """Whether the agent does with what was heard what the label says."""
    return EvaluatedUtterance(case, demo_turns().play(heard)).correct


def _sent(text: str, voice: str, condition: str) -> list[Rtp]:
    """The packets that a microphone sends of it; the same ones in every run."""
    sound = pause(0.4) + say(text, voice) + pause(1.2)
    if condition == CONDITIONS[1]:
        hum = noise("pink", len(sound) / RATE / 2 + 0.1)[: len(sound)]
        sound = mixed(sound, hum, level(say(text, voice)) / level(hum) / 10 ** (NOISE_DB / 20))
    sent = packets(sound)
    if condition == CONDITIONS[2]:
        chance = random.Random(f"{SEED} {text} {voice}")
        sent = [packet for packet in sent if chance.random() >= LOST]
    return sent


def level(pcm: bytes) -> float:
    """The root mean square of s16 samples."""
    samples = array.array("h", pcm)
    return math.sqrt(sum(sample * sample for sample in samples) / max(1, len(samples)))


def _words(text: str) -> list[str]:
    """Plain words, figures as they are spoken, so that "5" and "five" are the same."""
    return re.sub(r"['-]", "", plain_words(package("en").sentence(text).spoken)).split()


def _distance(said: list[str], heard: list[str]) -> int:
    """Words to change, add or leave out (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for n, word in enumerate(said, 1):
        before, row[0] = row[0], n
        for m, other in enumerate(heard, 1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (word != other))
    return row[-1]


def _costs(sessions: int, seconds: float) -> Iterator[Figure]:
    """CPU of the worker for each session: nobody speaks, everybody speaks without a pause, one turn is understood."""
    speech = b"".join(say(word, speed=170) for word in "money travel letter branch office window morning".split())
    with tempfile.TemporaryDirectory() as folder, ExitStack() as calls:
        environ = {"BANKER_DEMO": "1", "BANK_DATABASE": str(Path(folder) / "bank.sqlite3")}
        server = Gunicorn(ROOT / "config", environ=environ, ready=True)
        calls.callback(server.close)
        (pid,) = server.workers

        def used() -> float:
            before = cpu_seconds(pid)
            time.sleep(seconds)
            return (cpu_seconds(pid) - before) / seconds / sessions

        talkers = [calls.enter_context(Talker(server.url)) for _ in range(sessions)]
        for number, talker in enumerate(talkers, 1):
            progress(f"sessions: {number} of {sessions}")
            talker.begin()
        time.sleep(1)
        silent = used()
        length = round((seconds + 3) * RATE * 2 / len(speech)) + 1
        for talker in talkers:
            talker.say(speech * length)
        time.sleep(1.5)
        listening = used()
        face = "voice and face"
        yield Figure(f"CPU of a session, silent, {face} ({sessions} at once)", f"{silent:.2%} of a core", "1 %")
        yield Figure(f"CPU of a session, its user speaks ({sessions} at once)", f"{listening:.2%} of a core", "3 %")
