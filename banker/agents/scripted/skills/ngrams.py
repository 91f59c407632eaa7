"""Turns a text into weights of its character and word n-grams (TF-IDF), without a vocabulary.

N-grams are hashed, so that the words of a skill that a bank adds later have a place without learning anything anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

_CHARACTER_BUCKETS, _WORD_BUCKETS = 2**14, 2**13


@dataclass(frozen=True)
class NGrams:
    """Character n-grams of 2 to 5 and word n-grams of 1 and 2, each part scaled to length 1.

    `rarity` is the inverse document frequency of each bucket, shape (24,576,).
    """

    rarity: NDArray[np.float32]

    def encode(self, texts: Sequence[str]) -> csr_matrix:
        """Return one row for each text."""
        characters, words = (part.multiply(idf).tocsr() for part, idf in zip(_counts(texts), self._parts, strict=True))
        return csr_matrix(hstack([normalize(characters), normalize(words)]), dtype=np.float32)

    @property
    def _parts(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self.rarity[:_CHARACTER_BUCKETS], self.rarity[_CHARACTER_BUCKETS:]


def learn_ngrams(texts: Sequence[str]) -> NGrams:
    """Return n-grams whose rarity is counted in `texts`."""
    seen = np.concatenate([np.asarray((part > 0).sum(axis=0)).ravel() for part in _counts(texts)])
    return NGrams((np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32))


def _counts(texts: Sequence[str]) -> list[Any]:
    """Return the damped counts, 1 + log(count), of both parts."""
    parts = [vectorizer.transform(texts) for vectorizer in _VECTORIZERS]
    for part in parts:
        part.data = 1 + np.log(part.data)
    return parts


_VECTORIZERS = (
    HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), n_features=_CHARACTER_BUCKETS, norm=None, alternate_sign=False
    ),
    HashingVectorizer(
        ngram_range=(1, 2),
        n_features=_WORD_BUCKETS,
        norm=None,
        alternate_sign=False,
        token_pattern=r"\b\w+\b",  # noqa: S106 - a regular expression, no secret
    ),
)
