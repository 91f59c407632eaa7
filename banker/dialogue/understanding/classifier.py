"""Owns the statistics: how likely each intent is for a text, learnt from the examples when the service starts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from banker.dialogue.understanding.encoder import SentenceEncoder, Vectors

Likelihoods = NDArray[np.float64]


class Classifier:
    """The mean of two logistic regressions: over letters and words and, with an encoder, over sentence vectors."""

    def __init__(self, texts: Sequence[str], intents: Sequence[str], encoder: SentenceEncoder | None) -> None:
        """Learn from normalised texts and the intent of each."""
        self.intents = sorted(set(intents))
        self._encoder = encoder
        self._by_spelling = _spelling_model().fit(texts, intents)
        self._by_meaning = _regression().fit(encoder.encode(texts), intents) if encoder else None

    def likelihoods(self, texts: Sequence[str]) -> Likelihoods:
        """Return for each text the likelihood of each of `intents`: shape (texts, intents), each row sums to 1."""
        by_spelling: Likelihoods = self._by_spelling.predict_proba(texts)
        if self._encoder is None or self._by_meaning is None:
            return by_spelling
        vectors: Vectors = self._encoder.encode(texts)
        by_meaning: Likelihoods = self._by_meaning.predict_proba(vectors)
        return (by_spelling + by_meaning) / 2


def _spelling_model() -> Pipeline:
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b")  # noqa: S106
    return make_pipeline(FeatureUnion([("letters", letters), ("words", words)]), _regression())


def _regression() -> LogisticRegression:
    return LogisticRegression(C=10, class_weight="balanced", max_iter=300, random_state=0)
