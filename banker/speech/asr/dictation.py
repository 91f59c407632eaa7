"""Dictated numbers: which hypothesis has all of their digits.

A recogniser loses digits ("9 9" becomes "9") or takes one for a word ("9" becomes "I", "0 6" becomes "nearly"). It
hardly ever invents one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from banker.text.en.numbers import ONES

DICTATED_DIGITS = 3
"""From this many digits on, the words may hold a number that was read out digit by digit."""
LOST_DIGITS_MARGIN = 2.5
"""Natural logarithm of how much less likely a hypothesis with more digits may be. From 3 on, digits are invented."""
MAX_LOST_DIGITS = 2
"""A hypothesis with more digits than this beyond the likeliest one says the number twice."""
DIGIT_WORDS = frozenset(word for word, value in ONES.items() if value < 10)
_REPEATED, _TRIPLE = re.compile(r"(\d)\1+"), re.compile(r"(\d)\1\1")
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


@dataclass(frozen=True)
class Hypothesis:
    """What was perhaps said."""

    text: str
    log_probability: float
    """Mean natural logarithm of the probability of a token."""
    tokens: int = 1
    """How many, including the end."""
    no_speech: float = 0.0
    """Probability that nobody speaks, 0 to 1."""

    @property
    def log_likelihood(self) -> float:
        """The natural logarithm of the probability of the whole text."""
        return self.log_probability * self.tokens


def holds_dictation(text: str) -> bool:
    """Whether a text may hold a number that was read out digit by digit."""
    return count_digits(text) >= DICTATED_DIGITS


def count_digits(text: str) -> int:
    """Count digits in figures and in words: "Two-3-5-9" has four."""
    return sum(map(str.isdigit, text)) + sum(word in DIGIT_WORDS for word in _words(text))


def better(plain: Hypothesis, dictated: Hypothesis) -> Hypothesis:
    """Return the better one of two hypotheses, of which `dictated` was decoded after a dictated number.

    This is `dictated` if both have the same words beside the digits. It may also have fewer words, if it is likelier
    and has a digit more for each of them: a word that was a digit.
    """
    words, dictated_words = _words_beside_digits(plain.text), _words_beside_digits(dictated.text)
    found = count_digits(dictated.text) - count_digits(plain.text)
    misheard = (
        dictated.log_likelihood > plain.log_likelihood
        and _is_within(dictated_words, words)
        and found >= len(words) - len(dictated_words)
    )
    return dictated if misheard or dictated_words == words else plain


def with_lost_digits(hypotheses: Sequence[Hypothesis], best: Hypothesis) -> Hypothesis:
    """Return the hypothesis with the most digits among those that have the words and all digits of the best, in order.

    More doubled digits are believed at any likelihood, because the model often drops the second digit of "one one".
    Now and then it adds a third one, so no digit counts thrice.
    """
    return max(
        (one for one in hypotheses if one == best or _has_lost_digits(one, best)),
        key=lambda one: (count_digits(one.text), one == best),
    )


def _has_lost_digits(hypothesis: Hypothesis, best: Hypothesis) -> bool:
    figures, of_best = _figures(hypothesis.text), _figures(best.text)
    is_likely = hypothesis.log_likelihood >= best.log_likelihood - LOST_DIGITS_MARGIN
    return (
        _words_beside_digits(hypothesis.text) == _words_beside_digits(best.text)
        and _is_within(of_best, figures)
        and len(figures) <= len(of_best) + MAX_LOST_DIGITS
        and not _TRIPLE.search(figures)
        and (is_likely or _REPEATED.sub(r"\1", figures) == _REPEATED.sub(r"\1", of_best))
    )


def _is_within(part: Iterable[str], whole: Iterable[str]) -> bool:
    """Whether all elements of `part` are in `whole`, in the same order."""
    left = iter(whole)
    return all(element in left for element in part)


def _figures(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _words_beside_digits(text: str) -> list[str]:
    return [word for word in _words(text) if word not in DIGIT_WORDS]


def _words(text: str) -> list[str]:
    return _LETTERS.findall(text.lower())
