"""The learned model of the safety topics: two logistic regressions, over meaning and over spelling.

The one over meaning sees the sentence vector. The one over spelling sees TF-IDF of letters and words, and works alone
where the sentence encoder is not installed. `python -m banker.agents.safety` learns both from `examples/`, sets the
threshold of each topic by cross-validation, and writes `weights.npz`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import FeatureUnion

from banker.agents.sentence_encoder.encoder import SentenceEncoder

EXAMPLES = Path(__file__).with_name("examples")
WEIGHTS = Path(__file__).with_name("weights.npz")
NONE = "none"
"""The label of an utterance that concerns no safety topic."""

_NONE_FILES = ("none", "ordinary")
_MEANING_REGULARISATION, _SPELLING_REGULARISATION = 10.0, 30.0  # inverse, as scikit-learn counts it
_THRESHOLDS = np.arange(0.3, 0.81, 0.02)
_ALARM_COST = {"abilities": 5.0, "human": 5.0, "recording": 5.0, "privacy": 5.0, "withdraw_consent": 20.0}
"""What a false alarm costs, where a missed topic costs 1: an answer about the talk stands in place of the agent's, and
a withdrawal that nobody meant ends the conversation."""
_SAFETY_ALARM_COST = 2.5
"""One kind sentence too many. Ordinary sentences are far more frequent in conversations than among the examples."""
_NEARLY_CHEAPEST = 1.05
_LEAST = 1e-6

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
    """Learn from the examples and write the weights. Takes a minute, and gives the same weights each time."""
    texts, labels = map(list, zip(*read_examples(), strict=True))
    vectors = encoder.encode(texts)
    vectorizers = _vectorizers()
    features = FeatureUnion(list(vectorizers.items())).fit_transform(texts)
    meaning = LogisticRegression(C=_MEANING_REGULARISATION, max_iter=300)
    spelling = LogisticRegression(C=_SPELLING_REGULARISATION, max_iter=300)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    held_out = [
        cross_val_predict(model, inputs, labels, cv=folds, method="predict_proba")
        for model, inputs in ((meaning, vectors), (spelling, features))
    ]
    meaning.fit(vectors, labels)
    spelling.fit(features, labels)
    stored: dict[str, Any] = {
        "labels": np.array(meaning.classes_),
        "encoder": np.array(encoder.name),
        "thresholds": _thresholds(_geometric_mean(held_out), list(meaning.classes_), np.array(labels)),
        "meaning": meaning.coef_.T.astype(np.float32),
        "meaning_bias": meaning.intercept_.astype(np.float32),
        "spelling": spelling.coef_.astype(np.float16),
        "spelling_bias": spelling.intercept_.astype(np.float32),
    }
    for name, vectorizer in vectorizers.items():
        stored[f"{name}_terms"] = np.array("\n".join(vectorizer.get_feature_names_out()))
        stored[f"{name}_idf"] = vectorizer.idf_.astype(np.float32)
    np.savez_compressed(file, **stored)


def _thresholds(probabilities: Probabilities, names: list[str], labels: NDArray[Any]) -> NDArray[np.float32]:
    """Return for each topic the probability of a concern from which it is the cheapest to speak of it."""
    concern = 1 - probabilities[:, names.index(NONE)]
    found = np.where(np.array(names) == NONE, -1.0, probabilities).argmax(axis=1)
    chosen = []
    for place, name in enumerate(names):
        missed, alarms = concern[labels == name], concern[(found == place) & (labels == NONE)]
        cost = _ALARM_COST.get(name, _SAFETY_ALARM_COST)
        costs = np.array([(missed < least).sum() + cost * (alarms >= least).sum() for least in _THRESHOLDS])
        chosen.append(_THRESHOLDS[costs <= costs.min() * _NEARLY_CHEAPEST].mean())
    return np.array(chosen, np.float32)


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
        scores = self._encoder.encode(texts) @ self._weights["meaning"] + self._weights["meaning_bias"]
        return _geometric_mean([_softmax(scores), by_spelling])

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


def _geometric_mean(probabilities: Sequence[Probabilities]) -> Probabilities:
    """Return the mean of several models' probabilities: a topic that one of them rules out is improbable."""
    return _softmax(np.mean([np.log(rows + _LEAST) for rows in probabilities], axis=0))


def _softmax(scores: NDArray[Any]) -> Probabilities:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return result
