"""What listening costs, and how well it goes.

    python -m bench.listening [ears] [line] [words] [starts]

`ears`: CPU of one session's ear in the conversation cycle of 20 s (4 s of speech). `line`: the same with the whole real
service around it. `words`: word error rate and CPU of the recogniser over held-out questions in two voices, clean, in
noise and with lost packets, and the time from the end of speech to the words. `starts`: turns begun by noise, and words
missed, over 100 mixtures.
"""

import asyncio
import csv
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import requests

from banker.media.microphone import Microphone
from banker.settings import Speech
from banker.speech import Recogniser, load_recogniser
from banker.speech.prompt import listening_prompt
from bench.peers import cpu_seconds
from tests.client import Customer
from tests.media.ears import Notes, Scripted, listen, new_ear, run, send
from tests.media.test_hearing import Speaking
from tests.servers import Gunicorn, wait_until, write_config
from tests.speech.sounds import VOICES, Rtp, mixed, noise, packets, pause, say

TALK = say("I would like to know the balance of my everyday checking account, and whether my transfer has arrived.")
SPEECH = (TALK * 2)[: 4 * 32_000]
CYCLE = SPEECH + pause(16)


def ears(cycles: int = 10) -> None:
    """CPU of decoding, detection and turns, in virtual time; the network stack and the recogniser are not in it."""
    kinds = {
        "silence not sent (usedtx)": packets(CYCLE, dtx=True),
        "silence sent": packets(CYCLE),
        "a noisy room, sent": packets(mixed(CYCLE, noise("pink", 20), 0.2)),
        "silence alone, not sent": packets(pause(20), dtx=True),
    }
    for name, sent in kinds.items():

        async def go(sent: list[Rtp] = sent) -> float:
            microphone = Microphone(new_ear(Notes(), Scripted()))
            await send(microphone, sent[:50])
            began = time.process_time()
            for number in range(cycles):
                later = [
                    Rtp(
                        (packet.sequence_number + number * len(sent)) % 2**16,
                        (packet.timestamp + number * 960_000) % 2**32,
                        packet.payload,
                    )
                    for packet in sent
                ]
                await send(microphone, later)
            return time.process_time() - began

        used = run(go()) / (cycles * 20)
        print(f"ear, {name}: {used:.2%} of a core a session, {1 / used:.0f} sessions a core")


def line(peers: int = 8, seconds: float = 40.0) -> None:
    """CPU of the worker a session, beyond what it takes with nobody there. Needs a second core for the clients."""
    service = {
        "media": {"allow_private_candidates": True},
        # A recogniser that fails at once costs next to nothing; the detector and the rest are the real ones.
        "speech": {
            "recogniser": "endpoint",
            "model": "none",
            "base_url": "http://127.0.0.1:9/v1",
            "timeout_seconds": 1,
        },
    }
    sent = packets(CYCLE, dtx=True)
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        server = Gunicorn(write_config(Path(folder), service))
        try:
            wait_until(lambda: requests.get(f"{server.url}/health/ready", timeout=20).ok, 60, "the engines")
            customers, tracks = [], []
            for _ in range(peers):
                customer = Customer(server.url)
                customer.create()
                customer.connect()
                at = rng.randrange(len(sent))
                turned = _renumbered(sent[at:] + sent[:at], round(seconds / 20) + 2)
                tracks.append(Speaking(turned))
                customer.call(microphone=tracks[-1])
                customer.consent()
                customers.append(customer)
            for name, ready in (("connected, silent", False), ("in the cycle", True)):
                for track in tracks:
                    if ready:
                        track.spoken.set()
                time.sleep(3)
                before, began = cpu_seconds(server.workers[0]), time.monotonic()
                time.sleep(seconds if ready else 10)
                used = (cpu_seconds(server.workers[0]) - before) / (time.monotonic() - began) / peers
                print(f"line, {peers} peers {name}: {used:.2%} of a core a session")
            for customer in customers:
                customer.close()
        finally:
            server.close()


