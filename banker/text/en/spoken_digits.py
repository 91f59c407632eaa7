"""Cuts a text into words and numbers, where a number may be written in digits or said in words.

"double seven" is 77, "forty-two" is 42, and "oh" is 0 beside another number.
"""

import re
import unicodedata
from dataclasses import dataclass

from banker.text.en.numbers import ONES, SCALES, TENS

_TOKEN = re.compile(
    r"""(?P<other>                       # a figure other than a string of digits
        (?<![\d-])\d{4}-\d{1,2}-\d{1,2}(?![\d-])           # 2026-11-30
      | (?<![\d/.])\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})(?![\d/.]) | (?<![\d/])\d{1,2}/\d{2,4}(?![\d/])
      | (?<!\d)\d{1,2}:\d{2}(?!\d)                         # 17:30
      | (?<![\d,.])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]) | (?<![\d.])\d+\.\d{1,2}(?![\d.])   # 1,234.56
      )
    | (?<=[^\W\d_])['\u2019]s\b                            # "my pin's" links as "is" does
    | [^\W_]+(?:['\u2019](?!s\b)[^\W_]+)*""",
    re.VERBOSE,
)
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?\b")
_ZERO_WORDS = frozenset({"zero", "nought", "naught"})
_LETTER_ZERO = frozenset({"oh", "o"})
_DIGITS_WITH_LETTER_ZERO = re.compile(r"(?=.*\d)[\do]{2,}")
_REPEATS = {"double": 2, "triple": 3, "treble": 3}


@dataclass(frozen=True)
class Token:
    """A word, or a number as a string of digits. `start` and `end` are its place in the text."""

    start: int
    end: int
    word: str
    """In lower case. For a number in words, its first word."""
    digits: str = ""
    """Empty for a word, and for a figure other than a string of digits: a date, a time of day, an amount, an IBAN."""


def tokens(text: str) -> list[Token]:
    """Return the words and numbers of `text` in their order."""
    ibans = [match.span() for match in _IBAN.finditer(text) if _is_iban(match[0])]
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if any(first <= start < last for first, last in ibans):
            if not found or found[-1].end <= max(first for first, _ in ibans if first <= start):
                found.append(Token(start, end, "iban"))
            continue
        word = match[0].lower()
        if match["other"]:
            found.append(Token(start, end, word))
        elif _DIGITS_WITH_LETTER_ZERO.fullmatch(word) and not word.isdecimal():
            found.append(Token(start, end, word, word.replace("o", "0")))
        elif word.isdecimal():
            found.append(Token(start, end, word, "".join(str(unicodedata.decimal(char)) for char in word)))
        else:
            found.append(Token(start, end, word, _word_digits(word)))
    return _combine(found)


def is_scale(word: str) -> bool:
    """Return whether `word` multiplies the number before it: "hundred", "thousand"."""
    return word in SCALES


def _word_digits(word: str) -> str:
    if word in _ZERO_WORDS:
        return "0"
    value = ONES.get(word, TENS.get(word))
    return "" if value is None else str(value)


def _combine(found: list[Token]) -> list[Token]:
    """Join "double" with its digit and "forty" with "two", and read "oh" beside a number as 0."""
    combined: list[Token] = []
    place = 0
    while place < len(found):
        token = found[place]
        following = found[place + 1] if place + 1 < len(found) else None
        after_number = bool(combined and combined[-1].digits)
        if following is not None and token.word in _REPEATS and (digits := _digit(following)):
            token = Token(token.start, following.end, token.word, digits * _REPEATS[token.word])
            place += 1
        elif following is not None and token.word in TENS and ONES.get(following.word, 0) in range(1, 10):
            token = Token(token.start, following.end, token.word, str(TENS[token.word] + ONES[following.word]))
            place += 1
        elif token.word in _LETTER_ZERO and (after_number or _stands_before_digits(found, place)):
            token = Token(token.start, token.end, token.word, "0")
        combined.append(token)
        place += 1
    return combined


def _stands_before_digits(found: list[Token], place: int) -> bool:
    """Return whether digits follow, also behind more zeros: "oh oh double seven"."""
    following = next((token for token in found[place:] if token.word not in _LETTER_ZERO), None)
    return following is not None and (bool(following.digits) or following.word in _REPEATS)


def _digit(token: Token) -> str:
    """Return the single digit that a token is, "oh" included, or an empty string."""
    digits = "0" if token.word in _LETTER_ZERO else token.digits
    return digits if len(digits) == 1 else ""


def _is_iban(text: str) -> bool:
    """Check the check digits of an IBAN (ISO 13616, ISO 7064 MOD 97-10)."""
    plain = re.sub(r"[ -]", "", text).upper()
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1
