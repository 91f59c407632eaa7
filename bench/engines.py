"""Live conversations with the local recogniser and voice at work: whose CPU that is, and how late packets are."""

import random
import sqlite3
import time
from collections.abc import Iterator
from threading import Event, Thread

from bench.calls import CYCLE, Live, live, wait
from bench.metrics import environment, values
from bench.process import cpu_seconds, engine_seconds

CHANGES_SECONDS = 2.0
"""So often the books change, so that no answer is in the voice's memory."""
BUCKET = 'banker_packet_lateness_seconds_bucket{le="'


def figures(quick: bool) -> Iterator[tuple[str, str, str]]:
    """Each user asks every 20 s, all engines are in the service."""
    sessions = 4 if quick else 8
    with live(sessions, False, {"recogniser": "whisper"}, environment()) as talks:
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
    each = f"{sessions} at once, {replies:.0f} spoken replies, {failed:.0f} turns not recognised"
    yield f"live conversations a core, engines at work ({sessions} at once)", f"{took * sessions / used:.1f}", each
    yield "- as many as the engines' own CPU time allows", f"{took * sessions / engines:.1f}", ""
    yield "- share of the CPU that is the engines'", f"{engines / used:.0%}", "85 % and more"
    late = {name: after[name] - before[name] for name in after if name.startswith(BUCKET)}
    yield "lateness of sent packets, 99 of 100, engines at work", _percentile(late, 0.99), "under 20 ms"


def keep_books(talks: Live, stop: Event) -> None:
    """Change the balance again and again until `stop` is set."""
    chance = random.Random(2)
    while not stop.wait(CHANGES_SECONDS):
        with sqlite3.connect(talks.books, timeout=5) as db:
            db.execute("UPDATE accounts SET cents = ? WHERE id = 'acc-789'", [chance.randrange(10_000, 999_999)])


def _percentile(buckets: dict[str, float], share: float) -> str:
    """The first bound that so many stay within."""
    bounds = {float(name.removeprefix(BUCKET).partition('"')[0]): count for name, count in buckets.items()}
    most = bounds.pop(float("inf"))
    bound = next((bound for bound, count in sorted(bounds.items()) if count >= share * most), None)
    if bound is None:
        return f"over {max(bounds) * 1000:.0f} ms"
    return f"{bound * 1000:.0f} ms and less"