def _renumbered(sent: list[Rtp], times: int) -> list[Rtp]:
    """The packets again and again, in a row, with the pauses that their timestamps say."""
    result: list[Rtp] = []
    clock = 0
    for _ in range(times):
        for packet, following in zip(sent, [*sent[1:], sent[0]], strict=True):
            result.append(Rtp(len(result) % 2**16, clock % 2**32, packet.payload))
            step = (following.timestamp - packet.timestamp) % 2**32
            clock += step if step < 48_000 else 960
    return result


def words(questions: int = 30) -> None:
    """Word error rates, without a language model to mend them, and times in the silence."""
    recogniser = load_recogniser(Speech(recogniser_threads=1))
    assert recogniser is not None
    with open(Path(__file__).with_name("heldout.tsv"), encoding="utf-8") as file:
        texts = [row["utterance"] for row in csv.DictReader(file, delimiter="\t")]
    random.Random(3).shuffle(texts)
    rng = random.Random(4)
    for name in ("clean", "noise at 15 dB", "5 % of packets lost"):
        wrong = total = lost = 0
        cpu, late = [], []
        for text in texts[:questions]:
            for voice in VOICES[:2]:
                sound = pause(0.5) + say(text, voice) + pause(1.2)
                if name.startswith("noise"):
                    sound = mixed(sound, noise("pink", 20), 0.3)
                sent = [packet for packet in packets(sound) if "lost" not in name or rng.random() > 0.05]
                heard, used, waited = _heard(recogniser, sent, len(sound) / 32_000 - 1.2)
                cpu += used
                late += waited
                lost += not heard
                wrong += _distance(_words(text), _words(heard))
                total += len(_words(text))
        print(
            f"words, {name}: error rate {wrong / total:.1%}, nothing heard {lost} of {2 * questions}, "
            f"recognition {median(cpu):.2f} s of CPU, from the end of speech to the words {median(late):.2f} s "
            f"(slowest {max(late):.2f})"
        )


def _heard(recogniser: Recogniser, sent: Iterable[Rtp], end: float) -> tuple[str, list[float], list[float]]:
    cpu: list[float] = []

    async def recognise(sound: bytes) -> str:
        used, began = time.process_time(), time.monotonic()
        text = recogniser.recognise(sound, listening_prompt(())).text
        cpu.append(time.process_time() - used)
        await asyncio.sleep(time.monotonic() - began)  # time that stood still meanwhile
        return text

    notes = listen(sent, recognise)
    return " ".join(notes.texts()), cpu, [at - end for at in notes.times("said")[-1:]]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("-", " "))


def _distance(one: list[str], two: list[str]) -> int:
    row = list(range(len(two) + 1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(two, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]


def starts() -> None:
    """False starts in noise, and missed words."""
    rng = random.Random(7)
    kinds = ["white", "pink", "keyboard", "music", "cough"]
    false = missed = 0
    delays = []
    for number in range(50):
        kind, loudness = kinds[number % len(kinds)], rng.choice([0.3, 1.0, 2.0])
        sound = mixed(pause(6), noise(kind, 6), loudness)
        false += "began" in listen(packets(sound), Scripted(), after=0.5).kinds
        text, voice = rng.choice(["Yes", "Stop", "No", "Wait a moment", "Thank you", "Okay"]), rng.choice(VOICES)
        sound = mixed(pause(1) + say(text, voice) + pause(1), noise(kind, 6), 0.15)
        began = listen(packets(sound), Scripted(), after=0.5).times("began")
        missed += not began
        delays += [at - 1 for at in began[:1]]
    print(f"starts: {false} of 50 noises began a turn, {missed} of 50 short words in noise did not")
    print(f"starts: noticed {median(delays) * 1000:.0f} ms after the word began (slowest {max(delays) * 1000:.0f})")


if __name__ == "__main__":
    for part in sys.argv[1:] or ["ears", "starts", "words", "line"]:
        {"ears": ears, "line": line, "words": words, "starts": starts}[part]()
