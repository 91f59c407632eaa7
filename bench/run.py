"""`make bench`: every figure that the README names, taken in one run on this machine, as one table.

    python -m bench.run [NAME...] [--quick]

NAME picks some: start, create, store, greeting, calls, engines, one-by-one, handovers, agent, understanding, knowledge,
hearing, turns. `--quick` takes fewer samples, and within 90 s when no name is given. What was found is also written as
JSON, and drawn in two pictures.
"""

import argparse
import dataclasses
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from bench import (
    agent,
    call_after_call,
    calls,
    creation,
    engines,
    greeting,
    handovers,
    hearing,
    knowledge,
    start,
    store,
    turns,
    understanding,
)
from bench.figure import Figure
from bench.pictures import draw
from bench.progress import progress

FIGURES: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "start": start.figures,
    "create": creation.figures,
    "store": store.figures,
    "greeting": greeting.figures,
    "calls": calls.figures,
    "engines": engines.figures,
    "one-by-one": call_after_call.figures,
    "handovers": handovers.figures,
    "agent": agent.figures,
    "understanding": understanding.figures,
    "knowledge": knowledge.figures,
    "hearing": hearing.figures,
    "turns": turns.figures,
}

QUICK = ("start", "greeting", "turns")

PACKAGES = ("flask", "gunicorn", "aiortc", "av", "onnxruntime", "hibari-tts", "faster-whisper", "ctranslate2")


def main() -> None:
    """Take the figures, print them as they come, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--quick", action="store_true", help=f"fewer samples, of {', '.join(QUICK)} by default")
    parser.add_argument("--output", type=Path, default=Path("build/bench"), help="folder of the JSON and the pictures")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(FIGURES))
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r}; there are: {', '.join(FIGURES)}")
    machine = _machine()
    print(f"{machine}\n", flush=True)
    print(f"{'figure':60} {'value':>24}  {'goal':30} others")
    began = time.monotonic()
    found = []
    for name in options.names or (QUICK if options.quick else FIGURES):
        progress(f"{name}, after {time.monotonic() - began:.0f} s")
        for figure in FIGURES[name](options.quick):
            found.append(figure)
            print(f"{figure.name:60} {figure.value:>24}  {figure.goal:30} {figure.peer}", flush=True)
        _write(machine, found, options.output)
    print(f"\ntook {time.monotonic() - began:.0f} s; written to {options.output}")


def _write(machine: str, found: Sequence[Figure], folder: Path) -> None:
    """Write what was found so far as JSON and pictures, so that a run that breaks off loses nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine, "figures": [dataclasses.asdict(figure) for figure in found]}
    (folder / "bench.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    draw(found, folder)


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
