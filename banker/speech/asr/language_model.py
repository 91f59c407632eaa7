"""How likely words follow one another in what customers say: a trigram model that learns from examples.

Absolute discounting with interpolation, as in Chen and Goodman, "An Empirical Study of Smoothing Techniques for
Language Modeling" (1998), §2.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator

ORDER = 3
DISCOUNT = 0.75
VOCABULARY = 30_000
"""Words of the language; one that the examples do not have is any of these."""
BEGIN, END = "<s>", "</s>"
_FIGURES = re.compile(r"\d+(?:[\s,.-]*\d+)*")
"""One word, however long: a number is as likely as any other, and written together or apart."""


class TrigramModel:
    """Learns once, is then only read and may be shared by threads."""

    def __init__(self, examples: Iterable[str]) -> None:
        """Learn from utterances as they are written."""
        self._seen: Counter[tuple[str, ...]] = Counter()
        for text in examples:
            for end in _ends(text):
                self._seen.update(end[n:] for n in range(ORDER))
        self._before: Counter[tuple[str, ...]] = Counter()
        """How often something followed these words."""
        self._followers: Counter[tuple[str, ...]] = Counter()
        """How many different words did."""
        for found, times in self._seen.items():
            self._before[found[:-1]] += times
            self._followers[found[:-1]] += 1

    def log_probability(self, text: str) -> float:
        """Of all words of an utterance, its end included (natural logarithm)."""
        return sum(math.log(self._probability(end)) for end in _ends(text))

    def _probability(self, words: tuple[str, ...]) -> float:
        """Of the last of `words` behind those before it."""
        if not words:
            return 1 / VOCABULARY
        before, shorter = words[:-1], self._probability(words[1:])
        times = self._before[before]
        if not times:
            return shorter
        return (max(self._seen[words] - DISCOUNT, 0) + DISCOUNT * self._followers[before] * shorter) / times


def _ends(text: str) -> Iterator[tuple[str, ...]]:
    """Each word of an utterance, and its end, with the words before it: `ORDER` in all."""
    plain = _FIGURES.sub("0", text.lower().replace("\u2019", "'"))
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain)
    padded = [*[BEGIN] * (ORDER - 1), *words, END]
    return (tuple(padded[n : n + ORDER]) for n in range(len(words) + 1))
