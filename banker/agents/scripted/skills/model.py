"""The understanding model: predicts which skill a sentence asks for, how surely, and whether it is a wish at all."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banker.agents.scripted.skills.examples import ACTS, DATA, NONE, WISH, none_examples
from banker.agents.scripted.skills.softmax_regression import Probabilities, SoftmaxRegression, learn
from banker.agents.scripted.skills.text_features import GENERAL, SPELLING, View, encoding

WEIGHTS = DATA / "weights.npz"
_LONGEST = 400  # characters; the end of a longer text says what is wanted
_NEIGHBOURS = 3
_SIMILAR_AT = 0.42  # cosine; below, a sentence has nothing in common with the examples of a skill
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Understood:
    """How a sentence was understood."""

    ranking: tuple[tuple[str, float], ...]
    """The skills and `none`, each with the probability that the sentence asks for it; the most likely first."""
    act: str
    """The speech act. Only a wish asks for something to be done."""
    p_wish: float
    """The probability that the sentence is a wish."""
    similar: tuple[tuple[str, float], ...] = ()
    """The bank's own skills with the mean cosine of their nearest examples, the most similar first."""


@dataclass(frozen=True)
class Weights:
    """The weights learned from the packaged sentences by `python -m banker.agents.scripted.skills.training`."""

    skills: Mapping[str, SoftmaxRegression]
    """By the name of the view. A label `none#3` is one of several clusters of sentences that ask for no skill."""
    acts: Mapping[str, SoftmaxRegression]
    rarity: NDArray[np.float32]
    calibration: NDArray[np.float32]
    """Bias, weight of the log odds, and weight of the similarity to the nearest examples."""
    digests: Mapping[str, str]
    """The digest of the examples that each skill was learned of."""
    clusters: Mapping[str, str]
    """The label of each packaged sentence that asks for no skill."""


def digest(examples: Sequence[str]) -> str:
    """Return a value that changes with the examples."""
    return hashlib.blake2b("\n".join(examples).encode(), digest_size=8).hexdigest()


class UnderstandingModel:
    """Finds the skill and the speech act of a sentence. Immutable once built, so threads may share it.

    Skills with the packaged examples need no learning. For others, only their own rows of the regressions are learned,
    in a few seconds.
    """

    def __init__(self, examples: Mapping[str, Sequence[str]], weights: Weights | None = None) -> None:
        """Take the examples by skill. Raises `ModuleNotFoundError` without the extra [speech]."""
        weights = weights or read_weights()
        encode = {name: encoding(name, weights.rarity) for name in weights.skills}
        self._labels = [*sorted(examples), NONE]
        self._calibration = weights.calibration
        self._own = [(column, skill) for column, skill in enumerate(sorted(examples)) if skill not in weights.digests]
        changed = {skill for skill in examples if weights.digests.get(skill) != digest(examples[skill])}
        self._views = []
        for name, known in weights.skills.items():
            kept = known.only({label for label in known.labels if _skill(label) in {*examples, NONE}})
            if changed:
                kept = _learn_anew(kept, examples, changed, weights.clusters, encode[name])
            self._views.append(View(name, encode[name], kept, weights.acts.get(name)))
        owners = [skill for skill in sorted(examples) for _ in examples[skill]]
        self._examples = encode[GENERAL]([text for skill in sorted(examples) for text in examples[skill]])
        self._owned = [np.flatnonzero(np.array(owners) == skill) for skill in sorted(examples)]
        self._known = {_plain(text): skill for skill in sorted(examples) for text in examples[skill]}

    @property
    def skills(self) -> list[str]:
        """The names of the skills, in the order of the columns of this class's arrays."""
        return self._labels[:-1]

    def understand(self, text: str) -> Understood:
        """Return what one utterance asks for, typed or as a speech recogniser wrote it.

        An utterance that is an example of a skill asks for it for certain.
        """
        heard = text[-_LONGEST:]
        rows = {view.name: view.encode([heard]) for view in self._views}
        similarities = self.similarities(rows[GENERAL])[0]
        probabilities = self._calibrated(self._mean(rows)[0], similarities)
        if known := self._known.get(_plain(heard)):
            probabilities = [float(label == known) for label in self._labels]
        ranked = sorted(zip(self._labels, probabilities, strict=True), key=lambda pair: -pair[1])
        acts = np.mean([view.acts.probabilities(rows[view.name])[0] for view in self._views if view.acts], axis=0)
        p_wish = float(acts[_ACT_LABELS.index(WISH)])
        other = max((act for act in ACTS if act != WISH), key=lambda act: acts[_ACT_LABELS.index(act)])
        if known:
            p_wish = 1.0
        act = WISH if p_wish >= 0.5 else other
        own = sorted(((skill, float(similarities[column])) for column, skill in self._own), key=lambda pair: -pair[1])
        return Understood(tuple((label, float(probability)) for label, probability in ranked), act, p_wish, tuple(own))

    def similarities(self, vectors: Any) -> NDArray[np.float32]:
        """Return the mean cosine of the three nearest examples of each skill for each row: shape (rows, skills)."""
        cosines = vectors @ self._examples.T
        nearest = [np.sort(cosines[:, owned], axis=1)[:, -_NEIGHBOURS:].mean(axis=1) for owned in self._owned]
        return np.stack(nearest, axis=1)

    def nearest(self, texts: Sequence[str], groups: Sequence[Sequence[str]]) -> list[int]:
        """Return for each text the number of the group of sentences that has the one most similar to it."""
        encoders = [view.encode for view in self._views if view.name != SPELLING]
        similar = [
            sum((encode(texts) @ encode(group).T for encode in encoders), start=np.float32(0)).max(axis=1)
            for group in groups
        ]
        return [int(number) for number in np.argmax(similar, axis=0)]

    def mean_probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Return the mean of the views' probabilities, not yet calibrated: shape (texts, skills + 1), `none` last."""
        return self._mean({view.name: view.encode(texts) for view in self._views})

    def _mean(self, rows: Mapping[str, Any]) -> Probabilities:
        total = np.zeros((rows[GENERAL].shape[0], len(self._labels)))
        for view in self._views:
            places = [self._labels.index(_skill(label)) for label in view.skills.labels]
            np.add.at(total.T, places, view.skills.probabilities(rows[view.name]).T)
        return total / len(self._views)

    def _calibrated(self, mean: Probabilities, similarity: NDArray[np.float32]) -> list[float]:
        bias, of_odds, of_similarity = self._calibration
        calibrated = 1 / (1 + np.exp(-(bias + of_odds * log_odds(mean[:-1]) + of_similarity * similarity)))
        calibrated[similarity < _SIMILAR_AT] = 0.0
        total = calibrated.sum()
        return [*(calibrated / max(total, 1.0)), max(0.0, 1.0 - total)]


