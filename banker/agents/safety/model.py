"""The learned model of the safety topics: the mean of two logistic regressions, over meaning and over spelling.

The one over meaning has the similarities (a Gaussian kernel) of a sentence vector to the examples as its features. The
one over spelling has TF-IDF of letters and words, and works alone where the sentence encoder is not installed.
`python -m banker.agents.safety` learns both from `examples/` and writes `weights.npz`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from banker.agents.sentence_encoder.encoder import SentenceEncoder

EXAMPLES = Path(__file__).with_name("examples")
WEIGHTS = Path(__file__).with_name("weights.npz")
NONE = "none"
"""The label of an utterance that concerns no safety topic."""

_NONE_FILES = ("none", "ordinary")
_KERNEL_WIDTH = 1.5
_REFERENCES = 1500
_INVERSE_REGULARISATION = 30.0

Probabilities = NDArray[np.float64]


def read_examples(folder: Path = EXAMPLES) -> list[tuple[str, str]]:
    """Return each example in lower case with its label. One file holds the examples of one topic."""
    return [
        (line.strip().lower(), NONE if file.stem in _NONE_FILES else file.stem)
        for file in sorted(folder.glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def train(encoder: SentenceEncoder, file: Path = WEIGHTS) -> None:
    """Learn from the examples and write the weights. Takes half a minute, and gives the same weights each time."""
    texts, labels = map(list, zip(*read_examples(), strict=True))
    vectors = encoder.encode(texts)
    kernel = Nystroem(gamma=_KERNEL_WIDTH, n_components=_REFERENCES, random_state=0).fit(vectors)
    meaning = LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=300).fit(kernel.transform(vectors), labels)
    vectorizers = _vectorizers()
    features = FeatureUnion(list(vectorizers.items())).fit(texts)
    spelling = LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=300).fit(features.transform(texts), labels)
    stored: dict[str, Any] = {
        "labels": np.array(meaning.classes_),
        "encoder": np.array(encoder.name),
        "references": kernel.components_.astype(np.float16),
        "meaning": (kernel.normalization_.T @ meaning.coef_.T).astype(np.float32),
        "meaning_bias": meaning.intercept_.astype(np.float32),
        "spelling": spelling.coef_.astype(np.float16),
        "spelling_bias": spelling.intercept_.astype(np.float32),
    }
    for name, vectorizer in vectorizers.items():
        stored[f"{name}_terms"] = np.array("\n".join(vectorizer.get_feature_names_out()))
        stored[f"{name}_idf"] = vectorizer.idf_.astype(np.float32)
    np.savez_compressed(file, **stored)


class SafetyModel:
    """Gives each utterance a probability for every topic. It is only read, so threads may share it."""

    def __init__(self, encoder: SentenceEncoder | None = None, file: Path = WEIGHTS) -> None:
        """Read the weights. `encoder` must be the one that they were learned with; without one, spelling decides."""
        with np.load(file) as stored:
            self._weights = dict(stored)
        self.labels: list[str] = self._weights["labels"].tolist()
        self._encoder = encoder if encoder and encoder.name == str(self._weights["encoder"]) else None
        self._references = self._weights["references"].astype(np.float32)
        self._spelling = self._weights["spelling"].astype(np.float32).T
        self._vectorizers = _vectorizers()
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
        vectors = self._encoder.encode(texts)
        squares = 2 - 2 * vectors @ self._references.T  # of the distances, because all vectors have the length 1
        scores = np.exp(-_KERNEL_WIDTH * squares) @ self._weights["meaning"] + self._weights["meaning_bias"]
        mean: Probabilities = (_softmax(scores) + by_spelling) / 2
        return mean

    def _spelling_scores(self, texts: Sequence[str]) -> NDArray[Any]:
        scores, first = self._weights["spelling_bias"], 0
        for vectorizer in self._vectorizers.values():
            features = vectorizer.transform(texts)
            scores = scores + features @ self._spelling[first : first + features.shape[1]]
            first += features.shape[1]
        return np.asarray(scores)


def _vectorizers() -> dict[str, TfidfVectorizer]:
    return {
        "letters": TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        "words": TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b"),  # noqa: S106
    }


def _softmax(scores: NDArray[Any]) -> Probabilities:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return result
