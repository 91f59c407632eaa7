"""Verbalisation: turns display text into TTS text by trying the rules in order at every position."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from banker.text.en.normalisation import addresses, codes, dates, money, symbols
from banker.text.en.pattern_reader import Rule, read_at
from banker.text.shown_and_spoken import Anchor, Spoken

RULES: tuple[Rule[str], ...] = (
    *symbols.SPECIAL,
    *dates.RULES,
    *money.RULES,
    *addresses.RULES,
    *symbols.QUANTITIES,
    *codes.RULES,
    *codes.MIXED,
    *symbols.PLAIN,
)
"""Specific rules come first: a date before its numbers, an amount before its symbol."""

_WORD = re.compile(rf"(?:(?![{symbols.OTHER_NUMBERS}])[^\W\d_])+")
_PAUSES = ",;:"
_ENDS = ".!?"


def pronunciation_rules(pronounced: Mapping[str, str]) -> tuple[Rule[str], ...]:
    """Return the rule that says whole words as the bank wants them said, by how they are written or in capitals."""
    if not pronounced:
        return RULES
    said = {form: words for name, words in pronounced.items() for form in (name.upper(), name)}
    names = "|".join(re.escape(name) for name in sorted(said, key=len, reverse=True))
    return (Rule(re.compile(rf"(?<!\w)(?:{names})(?!\w)"), lambda match: said[match[0]]), *RULES)


def verbalise(shown: str, rules: Sequence[Rule[str]] = RULES) -> Spoken:
    """Return the TTS text of `shown`, which ends like a sentence; empty if there is nothing to say."""
    builder = _SpokenTextBuilder()
    anchors = []
    for piece, end in _pieces(shown, rules):
        builder.add(piece)
        if end == len(shown) or shown[end].isspace():
            anchors.append(Anchor(end, builder.length))
    text = builder.finish()
    return Spoken(text, tuple(Anchor(at, min(length, len(text))) for at, length in anchors))


def _pieces(shown: str, rules: Sequence[Rule[str]]) -> Iterator[tuple[str, int]]:
    """Yield the words for each part of the text, and the end of the part."""
    at = 0
    while at < len(shown):
        piece, at = _piece(shown, at, rules)
        yield piece, at


def _piece(shown: str, at: int, rules: Sequence[Rule[str]]) -> tuple[str, int]:
    if found := read_at(rules, shown, at):
        return found
    if match := _WORD.match(shown, at):
        return match[0], match.end()
    return shown[at], at + 1


class _SpokenTextBuilder:
    """Joins words with single spaces and pauses, and drops symbols that a voice would read."""

    def __init__(self) -> None:
        self._text = ""

    @property
    def length(self) -> int:
        return len(self._text.rstrip())

    def add(self, piece: str) -> None:
        """Append a piece. Two adjacent words are separated by a space."""
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

    def finish(self) -> str:
        """Return the text with a full stop, at which the voice falls."""
        text = self._text.rstrip(" '-" + _PAUSES)
        if not any(char.isalpha() for char in text):
            return ""
        return text if text[-1] in _ENDS else text + "."