def log_odds(probabilities: Probabilities) -> Probabilities:
    """Return the logarithm of the odds of each probability."""
    inside = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
    odds: Probabilities = np.log(inside / (1 - inside))
    return odds


_ACT_LABELS = sorted(ACTS)


def _plain(text: str) -> str:
    """Return the words of a text without punctuation and capitals."""
    return " ".join("".join(sign if sign.isalnum() or sign == "'" else " " for sign in text.lower()).split())


def _skill(label: str) -> str:
    return label.partition("#")[0]


def _learn_anew(
    known: SoftmaxRegression,
    examples: Mapping[str, Sequence[str]],
    changed: set[str],
    clusters: Mapping[str, str],
    encode: Any,
) -> SoftmaxRegression:
    """Return the regression with the rows of the `changed` skills learned; all other rows stay as they are."""
    pairs = [(text, skill) for skill in sorted(examples) for text in examples[skill]]
    by_cluster = any("#" in label for label in known.labels)
    pairs += [(text, clusters.get(text, NONE) if by_cluster else NONE) for text in none_examples()]
    pairs = [(text, label) for text, label in pairs if label in known.labels or label in changed]
    return learn(encode([text for text, _ in pairs]), [label for _, label in pairs], known, changed)


def read_weights(file: Path = WEIGHTS) -> Weights:
    """Read a file that `write_weights` wrote."""
    with np.load(file) as stored:
        parts = dict(stored)

    def regressions(kind: str) -> dict[str, SoftmaxRegression]:
        return {
            name.split()[1]: SoftmaxRegression(
                tuple(labels.tolist()), parts[f"{kind} {name.split()[1]} weights"].astype(np.float32)
            )
            for name, labels in parts.items()
            if name.startswith(f"{kind} ") and name.endswith(" labels")
        }

    return Weights(
        regressions("skills"),
        regressions("acts"),
        parts["rarity"].astype(np.float32),
        parts["calibration"],
        dict(parts["digests"].tolist()),
        dict(parts["clusters"].tolist()),
    )


def write_weights(weights: Weights, file: Path = WEIGHTS) -> None:
    """Write the weights; those of the regressions are rounded to 16 bits."""
    parts: dict[str, Any] = {
        f"{kind} {name} {part}": value
        for kind, regressions in (("skills", weights.skills), ("acts", weights.acts))
        for name, one in regressions.items()
        for part, value in (("labels", np.array(one.labels)), ("weights", one.weights.astype(np.float16)))
    }
    np.savez_compressed(
        file,
        **parts,
        rarity=weights.rarity.astype(np.float16),
        calibration=weights.calibration,
        digests=np.array(sorted(weights.digests.items())),
        clusters=np.array(sorted(weights.clusters.items())),
    )
