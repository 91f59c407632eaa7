"""Noise gives no turns, glossary names are recognised, and captions and the avatar's mouth follow the voice."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from banker.config.tenant import TurnSettings
from banker.rtc.video.avatar import Avatar
from banker.rtc.video.avatar_track import AvatarTrack
from tests.rtc.handset import PACKET_SECONDS
from tests.rtc.segmenters import run
from tests.rtc.test_avatar import DEFAULT
from tests.rtc.test_rough_edges_turns import ASKED, REPLIES, SENTENCES
from tests.rtc.virtual_call import VirtualBank, VirtualCall, demo, synthesiser, talk
from tests.rtc.word_times import word_times
from tests.speech.sounds import NAMES, VOICES, noise, pause, say, sox

COUGH = say("[[h@h]]", speed=90)
PATIENT = TurnSettings(still_there_seconds=86_400)
MAX_MOUTH_LAG_S = 0.080


@pytest.mark.parametrize("kind", ["silence", "keyboard", "music", "pink", "cough"])
def test_two_minutes_of_noise_are_no_turn_and_the_words_after_them_are_one(tmp_path: Path, kind: str) -> None:
    async def story(call: VirtualCall) -> None:
        before = list(call.events)
        await (asyncio.sleep(120) if kind == "silence" else call.say(noise(kind, 30), times=4))
        await asyncio.sleep(2)
        assert call.events == before, "no turn, no tool, not a word"
        for voice in VOICES:
            await call.asks(say("Thank you.", voice))
        heard = [text.strip(".!").lower() for text in call.turns("user")]
        assert len(heard) == len(VOICES), heard
        assert heard.count("thank you") >= 2, heard

    talk(tmp_path, story, turns=PATIENT)


@pytest.mark.parametrize("known", [True, False])
def test_names_are_recognised_with_a_glossary_only(tmp_path: Path, known: bool) -> None:
    async def story(call: VirtualCall) -> None:
        for text in NAMES.values():
            await call.asks(spoken(text))
        found = [name for name, heard in zip(NAMES, call.turns("user"), strict=True) if name in heard]
        assert len(found) >= 3 if known else len(found) <= 1, call.turns("user")

    speech = demo().tenants["demo"].speech
    talk(tmp_path, story, {}, speech=replace(speech, glossary=tuple(NAMES) if known else ()))


def test_the_language_is_the_configured_one(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        await call.asks(say("What are your opening hours?"))
        assert {language for *_, language in call.bank.recognised} == {"de"}

    talk(tmp_path, story, speech=replace(demo().tenants["demo"].speech, language="de"))


def test_captions_and_mouth_follow_the_voice_even_after_twenty_interruptions(tmp_path: Path) -> None:
    chance = random.Random(4)
    frames: list[tuple[float, str]] = []

    async def watch(call: VirtualCall) -> None:
        while True:
            packet = await call.peer.avatar.recv()
            frames.append((call.now, bytes(packet).decode()))

    async def story(call: VirtualCall) -> None:
        watching = asyncio.ensure_future(watch(await call.begin()))
        words = word_times(*SENTENCES)
        for number in range(20):
            await call.type(ASKED)
            await call.speaking(chance.uniform(0.5, 3))
            if number % 5 == 0:
                await call.say(COUGH)
            await call.send("speech.cancel")
            await asyncio.sleep(chance.uniform(0.1, 1))
        await reply(call)
        watching.cancel()
        assert len(call.of_type("transcript", interrupted=True)) == 20
        for turn in {event["turn"] for event in call.of_type("transcript", role="banker")} - {1}:
            captions_follow_the_voice(call, turn, words)
        mouth_follows_the_voice(call, frames)

    async def go() -> None:
        bank = VirtualBank(tmp_path, REPLIES)
        async with bank, VirtualCall(bank, lambda speaker: AvatarTrack(Pictures(), speaker, chance=chance)) as call:  # type: ignore[arg-type]
            await story(call)

    run(go())


async def reply(call: VirtualCall) -> None:
    await call.type(ASKED)
    await call.quiet()


def captions_follow_the_voice(call: VirtualCall, turn: int, words: list[tuple[str, float, float]]) -> None:
    """No caption of this turn shows a word more than 200 ms before it is heard, or 1.2 s after it."""
    shown = [(at, e["text"].split()) for at, e in call.events if e["type"] == "transcript" and e["turn"] == turn]
    asked = max(at for at, e in call.events if e["type"] == "transcript" and e["turn"] == turn - 1)
    assert shown
    for at, text in shown:
        heard = sum(asked < when <= at + 0.001 for when, _ in call.handset.heard) * PACKET_SECONDS
        start = words[len(text) - 1][1]
        assert start < heard + 0.2, f"{text[-1]!r} is shown {start - heard:.2f} s early"
        assert heard - words[len(text) - 1][2] < 1.2, f"{text[-1]!r} is shown late"


def mouth_follows_the_voice(call: VirtualCall, frames: list[tuple[float, str]]) -> None:
    """The mouth is closed within `MAX_MOUTH_LAG_S` of silence, and often open while the agent is heard."""
    heard = [at for at, _ in call.handset.heard]
    closed = Pictures.manifest.mouths[0]
    opened = 0
    for number, (at, picture) in enumerate(frames):
        until = frames[number + 1][0] if number + 1 < len(frames) else at
        state, mouth = picture.split("/", 1)
        if state == "speaking" and mouth not in closed:
            opened += 1
            last = max((when for when in heard if when <= until), default=0.0)
            lag = until - last
            assert lag < MAX_MOUTH_LAG_S + PACKET_SECONDS, f"open until {until:.2f} s, heard until {last:.2f} s"
    assert opened > 100


class Pictures:
    """An avatar whose encoded pictures are just their names."""

    manifest = Avatar.load(DEFAULT, "#0066cc").manifest

    def name(self, state: str, beat: int = 0, eyes: int = 0, mouth: str = "") -> str:
        return f"{state}/{mouth}"

    def ready(self, name: str) -> bytes:
        return name.encode()


def spoken(text: str) -> bytes:
    """Say this with the agent's own voice: espeak-ng mispronounces names."""
    raw = ("-t", "raw", "-r", str(synthesiser().sample_rate), "-c", "1", "-b", "16", "-e", "signed", "-")
    return pause(0.3) + sox(*raw, to=(), stdin=b"".join(synthesiser().synthesise(text)))
