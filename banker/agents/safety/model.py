"""The learned model of the safety topics: two logistic regressions, over meaning and over spelling.

The one over meaning sees the sentence vector. The one over spelling sees TF-IDF of letters and words, and works alone
where the sentence encoder is not installed. `banker.agents.safety.training` learns both and writes `weights.npz`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from banker.agents.sentence_encoder.encoder import SentenceEncoder

EXAMPLES = Path(__file__).with_name("examples")
WEIGHTS = Path(__file__).with_name("weights.npz")
NONE = "none"
"""The label of an utterance that concerns no safety topic."""

_LEAST = 1e-6

Probabilities = NDArray[np.float64]


class SafetyModel:
    """Gives each utterance a probability for every topic. It is only read, so threads may share it."""

    def __init__(self, encoder: SentenceEncoder | None = None, file: Path = WEIGHTS) -> None:
        """Read the weights. `encoder` must be the one that they were learned with; without one, spelling decides."""
        with np.load(file) as stored:
            self._weights = dict(stored)
        self.labels: list[str] = self._weights["labels"].tolist()
        self._encoder = encoder if encoder and encoder.name == str(self._weights["encoder"]) else None
        self.thresholds: dict[str, float] = dict(zip(self.labels, self._weights["thresholds"].tolist(), strict=True))
        """The probability of a concern, from 0 to 1, from which a topic is spoken of."""
        self._spelling = self._weights["spelling"].astype(np.float32).T
        self._vectorizers = new_vectorizers()
        for name, vectorizer in self._vectorizers.items():
            terms = str(self._weights[f"{name}_terms"]).split("\n")
            vectorizer.vocabulary = {term: place for place, term in enumerate(terms)}
            vectorizer.idf_ = self._weights[f"{name}_idf"]

    @property
    def has_encoder(self) -> bool:
        """Whether meaning is taken into account."""
        return self._encoder is not None

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Return one row for each text with the probability of each of `labels`."""
        texts = [text.lower().strip() for text in texts]
        by_spelling = _softmax(self._spelling_scores(texts))
        if self._encoder is None:
            return by_spelling
        scores = self._encoder.encode(texts) @ self._weights["meaning"] + self._weights["meaning_bias"]
        return geometric_mean([_softmax(scores), by_spelling])

    def _spelling_scores(self, texts: Sequence[str]) -> NDArray[Any]:
        scores, first = self._weights["spelling_bias"], 0
        for vectorizer in self._vectorizers.values():
            features = vectorizer.transform(texts)
            scores = scores + features @ self._spelling[first : first + features.shape[1]]
            first += features.shape[1]
        return np.asarray(scores)


def new_vectorizers() -> dict[str, TfidfVectorizer]:
    """Return what counts the letters and the words of a text, before it has seen any."""
    return {
        "letters": TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        "words": TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b"),  # noqa: S106
    }


def geometric_mean(probabilities: Sequence[Probabilities]) -> Probabilities:
    """Return the mean of several models' probabilities: a topic that one of them rules out is improbable."""
    return _softmax(np.mean([np.log(rows + _LEAST) for rows in probabilities], axis=0))


def _softmax(scores: NDArray[Any]) -> Probabilities:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return result
