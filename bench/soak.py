"""`make soak`: many sessions that talk for an hour, then 1,000 calls one after another. Does anything grow?

    python -m bench.soak [--duration 3600] [--calls 1000] [--sessions N] [--output build/soak.json]

One worker with recogniser, voice and Redis; the users are another process on this machine. Threads, descriptors, tasks
of the media loop, memory and Python objects are sampled. What counts is the slope over the second half of each phase,
when all caches are full, apart from what a user more or less explains.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import requests

from banker.rtc.calls.capacity import available_cores, default_max_peers
from bench.call_after_call import call
from bench.calls import Live, live
from bench.engines import keep_books
from bench.metrics import environment, values
from bench.process import memory_mib
from bench.progress import progress
from tests.servers import Gunicorn, RedisServer, wait_until

SAMPLES = 120
"""In each phase; in a short one fewer, a second apart."""
SHARE_OF_USERS = 4
"""A quarter of the room is left empty: those who talk take CPU time of the same machine."""
LIFE_S = 300.0
"""How long a user talks; then another one takes the place."""
SETTLE_S = 180
"""How long users who vanished may be missed: their connections time out, and their calls linger for a minute."""
TOLERANCES = {"threads": 8.0, "descriptors": 4.0, "tasks": 4.0, "memory_mib": 0.02, "objects": 0.05}
"""Growth over the second half of a phase that still counts as flat; below 1: a share of the level. Pools of threads
start theirs one by one, as they are needed, and each sentence that is encoded has some of FFmpeg's while that takes.
asyncio keeps up to a hundred timers that were cancelled."""
WARM_S = 1800
"""After half of this the caches of voice and recogniser are full."""
MOST_TYPES = 12

Sample = dict[str, float]


@dataclass
class Phase:
    """The samples of one phase, over seconds or calls."""

    name: str
    unit: str
    samples: list[Sample] = field(default_factory=list)
    types: dict[str, int] = field(default_factory=dict)
    """How many objects of each type there were after the first half; after `finish`, by how many more they are."""

    threads: dict[str, int] = field(default_factory=dict)
    """Python's threads at the end, by name; libraries have some of their own."""

    def take(self, server: Gunicorn, at: float) -> None:
        """Take a sample and show it."""
        sample = {"at": round(at, 1), **sample_of(server)}
        self.samples.append(sample)
        shown = ", ".join(f"{value:,.0f} {figure}" for figure, value in sample.items() if figure != "at")
        progress(f"{self.name}: {at:,.0f} {self.unit}: {shown}")

    def take_half(self, server: Gunicorn) -> None:
        """Count objects by type, once."""
        self.types = self.types or dict(_inside(server, "?types")["types"])

    def finish(self, server: Gunicorn) -> None:
        """Find out of which types there are most objects more than after the first half."""
        inside = _inside(server, "?types")
        now: dict[str, int] = dict(inside["types"])
        self.threads = inside["threads"]
        grown = {name: count - self.types[name] for name, count in now.items() if count > self.types.get(name, count)}
        self.types = dict(sorted(grown.items(), key=lambda item: -item[1])[:MOST_TYPES])

    def trends(self) -> Iterator[dict[str, Any]]:
        """Say of each figure how it developed over the second half."""
        half = self.samples[len(self.samples) // 2 :]
        ats = [sample["at"] for sample in half]
        for figure, tolerance in TOLERANCES.items():
            series = [sample[figure] for sample in half]
            slope = slope_of(half, figure)
            growth, level = slope * (ats[-1] - ats[0]), statistics.mean(series)
            yield {
                "figure": figure,
                "first": self.samples[0][figure],
                "level": round(level, 1),
                "last": self.samples[-1][figure],
                "growth": round(growth, 2),
                "slope": slope,
                "flat": growth <= (tolerance if tolerance >= 1 else tolerance * level),
            }

    def report(self) -> bool:
        """Print the trends; return whether nothing grows."""
        trends = list(self.trends())
        scale, per = (3600, "an hour") if self.unit == "s" else (1000, "1,000 calls")
        print(f"\n{self.name}, {self.samples[-1]['at']:,.0f} {self.unit}, {len(self.samples)} samples", flush=True)
        print(f"  {'figure':12} {'first':>10} {'second half':>12} {'last':>10} {'slope':>24}")
        for trend in trends:
            slope = f"{trend['slope'] * scale:+,.1f} in {per}"
            numbers = f"{trend['first']:>10,.0f} {trend['level']:>12,.1f} {trend['last']:>10,.0f} {slope:>24}"
            print(f"  {trend['figure']:12} {numbers}  {'flat' if trend['flat'] else 'GROWS'}")
        print("  threads at the end: " + ", ".join(f"{n} {name}" for name, n in sorted(self.threads.items())))
        print("  objects more than after the first half: " + ", ".join(f"{n} {name}" for name, n in self.types.items()))
        return all(trend["flat"] for trend in trends)


def slope_of(samples: Sequence[Sample], figure: str) -> float:
    """How a figure develops while as many users are there: on a busy machine one drops out and comes back."""
    causes = np.array([[1.0, sample["at"], sample["peers"], sample["calls"]] for sample in samples])
    coefficients, *_ = np.linalg.lstsq(causes, np.array([sample[figure] for sample in samples]), rcond=None)
    return float(coefficients[1])


def sample_of(server: Gunicorn) -> Sample:
    """What the worker holds now, and for how many."""
    now = values(server)
    return {
        "peers": now["banker_peers"],
        "calls": now["banker_calls"],
        "threads": server.threads(),
        "descriptors": server.descriptors(),
        "memory_mib": round(memory_mib(server.workers[0]), 2),
        **_inside(server),
    }


def _inside(server: Gunicorn, query: str = "") -> dict[str, Any]:
    answer = requests.get(f"{server.url}/bench/inside{query}", timeout=60)
    assert answer.status_code == 200, answer.text
    inside: dict[str, Any] = answer.json()
    return inside


def talk(talks: Live, seconds: float) -> Phase:
    """Sample the conversations."""
    phase, server = Phase(f"{talks.sessions} sessions talk", "s"), talks.server
    interval, began = max(1.0, seconds / SAMPLES), time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        assert not any(users.poll() for users in talks.users), "the users have ended; see what they wrote above"
        phase.take(server, at)
        if at >= seconds / 2:
            phase.take_half(server)
        time.sleep(max(0.0, interval - (time.monotonic() - began - at)))
    phase.finish(server)
    return phase


def one_after_another(server: Gunicorn, calls: int) -> Phase:
    """Make calls; a third of their customers vanish, a third drop the socket."""
    phase = Phase("calls one after another", "calls")
    for number in range(calls):
        if number % max(1, calls // SAMPLES) == 0:
            phase.take(server, number)
        if number >= calls // 2:
            phase.take_half(server)
        call(server, number)
    phase.take(server, calls)
    phase.finish(server)
    return phase


def settle(server: Gunicorn) -> Sample:
    """Wait until nobody is connected and no call lingers; return what the worker holds then."""
    progress("everybody hangs up, and the last calls linger for a minute")
    wait_until(lambda: is_empty(values(server)), SETTLE_S, "the end of all calls")
    return sample_of(server)


def is_empty(now: Mapping[str, float]) -> bool:
    """Whether no call, peer or socket is left."""
    return now["banker_calls"] == now["banker_peers"] == now["banker_sockets"] == 0


def conversations(server: Gunicorn) -> dict[str, float]:
    """What came of the talk."""
    now = values(server)
    return {
        "spoken replies": now["banker_reply_seconds_count"],
        "turns not recognised": now["banker_failed_recognitions_total"],
        "mean reply, s": round(now["banker_reply_seconds_sum"] / max(1, now["banker_reply_seconds_count"]), 3),
        "mean lag of the media loop, ms": round(
            1000 * now["banker_loop_lag_seconds_sum"] / max(1, now["banker_loop_lag_seconds_count"]), 2
        ),
    }


def run(duration: float, calls: int, sessions: int, output: Path) -> bool:
    """Run both phases, print what was found, and write it; return whether nothing grows."""
    redis, stop = RedisServer(), Event()
    try:
        environ = {**environment(), "BANKER_REDIS_URL": redis.url}
        whisper = {"recogniser": "whisper"}
        with live(sessions, False, whisper, environ, app="bench.inside:app", life=LIFE_S, pinned=False) as talks:
            Thread(target=keep_books, args=(talks, stop), daemon=True).start()
            talking = talk(talks, duration)
            held = conversations(talks.server)
            talks.hang_up()
            between = settle(talks.server)
            calling = one_after_another(talks.server, calls)
            after = settle(talks.server)
    finally:
        stop.set()
        redis.close()
    flats = [phase.report() for phase in (talking, calling)]
    print(f"\nwith nobody connected, after the talk: {between}\nand after the calls: {after}")
    print("in the talk: " + ", ".join(f"{name} {value:,}" for name, value in held.items()))
    if held["spoken replies"] < held["turns not recognised"]:
        print("Most of what was said was not recognised in time: try again with fewer sessions, or on a quiet machine.")
    _write(output, [talking, calling], {"talk": held, "after talk": between, "after calls": after})
    early = " In a run this short the caches are still filling." if duration < WARM_S else ""
    print(f"\n{'Everything is flat.' if all(flats) else f'Something grows.{early}'} All samples are in {output}.")
    return all(flats)


def _write(output: Path, phases: Sequence[Phase], more: dict[str, Any]) -> None:
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    written = [{**vars(phase), "trends": list(phase.trends())} for phase in phases]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"machine": machine, "phases": written, **more}, indent=1) + "\n")


def main() -> int:
    """Read the options and run; the exit status is 1 if something grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    positive: Callable[[str], int] = lambda text: max(1, int(text))  # noqa: E731
    room = default_max_peers(available_cores(), 1, has_local_engine=True)
    fit = max(1, room - room // SHARE_OF_USERS)
    parser.add_argument("--duration", type=positive, default=3600, metavar="SECONDS", help="of the talk; 3600")
    parser.add_argument("--calls", type=positive, default=1000, help="after it, one after another; 1000")
    parser.add_argument("--sessions", type=positive, default=fit, help=f"that talk; as many as fit here: {fit}")
    parser.add_argument("--output", type=Path, default=Path("build/soak.json"), help="build/soak.json")
    options = parser.parse_args()
    return 0 if run(options.duration, options.calls, options.sessions, options.output) else 1


if __name__ == "__main__":
    raise SystemExit(main())
