"""`make bench`: every figure that the README names, taken in one run on this machine, as one table.

    python -m bench.run [NAME...] [--quick]

NAME picks some: start, create, store, greeting, calls, engines, peers, agent, understanding, knowledge, hearing, turns.
`--quick` takes fewer samples.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from bench import (
    agent,
    calls,
    creation,
    engines,
    greeting,
    hearing,
    knowledge,
    peers,
    start,
    store,
    turns,
    understanding,
)
from bench.progress import progress

Row = tuple[str, str, str]
FIGURES: dict[str, Callable[[bool], Iterator[Row]]] = {
    "start": start.figures,
    "create": creation.figures,
    "store": store.figures,
    "greeting": greeting.figures,
    "calls": calls.figures,
    "engines": engines.figures,
    "peers": peers.figures,
    "agent": agent.figures,
    "understanding": understanding.figures,
    "knowledge": knowledge.figures,
    "hearing": hearing.figures,
    "turns": turns.figures,
}

PACKAGES = ("flask", "gunicorn", "aiortc", "av", "onnxruntime", "hibari-tts", "faster-whisper", "ctranslate2")


def main() -> None:
    """Take the figures and print them as they come."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--quick", action="store_true", help="fewer samples: minutes instead of a quarter of an hour")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(FIGURES))
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r}; there are: {', '.join(FIGURES)}")
    print(f"{_machine()}\n", flush=True)
    print(f"{'figure':64} {'value':>22}  goal or what stands beside it")
    began = time.monotonic()
    for name in options.names or FIGURES:
        progress(f"{name}, after {time.monotonic() - began:.0f} s")
        for figure, value, beside in FIGURES[name](options.quick):
            print(f"{figure:64} {value:>22}  {beside}", flush=True)
    print(f"\ntook {time.monotonic() - began:.0f} s")


def _machine() -> str:
    """What the figures depend on; other work on the machine, as the load shows it, is in all of them."""
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?: ?")
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} cores, {cpu.partition(': ')[2]}, load {os.getloadavg()[0]:.1f}, Linux {platform.release()}, "
        f"Python {platform.python_version()}\n{packages}"
    )


if __name__ == "__main__":
    main()
