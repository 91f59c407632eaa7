"""Finds groups of digits that may be one number: "4111 1111", "four double one one, dash, 1"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from banker.text.en.secret_terms import FILLERS, UNITS
from banker.text.en.spoken_digits import is_scale, tokens

_GAP = re.compile(r"(?:[^\w$€£¥₹%+?]|_){0,4}")
_PLAIN_GAP = re.compile(r"(?:[^\w$€£¥₹%+?.,/:;]|_){0,4}")


@dataclass(frozen=True)
class NumberRun:
    """Adjacent numbers that may be one, as tokens `first` to `last`, at `start` to `end` of the text."""

    first: int
    last: int
    start: int
    end: int
    groups: tuple[str, ...]
    is_plain: bool
    """Whether only spaces and dashes separate the groups. Any punctuation may separate words."""
    is_scaled: bool
    """Whether "hundred" or "thousand" is in it."""

    @property
    def digits(self) -> str:
        """All digits, without separators."""
        return "".join(self.groups)


class TokenizedText:
    """A text with its words and its numbers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.numbers = list(self._find_numbers())

    def words(self, first: int, last: int) -> list[str]:
        """Return the words of the tokens from `first` up to but not including `last`. Negative ones have none."""
        return [token.word for token in self.tokens[max(0, first) : max(0, last)]]

    def word(self, place: int) -> str:
        """Return the word at a place, or an empty string beyond the text's ends."""
        return self.tokens[place].word if 0 <= place < len(self.tokens) else ""

    def behind(self, place: int) -> str:
        """Return the first character behind a token other than a space."""
        return self.text[self.tokens[place].end :].lstrip()[:1]

    def last_number(self) -> NumberRun | None:
        """Return the number that the text ends with."""
        place = len(self.tokens) - 1
        while place >= 0 and self.tokens[place].word in FILLERS:
            place -= 1
        return self.numbers[-1] if self.numbers and self.numbers[-1].last == place else None

    def _find_numbers(self) -> Iterator[NumberRun]:
        place = 0
        while place < len(self.tokens):
            if not self.tokens[place].digits or self._is_quantity(place):
                place += 1
                continue
            last = place
            while (following := self._continuation(last)) is not None:
                last = following
            yield self._number(place, last)
            place = last + 1

    def _continuation(self, place: int) -> int | None:
        """Return the token that continues the number at `place`: digits, or a scale word, behind fillers."""
        following = place + 1
        while self.word(following) in FILLERS:
            following += 1
        if following >= len(self.tokens):
            return None
        token = self.tokens[following]
        gaps = (self._gap(before) for before in range(place, following))
        if not (token.digits or is_scale(token.word)) or not all(_GAP.fullmatch(gap) for gap in gaps):
            return None
        return None if self._is_quantity(following) else following

    def _number(self, first: int, last: int) -> NumberRun:
        span = self.tokens[first : last + 1]
        is_spoken = all(token.word.isalpha() for token in span)
        return NumberRun(
            first,
            last,
            span[0].start,
            span[-1].end,
            tuple(token.digits for token in span if token.digits),
            is_spoken or all(_PLAIN_GAP.fullmatch(self._gap(place)) for place in range(first, last)),
            any(is_scale(token.word) for token in span),
        )

    def _gap(self, place: int) -> str:
        """Return the text between a token and the next one."""
        return self.text[self.tokens[place].end : self.tokens[place + 1].start]

    def _is_quantity(self, place: int) -> bool:
        """Return whether a currency or a unit makes the number at `place` an amount or a count."""
        before, behind = self.text[: self.tokens[place].start].rstrip()[-1:], self.behind(place)
        is_money = (before and before in "$€£¥₹") or (behind and behind in "$€£¥₹%")
        return bool(is_money) or self.word(place + 1) in UNITS
