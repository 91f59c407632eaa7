"""Owns the example files: one file an intent, one utterance a line, which a bank can read and extend."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from banker.agents.understanding.language.spelling import dictionary, normalise

OURS = Path(__file__).with_name("examples")
NOT_WISHED = Path(__file__).with_name("not_wished.txt")
UNKNOWN = "unknown"


def load_examples(*folders: Path) -> dict[str, list[str]]:
    """Read `<intent>.txt` from each folder; the lines of a later folder are added to those of an earlier one.

    Empty lines and lines that begin with `#` are left out, and so is an utterance that stands there already. Raises
    `FileNotFoundError` for a folder that is not there and `ValueError` for one without any example.
    """
    examples: dict[str, list[str]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(f"no folder of examples at {folder}")
        for file in sorted(folder.glob("*.txt")):
            examples.setdefault(file.stem, []).extend(_utterances(file))
    unique = {intent: list(dict.fromkeys(utterances)) for intent, utterances in examples.items() if utterances}
    if not unique:
        raise ValueError(f"no examples in {', '.join(map(str, folders)) or 'no folder'}")
    return unique


def normalised(examples: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return each utterance in plain spelling with its intent, always in the same order."""
    known = known_words(examples)
    return [(normalise(utterance, known), intent) for intent in sorted(examples) for utterance in examples[intent]]


def read_not_wished(known: frozenset[str]) -> list[str]:
    """Return the utterances of `not_wished.txt` in plain spelling."""
    return [normalise(utterance, known) for utterance in dict.fromkeys(_utterances(NOT_WISHED))]


def known_words(examples: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the words that a misspelt word may stand for."""
    return dictionary(utterance for utterances in examples.values() for utterance in utterances)


def _utterances(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()
