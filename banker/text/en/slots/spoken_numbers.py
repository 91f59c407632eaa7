"""Numbers in words become digits ("twenty first" is "21st"), and every digit still points at the words it came from."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from rapidfuzz.distance import OSA
from text_to_num import find_numbers

T = TypeVar("T")

_TOKEN = re.compile(
    r"[a-z]{1,8}-?\d[a-z\d]*(?:-[a-z\d]+)*"  # a code such as acc-789
    r"|\d+(?:[.,:/]\d+)*(?:(?:st|nd|rd|th)\b)?|[^\W\d_]+(?:'(?!s\b)[^\W\d_]+)*|[^\s\w]|_",
    re.IGNORECASE,
)
_SCALES = {"hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_NUMERAL = re.compile(r"\d+(?:\.\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_FRACTIONS = {("half", "a"): "0.5", ("quarter", "of", "a"): "0.25"}
_LONG_WORDS = (
    "monday tuesday wednesday thursday friday saturday sunday january february september october november december "
    "tomorrow yesterday tonight fortnight weekend christmas thanksgiving hundred thousand million eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty seventy eighty ninety dollars"
).split()
_PRONOUN_BEFORE = re.compile(r"\b(?:the|this|that|which|another)\s+(?:\w+\s+)?$", re.IGNORECASE)
"""Before "one" where it stands for a thing: "the small one"."""
_MIN_TYPO_LETTERS = 6
"""Shorter words have too many neighbours: "money" is two edits from "monday"."""


@dataclass(frozen=True)
class Slot(Generic[T]):
    """A value and the characters `start` to `end` of the text that say it."""

    value: T
    start: int
    end: int


class _Word:
    """A `text_to_num.Token`."""

    def __init__(self, text: str, separate: bool) -> None:
        self._text = text
        self._separate = separate

    def text(self) -> str:
        return self._text

    def nt_separated(self, previous: object) -> bool:
        return self._separate

    def not_a_number_part(self) -> bool:
        return False


class Numerals:
    """A text in lower case with its numbers as digits, its tokens separated by single spaces.

    Misspelled names of days, months and numbers are corrected, because they are few and long.
    """

    def __init__(self, text: str) -> None:
        tokens = [
            (_plain(match[0]), match.start(), match.end()) for match in _TOKEN.finditer(text) if match[0] not in "-–—_"
        ]
        self._tokens = list(_scaled(_with_digits(tokens, text)))
        self.text = " ".join(token for token, _, _ in self._tokens)
        self._starts: list[int] = []
        at = 0
        for token, _, _ in self._tokens:
            self._starts.append(at)
            at += len(token) + 1

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the original text says what is at `start` to `end` of `self.text`."""
        inside = [
            token
            for token, at in zip(self._tokens, self._starts, strict=True)
            if at < end and at + len(token[0]) > start
        ]
        return (inside[0][1], inside[-1][2]) if inside else (0, 0)


def find_integers(text: str) -> list[Slot[int]]:
    """Return the whole numbers of a text: "three", "3", "1,200", "the third" (3)."""
    numerals = Numerals(text)
    found = []
    for match in re.finditer(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)?(?![\w]|\.\d)", numerals.text):
        start, end = numerals.span(*match.span())
        if text[start:end].lower() != "one" or not _PRONOUN_BEFORE.search(text, 0, start):
            found.append(Slot(int(match[1].replace(",", "")), start, end))
    return found


def _plain(token: str) -> str:
    token = unicodedata.normalize("NFKC", token).casefold().replace("\u2019", "'")
    if token in _LONG_WORDS or len(token) < _MIN_TYPO_LETTERS or token.endswith("th"):
        return token
    for word in _LONG_WORDS:
        if OSA.distance(token, word, score_cutoff=1) <= 1 and token[0] == word[0] and token != word + "s":
            return word
    return token


def _with_digits(tokens: Sequence[tuple[str, int, int]], text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the tokens, those of a number in words as one. A comma or a full stop ends a number."""
    words = [
        _Word(token, bool(at) and any(mark in ",.;" for mark in text[tokens[at - 1][2] : start]))
        for at, (token, start, _) in enumerate(tokens)
    ]
    at = 0
    for number in find_numbers(words, "en", 0.0):
        yield from tokens[at : number.start]
        if number.end - number.start == 1 and tokens[number.start][0] in _SCALES:
            yield tokens[number.start]
        else:
            yield number.text, tokens[number.start][1], tokens[number.end - 1][2]
        at = number.end
    yield from tokens[at:]


def _scaled(tokens: Iterator[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """Yield "3.4 thousand", "two and a half thousand", "half a million" and "a hundred" as one number each."""
    rest = list(tokens)
    at = 0
    while at < len(rest):
        value, length = _number_with_scale([token for token, _, _ in rest[at : at + 5]])
        if length:
            yield format(value.normalize(), "f"), rest[at][1], rest[at + length - 1][2]
            at += length
        else:
            yield rest[at]
            at += 1


def _number_with_scale(words: Sequence[str]) -> tuple[Decimal, int]:
    """Return the number that the words begin with and how many of them say it; no words where no scale follows."""
    number, length = Decimal(0), 0
    if words and _NUMERAL.fullmatch(words[0]):
        number, length = Decimal(words[0].replace(",", "")), 1
        if list(words[1:4]) == ["and", "a", "half"]:
            number, length = number + Decimal("0.5"), 4
        elif list(words[1:3]) == ["and", "half"]:
            number, length = number + Decimal("0.5"), 3
    elif list(words[:3]) == ["a", "couple", "of"]:
        number, length = Decimal(2), 3
    elif words[:1] == ["a"]:
        number, length = Decimal(1), 1
    else:
        for phrase, value in _FRACTIONS.items():
            if tuple(words[: len(phrase)]) == phrase:
                number, length = Decimal(value), len(phrase)
    scale = _SCALES.get(words[length]) if 0 < length < len(words) else None
    if scale is None:
        if length == 4:  # "two and a half hours"
            return number, length
        return Decimal(0), 0
    return number * scale, length + 1
