"""A small learned classifier: what a sentence of the banker states that a bank must be able to prove.

A linear model over words and pairs and triples of words, trained from the sentences in this folder: one file for each
kind, one sentence a line. After a change `python -m banker.agents.llm.statements` writes `weights.json` again, which
needs scikit-learn. Using the model needs only the standard library, and takes less than 0.1 ms for a sentence.
"""

import base64
import functools
import json
import math
import re
import zlib
from array import array
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
WEIGHTS = FOLDER / "weights.json"
BUCKETS = 1 << 13
"""Features are hashed to this number of weights. The examples have about 9,000 features; few collisions matter."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|[0-9$€£]+|[?!]")


class StatementKind(Enum):
    """What a sentence states. The values name the files of examples."""

    DONE = "done"
    """Something was done or arranged: "I've frozen your card"."""
    STATE = "state"
    """Something of the customer's is in a certain state: "Your loan is approved"."""
    SECRET = "secret"  # noqa: S105
    """The customer is asked for a PIN, a password or a code."""
    PERSON = "person"
    """The speaker is a person."""
    OTHER = "other"
    """None of these: questions, offers, refusals, advice, general facts, figures."""


def words(sentence: str) -> list[str]:
    """Return the words of a sentence in lower case; a number is "#"."""
    found = _WORD.findall(sentence.lower().replace("’", "'"))
    return ["#" if word[0] in "0123456789$€£" else word for word in found]


def features(sentence: str) -> set[int]:
    """Return the hashed features: words, their first letters, pairs with and without a gap, and triples."""
    row = ["^", *words(sentence), "."]
    found = {*row, *("~" + word[:4] for word in row if len(word) > 4)}
    found.update(f"{first} {second}" for first, second in pairwise(row))
    found.update(f"{first} * {third}" for first, third in zip(row, row[2:], strict=False))
    found.update(" ".join(three) for three in zip(row, row[1:], row[2:], strict=False))
    return {zlib.crc32(feature.encode()) % BUCKETS for feature in found}


def kind_of(sentence: str) -> StatementKind:
    """Return the kind of a sentence, or `OTHER` if no kind is likelier than all the others together."""
    model = _model()
    found = features(sentence)
    length = math.sqrt(len(found))
    scores = []
    for bias, row in zip(model["biases"], model["rows"], strict=True):
        scores.append(bias + model["scale"] * sum(row[feature] for feature in found) / length)
    powers = dict(zip(model["labels"], (math.exp(score - max(scores)) for score in scores), strict=True))
    claim = powers["done"] + powers["state"]  # the two differ only in how the refusal is logged
    best = max(powers, key=lambda label: powers[label])
    is_likely = max(claim, powers[best]) > sum(powers.values()) / 2
    return StatementKind(best) if is_likely else StatementKind.OTHER


@functools.cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(WEIGHTS.read_text())
    return model | {"rows": [array("b", base64.b64decode(row)) for row in model["rows"]]}
