"""The type of a numeric entity, its normalised keys, and the context that its rules look at."""

import re
from decimal import Decimal
from typing import NamedTuple

from banker.text.en.currencies import CODE
from banker.text.en.pattern_reader import before


class NumericEntity(NamedTuple):
    """A figure in a text.

    `kind` is one of `amount`, `percentage`, `number`, `code`, `ending`, `date`, `time` and `count`. A count is a small
    plain number, as in "two accounts".

    `keys` are the possible readings ("11/12" is two dates): `n:1234.56` a number, `c:ACC789` a code without hyphens,
    `e:4321` the end of a code, `d:2026-11-24` a date (`d:-11-24` without a year), `t:17:00` a time of day, and
    `s:11/12` the literal text.
    """

    kind: str
    keys: tuple[str, ...]


ALONE = r"(?<![A-Za-z0-9])"

_NUMBER = r"[0-9][0-9.,]*[kKmM]?"
_MONEY_BEFORE = re.compile(
    rf"(?: [$€£¥₹] | \b(?:{CODE}) ) \s?[-−+(]?\s? (?: {_NUMBER}\s?(?:[-–—]|to|or|and)\s? )? $", re.X | re.I
)
_MONEY_AFTER = re.compile(
    rf"""\s? (?: (?:[-–—]|to|or|and)\s? {_NUMBER}\s? )? (?: [$€£¥₹¢] | (?:{CODE})\b
    | -?(?:(?:US|Canadian|Australian|Swiss|more|full)\s)?(?:dollar|euro|pound|cents?\b|buck|quid\b|franc|yen\b|penny
    |pence|rupee) )""",
    re.X | re.I,
)


def number_key(value: str | int | Decimal) -> str:
    """1234.50 -> "n:1234.5". The sign is left out, because an account with -50 is "overdrawn by 50"."""
    digits = format(abs(Decimal(value)), "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "n:" + (digits.lstrip("0") or "0")


def code_key(text: str) -> str:
    """acc-789 -> "c:ACC789"."""
    return "c:" + "".join(char for char in text.upper() if char.isalnum())


def is_money(match: re.Match[str]) -> bool:
    """Return whether the number, or the range that it belongs to ("5 to 10 dollars"), has a currency."""
    return bool(_MONEY_BEFORE.search(before(match)) or _MONEY_AFTER.match(match.string, match.end()))
