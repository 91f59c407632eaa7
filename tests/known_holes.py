"""Asks PyPI's advisories for known holes in everything that the requirements files pin: `make audit`.

Exits with 0 if there is none, 1 if there is one, and 2 if the advisories could not be asked.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json", "--timeout=15")


def entries_for(path: Path) -> list[dict[str, Any]]:
    """Return what pip-audit says about each package of a requirements file; nothing if it fails, which is printed."""
    command = [str(Path(sys.executable).parent / "pip-audit"), *OPTIONS, "-r", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        entries: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"{path.name}: {(done.stderr.splitlines() or ['pip-audit says nothing'])[-1]}")
        return []
    return entries


def report(entries: Iterable[dict[str, Any]]) -> int:
    """Print what was found, a line for each hole, and return the exit status."""
    packages = {(entry["name"], entry.get("version")): entry for entry in entries}.values()
    asked = [entry for entry in packages if "skip_reason" not in entry]
    if not asked:
        print("No package was checked: the advisories cannot be reached from here. Try again with a way to PyPI.")
        return 2
    for entry in asked:
        for hole in entry["vulns"]:
            mend = f"mended in {', '.join(hole['fix_versions'])}" if hole["fix_versions"] else "not mended yet"
            names = ", ".join([hole["id"], *hole.get("aliases", [])])
            print(f"{entry['name']} {entry['version']}: {names}: {mend}")
    for entry in packages:
        if "skip_reason" in entry:
            print(f"{entry['name']}: not checked: {entry['skip_reason']}")
    holes = sum(len(entry["vulns"]) for entry in asked)
    print(f"{len(asked)} packages checked: {holes or 'no'} known hole{'' if holes == 1 else 's'}")
    return 1 if holes else 0


if __name__ == "__main__":
    files = sorted(ROOT.glob("requirements*.txt"))
    sys.exit(report(entry for path in files for entry in entries_for(path)))
