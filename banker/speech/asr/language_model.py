"""A trigram model of what users say, learned from examples.

It uses absolute discounting with interpolation (Chen and Goodman, "An Empirical Study of Smoothing Techniques for
Language Modeling", 1998, section 2).
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator

ORDER = 3
DISCOUNT = 0.75
VOCABULARY_SIZE = 30_000
"""Words in the language. A word that is not in the examples is any of them."""
BEGIN, END = "<s>", "</s>"
_NUMBER = re.compile(r"\d+(?:[\s,.-]*\d+)*")
"""One word, however long, so that all numbers are equally likely, written together or apart."""


class TrigramModel:
    """Read-only once it is built, and shared by threads."""

    def __init__(self, examples: Iterable[str]) -> None:
        """Learn from utterances in their usual spelling."""
        self._counts: Counter[tuple[str, ...]] = Counter()
        for text in examples:
            for trigram in _trigrams(text):
                self._counts.update(trigram[n:] for n in range(ORDER))
        self._context_counts: Counter[tuple[str, ...]] = Counter()
        """How often any word followed these words."""
        self._continuations: Counter[tuple[str, ...]] = Counter()
        """How many different words followed them."""
        for words, count in self._counts.items():
            self._context_counts[words[:-1]] += count
            self._continuations[words[:-1]] += 1

    def log_probability(self, text: str) -> float:
        """Return the natural logarithm of the probability of all words of an utterance, including its end."""
        return sum(math.log(self._probability(trigram)) for trigram in _trigrams(text))

    def knows(self, text: str) -> bool:
        """Whether every word of an utterance is in the examples."""
        words = [trigram[-1] for trigram in _trigrams(text)][:-1]
        return bool(words) and all((word,) in self._counts for word in words)

    def _probability(self, words: tuple[str, ...]) -> float:
        """Return the probability of the last word after the others."""
        if not words:
            return 1 / VOCABULARY_SIZE
        context, lower_order = words[:-1], self._probability(words[1:])
        count = self._context_counts[context]
        if not count:
            return lower_order
        discounted = max(self._counts[words] - DISCOUNT, 0)
        return (discounted + DISCOUNT * self._continuations[context] * lower_order) / count


def _trigrams(text: str) -> Iterator[tuple[str, ...]]:
    """Yield each word of an utterance, and its end, after the two words before it."""
    plain = _NUMBER.sub("0", text.lower().replace("\u2019", "'"))
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain)
    padded = [*[BEGIN] * (ORDER - 1), *words, END]
    return (tuple(padded[n : n + ORDER]) for n in range(len(words) + 1))
