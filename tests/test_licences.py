"""Everything that `make install` brings, with its licence, as docs/licences.md lists it."""

import importlib.metadata
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT = ("requirements.txt", "requirements-speech.txt")
CLASSIFIER = re.compile(r"License :: OSI Approved :: (.+)")
COPYLEFT = re.compile(r"\b[AL]?GPL|GNU (Affero |Lesser )?General Public", re.IGNORECASE)


def licence_of(package: str) -> str:
    """As the package's own metadata names it: SPDX expression, else a short text, else the classifier."""
    metadata = importlib.metadata.metadata(package)
    classifiers = [match[1] for text in metadata.get_all("Classifier", []) if (match := CLASSIFIER.match(text))]
    short = [text for text in metadata.get_all("License", []) if "\n" not in text and len(text) < 60]
    return (metadata.get_all("License-Expression", []) or short or classifiers)[0]


def default_packages() -> list[str]:
    pins = "\n".join((ROOT / file).read_text() for file in DEFAULT)
    return sorted(set(re.findall(r"^([a-z0-9._-]+)==", pins, re.MULTILINE)))


def test_every_installed_package_stands_in_the_documentation_with_its_licence() -> None:
    listed = re.findall(r"^\| ([a-z0-9._-]+) \| (.+) \|$", (ROOT / "docs/licences.md").read_text(), re.MULTILINE)
    assert listed[2:] == [(package, licence_of(package)) for package in default_packages()]


def test_nothing_that_is_installed_by_default_is_under_the_gpl() -> None:
    assert [package for package in default_packages() if COPYLEFT.search(licence_of(package))] == []
    assert COPYLEFT.search(licence_of("piper-tts"))  # it would be found
