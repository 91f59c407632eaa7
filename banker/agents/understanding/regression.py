"""Owns the logistic regressions, and the file of those that were learnt from our examples.

Learning takes seconds at each start; what is learnt of the same examples is always the same. `python -m
banker.agents.understanding MODEL` writes the file anew; what it lacks (a bank's own examples) is learnt at the start.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

OUR_WEIGHTS = Path(__file__).with_name("weights.npz")


class Regression:
    """Multinomial logistic regression: how likely each label is. Only read, once it is made."""

    def __init__(
        self, key: str, labels: Sequence[str], weights: NDArray[np.float32], biases: NDArray[np.float32]
    ) -> None:
        """`weights` has a row for each label, `key` tells of what they were learnt."""
        self.key = key
        self.labels = labels
        self._weights = weights
        self._biases = biases

    def likelihoods(self, inputs: Any) -> NDArray[np.float64]:
        """Return a row for each row of `inputs` (sparse or not), which sums to 1, with a column for each label."""
        scores = np.asarray(inputs @ self._weights.T, np.float64) + self._biases
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        likelihoods: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return likelihoods

    def stored(self) -> dict[str, NDArray[Any]]:
        """Return what stands of it in a file."""
        parts = {"labels": np.array(self.labels), "weights": self._weights, "biases": self._biases}
        return {f"{self.key} {name}": part for name, part in parts.items()}


def learn(source: Iterable[bytes], inputs: Callable[[], Any], labels: Callable[[], Sequence[str]]) -> Regression:
    """Return what is learnt of `source`, all that `inputs` and `labels` are made of: out of the file, or now."""
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=300, random_state=0)
    digest = hashlib.blake2b(digest_size=8)
    for part in [repr(model).encode(), *source]:
        digest.update(b"%d %b" % (len(part), part))
    key = digest.hexdigest()
    stored = _stored(OUR_WEIGHTS)
    if f"{key} labels" in stored:
        return Regression(key, stored[f"{key} labels"].tolist(), stored[f"{key} weights"], stored[f"{key} biases"])
    found = model.fit(inputs(), labels())
    weights, biases = found.coef_.astype(np.float32), found.intercept_.astype(np.float32)
    if len(weights) == 1:  # of two labels it has the second one's, and the first is what is left
        weights, biases = np.concatenate([-weights, weights]) / 2, np.concatenate([-biases, biases]) / 2
    return Regression(key, found.classes_.tolist(), weights, biases)


def write(regressions: Iterable[Regression], file: Path = OUR_WEIGHTS) -> None:
    """Write what was learnt to `file`."""
    parts: dict[str, Any] = {name: part for one in regressions for name, part in one.stored().items()}
    np.savez_compressed(file, **parts)


@functools.cache
def _stored(file: Path) -> dict[str, NDArray[Any]]:
    if not file.is_file():
        return {}
    with np.load(file) as stored:
        return dict(stored)
