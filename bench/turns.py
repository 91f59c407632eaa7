"""How soon the banker answers and gives way: by stage, as the client receives it, and over mixtures of sounds."""

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from banker.server.metrics import STAGES
from bench import mixtures
from bench.figure import Figure
from bench.metrics import environment, values
from bench.progress import progress
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

SHOWN_STAGES = {
    "silence": ("the user's silence that ends the turn", "600 ms"),
    "recognition": ("the recogniser, beyond that silence", "0 ms: hidden in the silence"),
    "thought": ("words to first sentence: agent and tools", ""),
    "voice": ("first sentence to its first sound", ""),
    "sending": ("first sound to first packet", ""),
}
"""What is said of each stage, and its goal."""


def figures(quick: bool) -> Iterator[Figure]:
    """From the end of speech to the reply, from speech to silence, and how often each is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        books = Path(folder) / "bank.sqlite3"
        Bank(books).accounts("demo-customer")
        environ = {"BANKER_DEMO": "1", "BANK_DATABASE": str(books), **environment()}
        server = Gunicorn(ROOT / "config", environ=environ, ready=True)
        try:
            with Talker(server.url) as talker:
                talker.begin()
                yield from _latency(server, talker, books, 3 if quick else 15)
                yield from _barge_in(talker, 2 if quick else 12)
        finally:
            server.close()
    if not quick:
        yield from mixtures.figures(100)


def _latency(server: Gunicorn, talker: Talker, books: Path, turns: int) -> Iterator[Figure]:
    stages: dict[str, list[float]] = {}
    received, off = [], []
    chance = random.Random(1)
    for number in range(turns):
        progress(f"spoken question {number + 1} of {turns}")
        with sqlite3.connect(books) as db:
            db.execute("UPDATE accounts SET cents = ? WHERE id = 'acc-789'", [chance.randrange(10_000, 999_999)])
        before, packets = _stages(server), len(talker.browser.audio.packets)
        ended = talker.say(say(QUESTIONS[number % len(QUESTIONS)])).wait().ended
        wait_until(lambda packets=packets: len(talker.browser.audio.packets) > packets, 15, "the reply")
        reply = talker.browser.audio.packets[packets][3]
        talker.wait_turn("banker", len(talker.turns("banker")) + 1, 20)
        talker.wait_listening()
        for name, value in _stages(server).items():
            stages.setdefault(name, []).append(value - before[name])
        received.append(reply - ended)
        off.append(stages["reply"][-1] - received[-1])
    for stage, (what, goal) in SHOWN_STAGES.items():
        median = statistics.median(stages[stage])
        yield Figure(f"- {what}", _spread(stages[stage]), goal, series={stage: 1000 * median})
    yield Figure("- these stages added up", _spread(stages["reply"]))
    engines = [sum(each) for each in zip(stages["recognition"], stages["thought"], stages["voice"], strict=True)]
    own = [whole - taken for whole, taken in zip(received, engines, strict=True)]
    goal, peer = "650 ms, p95 750", "700 to 1,500 ms usual, in the cloud"
    yield Figure(f"end of speech to first packet, as received, {turns} turns", _spread(received), goal, peer)
    yield Figure("the same, engines' own time taken off", _spread(own), "650 ms: the silence and 50 ms")
    yield Figure("the service's stages less what was received", f"{statistics.median(off) * 1000:+.0f} ms", "50 ms")


def _stages(server: Gunicorn) -> dict[str, float]:
    """Seconds that each stage of all replies so far took."""
    found = values(server)
    stages = {name: found[f'banker_reply_stage_seconds_sum{{stage="{name}"}}'] for name in STAGES}
    return stages | {"reply": found["banker_reply_seconds_sum"]}


def _barge_in(talker: Talker, times: int) -> Iterator[Figure]:
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
    yield Figure(f"barge-in: speech starts to banker silent, {times} times", _spread(waits), "under 200 ms")


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return f"{statistics.median(ordered) * 1000:.0f}, p95 {late * 1000:.0f} ms"
