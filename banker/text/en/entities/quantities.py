"""Amounts, percentages and other numbers. Small plain numbers are counts."""

import re
from decimal import Decimal

from banker.text.en.code_patterns import is_ending, is_named
from banker.text.en.currencies import SCALE, SCALE_NAMES
from banker.text.en.entities.dates import hour_keys
from banker.text.en.entities.entity import ALONE, NumericEntity, code_key, is_money, number_key
from banker.text.en.numbers import SCALES, parse
from banker.text.en.pattern_reader import Rule, before, rule

_PERCENT = re.compile(
    r"""\s?(?:(?:[-–—]|to|or|and)\s?[0-9][0-9.,]*\s?)?-?(?:%|‰|percent|per\s(?:cent|mille)|basis\spoints?|bps\b|AP[RY]\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_NOUN = re.compile(
    r"[\s-](?!(?:and|or|to|into|from|for|on|in|at|please|now|today|tomorrow|of|is|was|plus|minus|then|instead|not|short|back|left|available)\b)[A-Za-z]{2}"
)
_RANGE_AFTER = re.compile(r"\s?(?:[-–—]|to|or|and)\s?[0-9]+", re.IGNORECASE)
_UNTIL_AFTER = re.compile(r"\s?(?:[-–—]|to|until|till|and)\s?(?:1?[0-9]|2[0-4])\b(?![.,:][0-9])", re.IGNORECASE)
_UNTIL_BEFORE = re.compile(r"\b(?:1?[0-9]|2[0-4])\s?(?:[-–—]|to|until|till|and)\s?$", re.IGNORECASE)


def _dollars_and_cents(match: re.Match[str]) -> list[NumericEntity] | None:
    whole = parse(match[1])
    return None if whole is None else [NumericEntity("amount", (number_key(Decimal(whole) + Decimal(match[2]) / 100),))]


def _number(match: re.Match[str]) -> list[NumericEntity]:
    """Read a numeral. An ambiguous one (1.234) has both readings."""
    numeral, scale = match["numeral"], (match["scale"] or "").lower()
    readings = {parse(numeral), parse(numeral, decimal_comma=True)}
    if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+", numeral):
        readings.add(numeral.replace(".", ""))
    factor = SCALES[SCALE_NAMES[scale]] if scale else 1
    keys = tuple(sorted(number_key(Decimal(reading) * factor) for reading in readings if reading is not None))
    if not keys:
        return [NumericEntity("code", (code_key(numeral),))]
    if is_money(match):
        return [NumericEntity("amount", keys)]
    if _PERCENT.match(match.string, match.end()):
        return [NumericEntity("count", ()) if numeral == "100" else NumericEntity("percentage", keys)]
    if scale or not numeral.isdigit():
        return [NumericEntity("number", keys)]
    return [_whole(match, numeral, keys)]


def _whole(match: re.Match[str], digits: str, keys: tuple[str, ...]) -> NumericEntity:
    if len(digits) > 1 and is_ending(before(match)):
        return NumericEntity("ending", ("e:" + digits,))
    if len(digits) > 1 and digits[0] == "0":
        return NumericEntity("code", ("c:" + digits,))
    if is_named(before(match), len(digits)) or len(digits) > 6:
        return NumericEntity("code", (*keys, "c:" + digits))
    return (
        NumericEntity("number", (*keys, "c:" + digits))
        if len(digits) > 2
        else NumericEntity("count", _count_keys(match, digits, keys))
    )


def _count_keys(match: re.Match[str], digits: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of a count: none for "5 days", its value for a bare "fifty", and hours for "9-17"."""
    behind, hour = match.string[match.end() :], int(digits)
    if hour <= 24 and (_UNTIL_AFTER.match(behind) or _UNTIL_BEFORE.search(before(match))):
        return hour_keys(hour, 0)
    range_end = _RANGE_AFTER.match(behind)
    return () if _NOUN.match(behind, range_end.end() if range_end else 0) else keys


RULES: tuple[Rule[list[NumericEntity]], ...] = (
    rule(
        ALONE + r"([0-9][0-9,]*)\s(?:dollar|euro|pound|franc)s?\s?(?:and|,)?\s([0-9]{1,2})\s(?:cents?|penny|pence)\b",
        _dollars_and_cents,
    ),
    rule(
        ALONE
        + r"""(?P<numeral> [0-9]{1,3}(?:\s[0-9]{3})+(?:[.,][0-9]+)?(?![0-9]) (?=\s?(?:[€£$]|[A-Z]{3}\b))
        | [0-9]+(?:[.,'’][0-9]+)* | (?<![0-9])\.[0-9]+ )
        (?: [\s-]?(?P<scale>"""
        + SCALE
        + ") )?",
        _number,
    ),
)
