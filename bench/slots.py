"""How many dates, times and amounts of NLU++ are read: `python -m bench.slots nlupp_banking.tsv [--missed]`.

The file has a header and the columns intents, slots (JSON: the text of each slot by its name) and utterance, as made
of PolyAI's NLU++ (https://github.com/PolyAI-LDN/task-specific-datasets, CC BY 4.0). A slot counts as read where the
extractor of its type finds just the words that the annotator marked; prepositions and articles don't count.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from banker.text.en.slots import Slot, find_amounts, find_dates, find_times

NOW = datetime(2026, 11, 30, 10, 0)
_UNMARKED = frozenset(
    "the a an of on in at by from to for since until till between and during over within after before my".split()
)
_Found = list[tuple[str, object]]


def _phrases(text: str, slots: list[Slot]) -> _Found:  # type: ignore[type-arg]
    return [(text[slot.start : slot.end], slot.value) for slot in slots]


READERS: dict[str, Callable[[str], _Found]] = {
    "date": lambda text: _phrases(text, find_dates(text, NOW.date())),
    "time": lambda text: _phrases(text, find_times(text, NOW, bare=True)),
    "amount": lambda text: _phrases(text, find_amounts(text, bare=True)),
}
TYPES = {
    "date": "date",
    "date_from": "date",
    "date_to": "date",
    "date_period": "date",
    "time": "time",
    "time_from": "time",
    "time_to": "time",
    "amount_of_money": "amount",
}


def cases(file: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the type, the marked phrase and the utterance of each slot."""
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        _, slots, utterance = line.split("\t")
        for name, phrase in json.loads(slots).items():
            if name in TYPES:
                yield TYPES[name], phrase, utterance


def is_read(kind: str, phrase: str, utterance: str) -> tuple[bool, _Found]:
    """Return whether the phrase is read, and what was found in the utterance."""
    found = READERS[kind](utterance)
    return any(_core(said) == _core(phrase) for said, _ in found), found


def _core(phrase: str) -> list[str]:
    return [word for word in re.findall(r"[\w']+", phrase.lower()) if word not in _UNMARKED]


def main() -> None:
    """Print the share of each type, and with `--missed` what was not read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--missed", action="store_true", help="print each slot that was not read")
    parser.add_argument("--values", action="store_true", help="print the value of each slot, to be read by a person")
    options = parser.parse_args()
    read: dict[str, list[bool]] = {}
    for kind, phrase, utterance in cases(options.file):
        right, found = is_read(kind, phrase, utterance)
        read.setdefault(kind, []).append(right)
        if options.values or (options.missed and not right):
            print(f"{kind}\t{phrase}\t{utterance}\t{found}")
    for kind, rights in sorted(read.items()):
        print(f"{kind} read ({len(rights)} slots): {sum(rights) / len(rights):.1%}")


if __name__ == "__main__":
    main()
