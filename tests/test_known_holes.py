"""`make audit` says what the advisories say, and plainly when they cannot be asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import known_holes

CLEAN = {"name": "flask", "version": "3.1.3", "vulns": []}
HOLED = {
    "name": "pyjwt",
    "version": "1.0",
    "vulns": [
        {"id": "PYSEC-1", "aliases": ["CVE-2022-29217"], "fix_versions": ["2.4.0"]},
        {"id": "PYSEC-2", "fix_versions": []},
    ],
}
UNKNOWN = {"name": "av", "skip_reason": "Dependency not found on PyPI"}
OUT_OF_REACH = "No package was checked: the advisories cannot be reached from here. Try again with a way to PyPI."
NAMES = sorted(path.name for path in known_holes.ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize(
    ("entries", "status", "lines"),
    [
        ([CLEAN], 0, ["1 packages checked: no known holes"]),
        (
            [CLEAN, HOLED, UNKNOWN],
            1,
            [
                "pyjwt 1.0: PYSEC-1, CVE-2022-29217: mended in 2.4.0",
                "pyjwt 1.0: PYSEC-2: not mended yet",
                "av: not checked: Dependency not found on PyPI",
                "2 packages checked: 2 known holes",
            ],
        ),
        ([UNKNOWN], 2, [OUT_OF_REACH]),
        ([], 2, [OUT_OF_REACH]),
    ],
)
def test_what_was_found_is_reported(
    entries: list[dict[str, object]], status: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert known_holes.report(entries) == status
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(
    ("script", "status", "last"),
    [
        (f"echo '{json.dumps({'dependencies': [CLEAN]})}'", 0, "1 packages checked: no known holes"),
        ("echo no way >&2; exit 1", 2, OUT_OF_REACH),
    ],
)
def test_pip_audit_is_asked_about_every_requirements_file(tmp_path: Path, script: str, status: int, last: str) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    program = tmp_path / "pip-audit"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n{script}\n')
    program.chmod(0o755)
    done = subprocess.run([tmp_path / "python", known_holes.__file__], capture_output=True, text=True)
    *before, summary = done.stdout.splitlines()
    assert (done.returncode, summary) == (status, last)
    assert before == ([f"{name}: no way" for name in NAMES] if status else [])
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.rpartition("/")[2] for line in asked] == NAMES
