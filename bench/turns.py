"""How soon the banker answers and gives way: by stage, as the client receives it, and over mixtures of sounds."""

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from bench import mixtures
from bench.hearing import progress
from examples.bank import Bank
from tests.servers import ROOT, Gunicorn, wait_until
from tests.speaking import Talker
from tests.speech.sounds import pause, say

QUESTIONS = (
    "Could you tell me the balance of my account?",
    "How much money do I have on my account?",
    "Please tell me the current balance of my account.",
    "I would like to know my account balance.",
)
"""About three seconds each. The books change before each, so that no answer is in the voice's memory."""
LONG_ANSWER = "What can you do for me?"
TOKEN = "a-token-for-the-metrics-of-the-bench"


def figures(quick: bool) -> Iterator[tuple[str, str, str]]:
    """From the end of speech to the reply, from speech to silence, and how often each is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        books = Path(folder) / "bank.sqlite3"
        Bank(books).accounts("demo-customer")
        environ = {"BANKER_DEMO": "1", "BANK_DATABASE": str(books)}
        environ |= {"BANKER_METRICS__ENABLED": "true", "BANKER_METRICS_TOKEN": TOKEN}
        server = Gunicorn(ROOT / "config", environ=environ, ready=True)
        try:
            with Talker(server.url) as talker:
                talker.begin()
                yield from _latency(server, talker, books, 6 if quick else 20)
                yield from _barge_in(talker, 4 if quick else 12)
        finally:
            server.close()
    yield from mixtures.figures(20 if quick else 100)


def _latency(server: Gunicorn, talker: Talker, books: Path, turns: int) -> Iterator[tuple[str, str, str]]:
    heard, recognised, found, received, off = [], [], [], [], []
    chance = random.Random(1)
    for number in range(turns):
        progress(f"spoken question {number + 1} of {turns}")
        with sqlite3.connect(books) as db:
            db.execute("UPDATE accounts SET cents = ? WHERE id = 'acc-789'", [chance.randrange(10_000, 999_999)])
        before, packets, said = _stages(server), len(talker.browser.audio.packets), len(talker.turns("user"))
        ended = talker.say(say(QUESTIONS[number % len(QUESTIONS)])).wait().ended
        wait_until(lambda said=said: len(talker.turns("user")) > said, 15, "the user's words")
        words = time.monotonic()
        wait_until(lambda packets=packets: len(talker.browser.audio.packets) > packets, 15, "the reply")
        reply = talker.browser.audio.packets[packets][3]
        talker.wait_turn("banker", len(talker.turns("banker")) + 1, 20)
        talker.wait_listening()
        stages = {name: value - before[name] for name, value in _stages(server).items()}
        heard.append(stages["turn_end"])
        recognised.append(stages["recognition"] / max(1.0, stages["recognitions"]))
        found.append(reply - words)
        received.append(reply - ended)
        off.append(stages["turn_end"] + reply - words - (reply - ended))
    yield f"end of speech to its words: the ear, {turns} turns", _spread(heard), "600 ms of silence, and little more"
    yield "a recognition, which begins after 200 ms of that", _spread(recognised), "400 ms and less is hidden"
    yield "words to first packet: brain, tool and voice", _spread(found), ""
    yield "end of speech to first packet, as the client received it", _spread(received), "1000 ms, median"
    yield "stages added up, less what the client received", f"{statistics.median(off) * 1000:+.0f} ms", "50 ms and less"


def _stages(server: Gunicorn) -> dict[str, float]:
    answer = requests.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5)
    assert answer.status_code == 200, answer.text
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {
        "turn_end": float(values["banker_turn_end_seconds_sum"]),
        "recognition": float(values["banker_recognition_seconds_sum"]),
        "recognitions": float(values["banker_recognition_seconds_count"]),
    }


def _barge_in(talker: Talker, times: int) -> Iterator[tuple[str, str, str]]:
    waits = []
    for number in range(times):
        progress(f"barge-in {number + 1} of {times}")
        before, turns = len(talker.browser.audio.packets), len(talker.turns("banker"))
        talker.send({"type": "message.send", "text": LONG_ANSWER})
        wait_until(lambda before=before: len(talker.browser.audio.packets) > before + 40, 15, "the answer")
        began = talker.say(say("No, stop!") + pause(0.1)).wait().began
        time.sleep(0.2)
        waits.append(talker.browser.audio.packets[-1][3] - began)
        talker.wait_turn("banker", turns + 1, 20)
        talker.wait_listening()
    yield f"barge-in: speech starts to banker silent, {times} times", _spread(waits), "300 ms"


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return f"{statistics.median(ordered) * 1000:.0f}, p95 {late * 1000:.0f} ms"
