"""From the shown text to the spoken one: the rules tried in order at every figure, sign and word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from banker.text.en.normalisation import codes, dates, money, words
from banker.text.en.normalisation.rules import Rule

RULES: tuple[Rule, ...] = (
    *words.SPECIAL,
    *dates.RULES,
    *money.RULES,
    *words.QUANTITIES,
    *codes.RULES,
    *codes.MIXED,
    *words.PLAIN,
)
"""The narrow before the wide: a date is more than its numbers, an amount more than its sign."""

_WORD = re.compile(rf"(?:(?![{words.OTHER_NUMBERS}])[^\W\d_])+")
_PAUSES = ",;:"
_ENDS = ".!?"


class Anchor(NamedTuple):
    """The first `shown` characters of the one text are said by the first `spoken` characters of the other."""

    shown: int
    spoken: int


class Spoken(NamedTuple):
    """What the voice gets, and where it stands when it has said each shown word."""

    text: str
    anchors: tuple[Anchor, ...]


def speak(shown: str) -> Spoken:
    """The words for `shown`: letters, spaces and punctuation, ended as a sentence; empty if nothing can be said."""
    said = _Said()
    anchors = []
    for piece, end in _pieces(shown):
        said.add(piece)
        if end == len(shown) or shown[end].isspace():
            anchors.append(Anchor(end, said.length))
    text = said.ended()
    return Spoken(text, tuple(Anchor(at, min(length, len(text))) for at, length in anchors))


def _pieces(shown: str) -> Iterator[tuple[str, int]]:
    """What to say for the next stretch of the text, and where that stretch ends."""
    at = 0
    while at < len(shown):
        piece, at = _piece(shown, at)
        yield piece, at


def _piece(shown: str, at: int) -> tuple[str, int]:
    for pattern, say in RULES:
        if (match := pattern.match(shown, at)) and match.end() > at and (said := say(match)) is not None:
            return said, match.end()
    if match := _WORD.match(shown, at):
        return match[0], match.end()
    return shown[at], at + 1


class _Said:
    """The spoken text as it grows: one space between words, no sign that a voice would read, no pause twice."""

    def __init__(self) -> None:
        self._text = ""

    @property
    def length(self) -> int:
        return len(self._text.rstrip())

    def add(self, piece: str) -> None:
        """Append a piece; two pieces that are both words are two words, even if nothing stood between them."""
        if self._text[-1:].isalpha() and piece[:1].isalpha():
            self._text += " "
        for char in piece:
            self._append(char)

    def _append(self, char: str) -> None:
        last = self._text.rstrip()[-1:]
        if char in _PAUSES + _ENDS:
            if last and (last in _PAUSES or (last == "." and char in "?!")):  # “It is bent.”?
                self._text = self._text.rstrip()[:-1] + char
            elif last and last not in _ENDS:
                self._text = self._text.rstrip() + char
        elif char.isalpha() or unicodedata.category(char)[0] == "M":
            self._text += " " + char if self._text[-1:] in tuple(_PAUSES + _ENDS) else char
        elif char in "'-" and self._text[-1:].isalpha():
            self._text += char
        elif self._text and not self._text.endswith(" "):
            self._text = self._text.rstrip("'-") + " "

    def ended(self) -> str:
        """The text as one sentence: piper falls with its voice only where a full stop stands."""
        text = self._text.rstrip(" '-" + _PAUSES)
        if not any(char.isalpha() for char in text):
            return ""
        return text if text[-1] in _ENDS else text + "."
