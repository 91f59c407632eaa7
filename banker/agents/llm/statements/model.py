"""The learned model of statements: a linear model over words, and one over the meaning of whole sentences.

The one over meaning compares the sentence vector with those of all examples (kernel ridge regression with a Gaussian
kernel): sentences like it decide. Without the sentence encoder of the extra [speech] the words decide alone, which is
less exact. `banker.agents.llm.statements.training` learns both.
"""

import base64
import json
import logging
import math
import re
import zlib
from array import array
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from banker.agents.sentence_encoder.encoder import SentenceEncoder

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
WORDS, MEANING = FOLDER / "words.json", FOLDER / "meaning.npz"
BUCKETS = 1 << 13
"""Word features are hashed to this number of weights; few collisions matter."""
KERNEL_WIDTH = 2.0
"""Factor of the squared distance of two sentence vectors, which are 1 long."""
SHARPNESS = 6.0
"""Factor that turns the scores of the ridge regression, from -1 to 1, into those of a softmax."""
LEAST_OTHER = 0.66
"""Probability that a sentence states nothing, from which it is said. Chosen with `bench/lists/statements.tsv`."""
LEAST_OTHER_BY_WORDS = 0.33

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


class StatementModel:
    """Recognises the kind of a sentence. It is only read, so threads may share it."""

    def __init__(self, encoder: "SentenceEncoder | None" = None) -> None:
        """Read what was learned. `encoder` must be the one that it was learned with; without one, the words decide."""
        stored = json.loads(WORDS.read_text())
        self._labels: list[str] = stored["labels"]
        self._biases: list[float] = stored["biases"]
        self._scale: float = stored["scale"]
        self._rows = [array("b", base64.b64decode(row)) for row in stored["rows"]]
        self._meaning = None if encoder is None else _Meaning(encoder)

    def kind_of(self, sentence: str) -> StatementKind:
        """Return the kind of a sentence, `OTHER` if that is probable enough."""
        return self.kinds_of([sentence])[0]

    def kinds_of(self, sentences: Sequence[str]) -> list[StatementKind]:
        """Return the kind of each sentence."""
        by_words = [_log_softmax(self._word_scores(sentence)) for sentence in sentences]
        if self._meaning is None or not sentences:
            return [self._kind(scores, LEAST_OTHER_BY_WORDS) for scores in by_words]
        by_meaning = [_log_softmax(scores) for scores in self._meaning.scores(sentences)]
        return [
            self._kind(_log_softmax([(one + other) / 2 for one, other in zip(*both, strict=True)]), LEAST_OTHER)
            for both in zip(by_words, by_meaning, strict=True)
        ]

    def _word_scores(self, sentence: str) -> list[float]:
        found = features(sentence)
        length = math.sqrt(len(found))
        return [
            bias + self._scale * sum(row[feature] for feature in found) / length
            for bias, row in zip(self._biases, self._rows, strict=True)
        ]

    def _kind(self, scores: Sequence[float], least_other: float) -> StatementKind:
        by_label = dict(zip(self._labels, scores, strict=True))
        if by_label.pop(StatementKind.OTHER.value) >= math.log(least_other):
            return StatementKind.OTHER
        return StatementKind(max(by_label, key=lambda label: by_label[label]))


class _Meaning:
    """The model over sentence vectors."""

    def __init__(self, encoder: "SentenceEncoder") -> None:
        import numpy as np

        self._encoder = encoder
        with np.load(MEANING) as stored:
            if str(stored["encoder"]) != encoder.name:
                raise ValueError(f"{MEANING.name} was learned with another encoder; learn the statements anew")
            vectors = stored["vectors"].astype(np.float32)
            self._weights = stored["weights"]
        self._examples = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def scores(self, sentences: Sequence[str]) -> list[list[float]]:
        """Return the scores of each sentence, in the order of the labels."""
        similar = similarity(self._encoder.encode(list(sentences)), self._examples)
        scores: list[list[float]] = (SHARPNESS * similar @ self._weights).tolist()
        return scores


def load_statement_model() -> StatementModel:
    """Return the model, with the sentence encoder if its packages are installed."""
    try:
        from banker.agents.scripted.skills.text_features import tuned_model

        return StatementModel(tuned_model())
    except ImportError:
        log.warning("what a model claims is recognised by its words only; install the extra [speech]")
        return StatementModel()


def similarity(rows: Any, others: Any) -> Any:
    """Return the Gaussian kernel of each row with each other, all of them vectors of length 1."""
    import numpy as np

    return np.exp(KERNEL_WIDTH * (2 * rows @ others.T - 2))


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


def _log_softmax(scores: Sequence[float]) -> list[float]:
    highest = max(scores)
    total = highest + math.log(sum(math.exp(score - highest) for score in scores))
    return [score - total for score in scores]
