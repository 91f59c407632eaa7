"""Owns the statistics: how likely each label is for a text, learnt from the examples when the service starts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from banker.dialogue.understanding.encoder import Vectors

Likelihoods = NDArray[np.float64]

_SUBJECTS = 16


class Classifier:
    """The mean of two logistic regressions: over letters and words and, where there are any, over sentence vectors.

    The examples labelled `mixed` speak of many subjects that have nothing in common: by their vectors these are found
    and learnt one by one, and their likelihoods are added up.
    """

    def __init__(
        self, texts: Sequence[str], labels: Sequence[str], vectors: Vectors | None, mixed: str | None = None
    ) -> None:
        """Learn from normalised texts, the label of each, and the sentence vector of each."""
        self.labels = sorted(set(labels))
        self._by_spelling = _spelling_model().fit(texts, labels)
        if vectors is not None:
            self._by_meaning = _regression().fit(vectors, _by_subject(labels, vectors, mixed))
            of_label = [self.labels.index(name.partition("#")[0]) for name in self._by_meaning.classes_]
            self._sums = np.eye(len(self.labels))[of_label]

    def likelihoods(self, texts: Sequence[str], vectors: Vectors | None) -> Likelihoods:
        """Return for each text the likelihood of each of `labels`: shape (texts, labels), each row sums to 1.

        `vectors` are those of the texts, and are there if it has learnt from vectors.
        """
        by_spelling: Likelihoods = self._by_spelling.predict_proba(texts)
        if vectors is None:
            return by_spelling
        by_meaning: Likelihoods = self._by_meaning.predict_proba(vectors) @ self._sums
        return (by_spelling + by_meaning) / 2


def _by_subject(labels: Sequence[str], vectors: Vectors, mixed: str | None) -> list[str]:
    """Return the labels, of the mixed ones with the subject behind: "unknown#3"."""
    places = [place for place, label in enumerate(labels) if label == mixed]
    named = list(labels)
    if len(places) > _SUBJECTS:
        subjects = KMeans(_SUBJECTS, n_init=2, random_state=0).fit_predict(vectors[places])
        for place, subject in zip(places, subjects, strict=True):
            named[place] += f"#{subject}"
    return named


def _spelling_model() -> Pipeline:
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b")  # noqa: S106
    return make_pipeline(FeatureUnion([("letters", letters), ("words", words)]), _regression())


def _regression() -> LogisticRegression:
    return LogisticRegression(C=10, class_weight="balanced", max_iter=300, random_state=0)
