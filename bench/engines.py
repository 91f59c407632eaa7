"""Live conversations with the local recogniser and voice at work: whose CPU that is, and how late packets are."""

import random
import sqlite3
import time
from collections.abc import Iterator
from importlib.util import find_spec
from threading import Event, Thread

from banker.speech.asr.whisper import BASE, BASE_PARTS
from bench.calls import CYCLE, Live, live, wait
from bench.figure import Figure
from bench.metrics import environment, lateness, values
from bench.process import cpu_seconds, engine_seconds

CHANGES_SECONDS = 2.0
"""So often the books change, so that no answer is in the voice's memory."""


def figures(quick: bool) -> Iterator[Figure]:
    """Each user asks every 20 s, all engines are in the service; with each of whisper's models that is installed."""
    yield from _conversations(quick, {}, "tiny.en")
    if find_spec(BASE_PARTS[0]):
        yield from _conversations(quick, {"model": BASE}, f"whisper {BASE}")


def _conversations(quick: bool, model: dict[str, str], name: str) -> Iterator[Figure]:
    sessions = 4 if quick else 8
    with live(sessions, False, {"recogniser": "whisper", **model}, environment()) as talks:
        stop = Event()
        Thread(target=keep_books, args=(talks, stop), daemon=True).start()
        before, began = values(talks.server), time.monotonic()
        used, engines = cpu_seconds(talks.pid), engine_seconds(talks.pid)
        wait(CYCLE * (2 if quick else 3), "engines at work")
        used, engines = cpu_seconds(talks.pid) - used, engine_seconds(talks.pid) - engines
        took, after = time.monotonic() - began, values(talks.server)
        stop.set()
    replies = after["banker_reply_seconds_count"] - before["banker_reply_seconds_count"]
    failed = after["banker_failed_recognitions_total"] - before["banker_failed_recognitions_total"]
    yield Figure(
        f"live conversations a core, all engines, {name} ({sessions} at once)", f"{took * sessions / used:.1f}", "40"
    )
    yield Figure("- spoken replies in that time; turns not recognised", f"{replies:.0f}; {failed:.0f}")
    yield Figure("- as many as the engines' own CPU time allows", f"{took * sessions / engines:.1f}")
    yield Figure("- share of the CPU that is the engines'", f"{engines / used:.0%}", "85 % and more")
    yield Figure("lateness of sent packets, 99 of 100, engines at work", lateness(before, after, 0.99), "under 20 ms")


def keep_books(talks: Live, stop: Event) -> None:
    """Change the balance again and again until `stop` is set."""
    chance = random.Random(2)
    while not stop.wait(CHANGES_SECONDS):
        with sqlite3.connect(talks.books, timeout=5) as db:
            db.execute("UPDATE accounts SET cents = ? WHERE id = 'acc-789'", [chance.randrange(10_000, 999_999)])
