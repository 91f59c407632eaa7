"""Owns the statistics: how likely each label is for a text, learnt from the examples."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from banker.agents.understanding.encoder import Vectors
from banker.agents.understanding.regression import Regression, learn

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
        self._spelling = _spelling().fit(texts)
        told = [repr(self._spelling), *(text for pair in zip(texts, labels, strict=True) for text in pair)]
        source = [text.encode() for text in told]
        self._by_spelling = learn(source, lambda: self._spelling.transform(texts), lambda: labels)
        self._by_meaning: Regression | None = None
        if vectors is not None:
            known = np.rint(vectors * 100).astype(np.int8).tobytes()
            self._by_meaning = learn(
                [*source, str(mixed).encode(), known], lambda: vectors, lambda: _by_subject(labels, vectors, mixed)
            )
            of_label = [self.labels.index(name.partition("#")[0]) for name in self._by_meaning.labels]
            self._sums = np.eye(len(self.labels))[of_label]

    @property
    def regressions(self) -> list[Regression]:
        """All that was learnt."""
        return [one for one in (self._by_spelling, self._by_meaning) if one is not None]

    def likelihoods(self, texts: Sequence[str], vectors: Vectors | None) -> Likelihoods:
        """Return for each text the likelihood of each of `labels`: shape (texts, labels), each row sums to 1.

        `vectors` are those of the texts, and are there if it has learnt from vectors.
        """
        by_spelling = self._by_spelling.likelihoods(self._spelling.transform(texts))
        if vectors is None or self._by_meaning is None:
            return by_spelling
        by_meaning: Likelihoods = self._by_meaning.likelihoods(vectors) @ self._sums
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


def _spelling() -> FeatureUnion:
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b")  # noqa: S106
    return FeatureUnion([("letters", letters), ("words", words)])
