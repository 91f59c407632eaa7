"""`make bench`: every figure that the README names, taken in one run on this machine, as one table.

    python -m bench.run [NAME...] [--quick]

NAME picks some: start, create, store, greeting, calls, peers, understanding, hearing, turns. `--quick` takes fewer
samples.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import calls, creation, greeting, hearing, peers, start, store, turns, understanding

Row = tuple[str, str, str]
FIGURES: dict[str, Callable[[bool], Iterator[Row]]] = {
    "start": start.figures,
    "create": creation.figures,
    "store": store.figures,
    "greeting": greeting.figures,
    "calls": calls.figures,
    "peers": peers.figures,
    "understanding": understanding.figures,
    "hearing": hearing.figures,
    "turns": turns.figures,
}


def main() -> None:
    """Take the figures and print them as they come."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--quick", action="store_true", help="fewer samples: minutes instead of a quarter of an hour")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(FIGURES))
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r}; there are: {', '.join(FIGURES)}")
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?: ?")
    print(f"{os.cpu_count()} cores, {cpu.partition(': ')[2]}, Python {platform.python_version()}\n", flush=True)
    print(f"{'figure':64} {'value':>22}  goal or what stands beside it")
    began = time.monotonic()
    for name in options.names or FIGURES:
        for figure, value, beside in FIGURES[name](options.quick):
            print(f"{figure:64} {value:>22}  {beside}", flush=True)
    print(f"\ntook {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
