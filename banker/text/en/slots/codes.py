"""Codes: digits said one by one or in groups ("four seven double one"), and spelled letters ("B as in Bravo")."""

import re

from banker.text.en.slots.spoken_numbers import Numerals, Slot

_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_OH = frozenset({"o", "oh"})
_LETTER = re.compile(r"[a-z]")
_AS_IN = frozenset({("as", "in"), ("for",), ("like",)})


def find_codes(text: str) -> list[Slot[str]]:
    """Return runs of digits and spelled letters in upper case: "acc-789", "four seven double one", "B as in Bravo 2".

    A word with a digit in it is a code as it stands. A run of letters needs two of them.
    """
    found = [Slot(match[0], match.start(), match.end()) for match in _MIXED.finditer(text)]
    taken = [(slot.start, slot.end) for slot in found]
    numerals = Numerals(text)
    words = [(match[0], *numerals.span(*match.span())) for match in re.finditer(r"\S+", numerals.text)]
    at = 0
    while at < len(words):
        code, length = _spelled([word for word, _, _ in words[at : at + 60]])
        if length:
            start, end = words[at][1], words[at + length - 1][2]
            if not any(start < other_end and end > other_start for other_start, other_end in taken):
                found.append(Slot(code, start, end))
            at += length
        else:
            at += 1
    return sorted(found, key=lambda slot: slot.start)


_MIXED = re.compile(
    r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?!\d+(?:st|nd|rd|th|k|m)\b)[A-Za-z\d]+(?:-[A-Za-z\d]+)*(?![\w-])"
)


def _spelled(words: list[str]) -> tuple[str, int]:
    """Return the code that the words begin with, and how many of them say it."""
    code, at = "", 0
    while at < len(words):
        comma = int(bool(code) and words[at] == "," and at + 1 < len(words))
        part, length = _part(words[at + comma :], began=bool(code))
        if not length:
            break
        code, at = code + part, at + comma + length
    spelled = len(code) > 1 or code.isdigit()
    return (code, at) if code and spelled else ("", 0)


def _part(words: list[str], began: bool) -> tuple[str, int]:
    word = words[0]
    if word in _REPEATS and len(words) > 1 and re.fullmatch(r"\d|[a-z]", words[1]):
        return words[1].upper() * _REPEATS[word], 2
    if word.isdecimal() and word.isascii():
        return word, 1
    if word in _OH and (began or (len(words) > 1 and words[1].isdecimal())):
        return "0", 1
    if _LETTER.fullmatch(word):
        for link in _AS_IN:
            after = len(link) + 1
            if tuple(words[1:after]) == link and len(words) > after and words[after].startswith(word):
                return word.upper(), after + 1
        if word not in "ai" or began or (len(words) > 1 and _LETTER.fullmatch(words[1])):
            return word.upper(), 1
    return "", 0
