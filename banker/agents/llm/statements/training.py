"""Learns the kinds of statements from the examples in this folder; `python -m banker.agents.llm.statements` runs it."""

import base64
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import linalg
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from banker.agents.knowledge import read_pages
from banker.agents.llm.statements.model import BUCKETS, FOLDER, MEANING, WORDS, StatementKind, features, similarity
from banker.agents.scripted.skills.skill_files import load_skills
from banker.agents.scripted.skills.text_features import tuned_model
from banker.config.tenant import KnowledgeSettings
from banker.text.sentence_splitter import split

WORDS_REGULARISATION = 30.0  # inverse, as scikit-learn counts it
MEANING_REGULARISATION = 0.1
PAGES = Path(__file__).parents[4] / "config" / "knowledge" / "demo"
FILLINGS = 10
"""Sentences that are made of a line with slots."""

_SLOT = re.compile(r"\{(\w+)\}")
_ACTION_FORMS = ("base", "past", "participle", "ing")


def train() -> None:
    """Learn from the examples and write both files. Takes half a minute, and gives the same files each time."""
    examples = list(read_examples())
    kinds = np.array([kind.value for kind, _ in examples])
    sentences = [sentence for _, sentence in examples]
    _train_words(sentences, kinds)
    _train_meaning(sentences, kinds)


def digest() -> str:
    """Return what tells these examples from others."""
    return hashlib.sha256(repr([(kind.value, sentence) for kind, sentence in read_examples()]).encode()).hexdigest()


def _train_words(sentences: Sequence[str], kinds: Any) -> None:
    model = LogisticRegression(C=WORDS_REGULARISATION, class_weight="balanced", max_iter=1000)
    model.fit(_feature_rows(sentences), kinds)
    scale = float(np.abs(model.coef_).max()) / 127
    rows = [base64.b64encode(np.rint(row / scale).astype(np.int8).tobytes()).decode() for row in model.coef_]
    stored = {
        "examples": digest(),
        "labels": list(model.classes_),
        "biases": [round(float(bias), 4) for bias in model.intercept_],
        "scale": round(scale, 6),
        "rows": rows,
    }
    WORDS.write_text(json.dumps(stored, indent=0) + "\n")


def _train_meaning(sentences: Sequence[str], kinds: Any) -> None:
    """Solve the kernel ridge regression, in which all kinds together weigh the same."""
    encoder = tuned_model()
    vectors = encoder.encode(sentences)
    labels, places, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    shares = len(kinds) / (len(labels) * counts[places])
    kernel = similarity(vectors, vectors).astype(np.float64) + MEANING_REGULARISATION * np.diag(1 / shares)
    targets = np.where(places[:, None] == np.arange(len(labels)), 1.0, -1.0)
    np.savez_compressed(
        MEANING,
        encoder=np.array(encoder.name),
        vectors=np.rint(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8),
        weights=linalg.solve(kernel, targets, assume_a="pos").astype(np.float32),
    )


def read_examples() -> Iterator[tuple[StatementKind, str]]:
    """Yield each example with its kind. A line with slots gives `FILLINGS` of them."""
    slots = _read_slots()
    for kind in StatementKind:
        lines = (FOLDER / f"{kind.value}.txt").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            for sentence in dict.fromkeys(_filled(line, slots, number)):
                yield kind, sentence
    for sentence in dict.fromkeys(_harmless_texts()):
        yield StatementKind.OTHER, sentence


def _harmless_texts() -> Iterator[str]:
    """Yield what the scripted agent asks and says where it can't help, and the demo bank's pages: general facts."""
    for _, skill in sorted(load_skills(None, ()).items()):
        for text in (*skill.ask.values(), skill.not_here, skill.answer or ""):
            yield from split(text)
    for passage in read_pages(KnowledgeSettings(path=PAGES), []):
        yield from split(passage.text)


def _read_slots() -> dict[str, list[Mapping[str, str]]]:
    """Return the fillings of each kind of slot, by the name of its first slot."""
    stored = tomllib.loads((FOLDER / "slots.toml").read_text(encoding="utf-8"))
    actions: list[Mapping[str, str]] = [
        {**dict(zip(_ACTION_FORMS, forms, strict=True)), "object": thing}
        for line in stored["action"]
        for *forms, things in [line.split(" | ")]
        for thing in things.split(" / ")
    ]
    states: list[Mapping[str, str]] = [
        {"thing": thing, "state": state}
        for line in stored["state"]
        for thing, all_states in [line.split(" | ")]
        for state in all_states.split(" / ")
    ]
    return {
        "action": actions,
        "state": states,
        **{name: [{name: value} for value in stored[name]] for name in ("secret", "person", "machine")},
    }


def _filled(line: str, slots: Mapping[str, Sequence[Mapping[str, str]]], number: int) -> Iterator[str]:
    """Yield the sentences that a line stands for. The fillings are chosen by the line's number."""
    names = {name.lower() for name in _SLOT.findall(line)}
    if not names:
        yield line
        return
    used = [fillings for fillings in slots.values() if names & set(fillings[0])]
    for turn in range(FILLINGS):
        values: dict[str, str] = {}
        for fillings in used:
            values |= fillings[(number * 7 + turn * (len(fillings) // FILLINGS or 1)) % len(fillings)]
        yield "".join(part if place % 2 == 0 else _value(part, values) for place, part in enumerate(_SLOT.split(line)))


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values[name.lower()]
    return value[0].upper() + value[1:] if name[0].isupper() else value


def _feature_rows(sentences: Sequence[str]) -> Any:
    found = [sorted(features(sentence)) for sentence in sentences]
    values = np.concatenate([np.full(len(row), len(row) ** -0.5) for row in found])
    starts = np.cumsum([0, *map(len, found)])
    return csr_matrix((values, np.concatenate(found), starts), shape=(len(found), BUCKETS))
