"""Reads sets of utterances that others have published, and maps their topics to what the demo bank has.

- Banking77: https://github.com/PolyAI-LDN/task-specific-datasets, `banking_data/test.csv`, CC BY 4.0
- CLINC150: https://github.com/clinc/oos-eval, `data/data_full.json`, CC BY 3.0
- NLU++: https://github.com/PolyAI-LDN/task-specific-datasets, `nlupp/data/banking/fold*.json`, CC BY 4.0

A part of a set may be used in place of it, as a file of tab-separated values that is named below.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from banker.cli.evaluation.labelled import Labelled

TOPICS = Path(__file__).with_name("public")
TEST_SPLITS = ("test", "oos_test")


@dataclass(frozen=True)
class SpokenSlots:
    """An utterance of NLU++ with the words of each slot, by the slot's name."""

    utterance: str
    slots: Mapping[str, str]


def banking77(folder: Path) -> list[Labelled]:
    """Read `banking77.tsv` (label, utterance) or `test.csv` (text, category), with the labels of the demo bank."""
    rows = [(row["label"], row["utterance"]) for row in _table(folder / "banking77.tsv", "\t")]
    rows = rows or [(row["category"], row["text"]) for row in _table(folder / "test.csv", ",")]
    return _mapped(rows, "banking77")


def clinc_bank(folder: Path) -> list[Labelled]:
    """Read the requests about banking, `clinc_bank.tsv` or those in `data_full.json`, with labels of the demo bank."""
    rows = [(row["label"], row["utterance"]) for row in _table(folder / "clinc_bank.tsv", "\t")]
    banking = _topics("clinc150")
    return _mapped(rows or [(topic, text) for topic, text in _clinc(folder) if topic in banking], "clinc150")


def clinc_others(folder: Path) -> list[Labelled]:
    """Read the requests that are not about banking, `clinc_out_of_scope.tsv` or those in `data_full.json`."""
    rows = [(row["label"], row["utterance"]) for row in _table(folder / "clinc_out_of_scope.tsv", "\t")]
    banking = _topics("clinc150")
    rows = rows or [(topic, text) for topic, text in _clinc(folder) if topic not in banking]
    return [Labelled(banking.get(topic, "none"), text) for topic, text in rows]


def nlupp(folder: Path) -> list[SpokenSlots]:
    """Read the utterances with slots of `nlupp_banking.tsv` (intents, slots as JSON, utterance) or `fold*.json`."""
    rows = _table(folder / "nlupp_banking.tsv", "\t")
    found = [SpokenSlots(row["utterance"], json.loads(row["slots"])) for row in rows]
    for file in sorted(folder.glob("fold*.json")):
        for item in json.loads(file.read_text(encoding="utf-8")):
            found.append(SpokenSlots(item["text"], {name: s["text"] for name, s in item.get("slots", {}).items()}))
    return [one for one in found if one.slots]


def _table(file: Path, delimiter: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a file, none if there is no such file."""
    if file.exists():
        with file.open(encoding="utf-8", newline="") as lines:
            quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
            yield from csv.DictReader(lines, delimiter=delimiter, quoting=quoting)


def _clinc(folder: Path) -> list[tuple[str, str]]:
    file = folder / "data_full.json"
    splits = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return [(topic, text) for split in TEST_SPLITS for text, topic in splits.get(split, [])]


def _topics(name: str) -> dict[str, str]:
    return {row["topic"]: row["labels"] for row in _table(TOPICS / f"{name}.tsv", "\t")}


def _mapped(rows: list[tuple[str, str]], name: str) -> list[Labelled]:
    """Give each row the skills and knowledge topics of the demo bank that are right for its topic."""
    labels = _topics(name)
    return [Labelled(labels[topic], text) for topic, text in rows]
