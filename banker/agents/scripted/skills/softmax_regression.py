"""Multinomial logistic regression that learns some of its classes while the others stay as they are.

scikit-learn's `LogisticRegression` can only learn all classes at once. A skill that a bank adds needs the rows of its
own class, and nothing that is learned already may change with it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Probabilities = NDArray[np.float64]

_INVERSE_REGULARISATION = 10.0  # as C of scikit-learn's LogisticRegression
_ITERATIONS = 40


@dataclass(frozen=True)
class SoftmaxRegression:
    """One row of weights for each label, the bias in the last column: shape (labels, inputs + 1)."""

    labels: tuple[str, ...]
    weights: NDArray[np.float32]

    def scores(self, inputs: Any) -> NDArray[np.float32]:
        """Return the score of each label for each row of `inputs`, dense or sparse: shape (rows, labels)."""
        return np.asarray(inputs @ self.weights[:, :-1].T, np.float32) + self.weights[:, -1]

    def probabilities(self, inputs: Any) -> Probabilities:
        """Return the probability of each label for each row of `inputs`; each row of the result sums to 1."""
        probabilities: Probabilities = _softmax(self.scores(inputs).astype(np.float64))
        return probabilities

    def only(self, labels: Collection[str]) -> "SoftmaxRegression":
        """Return the regression without the other labels."""
        kept = [row for row, label in enumerate(self.labels) if label in labels]
        return SoftmaxRegression(tuple(self.labels[row] for row in kept), self.weights[kept])


def learn(
    inputs: Any, labels: Sequence[str], known: SoftmaxRegression | None = None, anew: Collection[str] = ()
) -> SoftmaxRegression:
    """Return a regression learned from `inputs`, one row for each of `labels`; rare labels weigh as much as others.

    The rows of `known` stay as they are, but for labels in `anew`, and labels that `known` lacks are added.
    """
    fixed = known.only(set(known.labels) - set(anew)) if known else None
    before = fixed.labels if fixed else ()
    added = tuple(sorted(set(labels) - set(before)))
    everything = (*before, *added)
    width = inputs.shape[1]
    numbers = np.array([everything.index(label) for label in labels])
    counts = np.bincount(numbers, minlength=len(everything))
    importance = (len(numbers) / (np.count_nonzero(counts) * counts[numbers])).astype(np.float32)
    scores = np.zeros((len(numbers), len(everything)), np.float32)
    if fixed:
        scores[:, : len(before)] = fixed.scores(inputs)
    transposed = inputs.T.tocsr() if hasattr(inputs, "tocsr") else inputs.T
    rows = np.arange(len(numbers))

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(len(added), width + 1).astype(np.float32)
        scores[:, len(before) :] = np.asarray(inputs @ weights[:, :-1].T) + weights[:, -1]
        likely = _softmax(scores)
        error = -(importance * np.log(np.maximum(likely[rows, numbers], 1e-12))).sum()
        likely[rows, numbers] -= 1
        off = likely[:, len(before) :] * importance[:, None]
        slopes = np.empty_like(weights, np.float64)
        slopes[:, :-1] = np.asarray(transposed @ off).T + weights[:, :-1] / _INVERSE_REGULARISATION
        slopes[:, -1] = off.sum(axis=0)
        return float(error + (weights[:, :-1] ** 2).sum() / (2 * _INVERSE_REGULARISATION)), slopes.ravel()

    found = minimize(
        loss, np.zeros(len(added) * (width + 1)), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
    )
    learned = found.x.reshape(len(added), width + 1).astype(np.float32)
    return SoftmaxRegression(everything, np.vstack([fixed.weights, learned]) if fixed else learned)


def _softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
