"""Dates and times of day. Other ordinals ("the 2nd account") are skipped."""

import re

from banker.text.en.entities.entity import ALONE, NumericEntity, Rule, before, rule
from banker.text.en.normalisation.display import MONTHS

_FRACTIONS = frozenset("1/2 1/3 2/3 1/4 3/4 1/5 1/8 1/10 9/10 24/7 50/50".split())
_DATED = re.compile(r"\b(?:on|by|until|till|due|before|after|since)\s$", re.IGNORECASE)
_MONTH = {name[:3].lower(): number for number, name in enumerate(MONTHS, start=1)}


def hour_keys(hour: int, minute: int, half: str | None = None) -> tuple[str, ...]:
    """Return the readings of a time: 5:00 may be in the morning or the afternoon, 17:00 is 5:00 p.m."""
    if half and 1 <= hour <= 12:
        hours = [hour % 12 + (12 if half.lower() == "p" else 0)]
    else:
        hours = [hour % 24, (hour + 12) % 24] if 1 <= hour <= 12 else [hour % 24]
    return tuple(f"t:{hour}:{minute:02}" for hour in hours)


def _time(hour: str, minute: str = "0", half: str | None = None) -> list[NumericEntity]:
    return [NumericEntity("time", hour_keys(int(hour), int(minute), half))]


def _date(year: str | None, month: str | None, day: str | None) -> list[NumericEntity]:
    number = _MONTH.get(month[:3].lower()) or int(month) if month else ""
    return [NumericEntity("date", (f"d:{year or ''}-{number}-{int(day) if day else ''}",))]


def _iso(match: re.Match[str]) -> list[NumericEntity]:
    return _date(match[1], match[2], match[3]) + (_time(match[4], match[5]) if match[4] else [])


def _slashed(match: re.Match[str]) -> list[NumericEntity]:
    """Read 11/12/2026 in both orders, and 12/27 as a day or as the month of an expiry date. 1/2 is a fraction."""
    if match[0] in _FRACTIONS and not _DATED.search(before(match)):
        return []
    first, second, year = int(match[1]), int(match[3]), match[4] or ""
    year = f"20{year}" if len(year) == 2 else year
    keys = [f"d:{year}-{month}-{day}" for month, day in ((first, second), (second, first)) if 1 <= month <= 12]
    if not year and first <= 12:
        keys.append(f"d:20{second:02}-{first}-")
    return [NumericEntity("date", (*dict.fromkeys(keys), "s:" + match[0]))]


_NAMES = "|".join(rf"{name}\b" if name == "May" else rf"{name}\b|{name[:3]}t?\b\.?" for name in MONTHS)
_LOWER = "|".join(rf"{name.lower()}\b" for name in MONTHS if name not in ("May", "March"))
_MONTH_NAME = rf"(?:{_NAMES}|{_LOWER})"
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_YEAR = r"(?:1[89]|2[01])[0-9]{2}"
_NTH = r"(?:st|nd|rd|th)"
_END = r"(?!\w) (?![.,:/-][0-9])"
_HALF = r"([aApP])(?:\.\s?[mM]\.?|[mM]\b)"
_NO_NOUN = r"(?=\s* (?: $ | [^\w\s] | (?:at|and|to|or|in|of|is|was)\b ))"
_DUE = "|".join(rf"(?<=\b{word}\s)" for word in "on by until till before after from since due the".split())

RULES: tuple[Rule, ...] = (
    rule(
        rf"""{ALONE} ([0-9]{{4}})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])
        (?: [T\ ]([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-9]{{2}}(?:\.[0-9]+)?)? (?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})? )?
        (?![\w-])""",
        _iso,
    ),
    rule(rf"{ALONE}({_MONTH_NAME})\s({_DAY}){_NTH}?(?:,?\s({_YEAR}))? {_END}", lambda m: _date(m[3], m[1], m[2])),
    rule(
        rf"{ALONE}({_DAY}){_NTH}?\s(?:of\s)?({_MONTH_NAME})(?:,?\s({_YEAR}))? {_END}", lambda m: _date(m[3], m[2], m[1])
    ),
    rule(rf"{ALONE}({_MONTH_NAME}),?\s({_YEAR}) {_END}", lambda m: _date(m[2], m[1], None)),
    rule(rf"(?:{_DUE}) ({_DAY}){_NTH}\b {_NO_NOUN}", lambda m: _date(None, None, m[1])),
    rule(rf"{ALONE}[0-9]{{1,3}}{_NTH}\b", lambda m: []),
    rule(rf"{ALONE}(0?[1-9]|1[0-2])/({_YEAR}) (?![\w/])", lambda m: _date(m[2], m[1], None)),
    rule(rf"{ALONE}([0-9]{{1,2}})(/)([0-9]{{1,2}})(?:/([0-9]{{4}}|[0-9]{{2}}))? (?![\w/])", _slashed),
    rule(rf"{ALONE}([0-9]{{1,2}})([.-])([0-9]{{1,2}})\2([0-9]{{4}}) (?![\w-])", _slashed),
    rule(rf"{ALONE}([0-9]{{1,2}})[:.]([0-5][0-9])(?::[0-9]{{2}})?\s?{_HALF}", lambda m: _time(m[1], m[2], m[3])),
    rule(rf"{ALONE}([01]?[0-9]|2[0-4]):([0-5][0-9])(?::[0-9]{{2}})? (?![:\w])", lambda m: _time(m[1], m[2])),
    rule(rf"{ALONE}([0-9]{{1,2}})\s?{_HALF}", lambda m: _time(m[1], half=m[2])),
    rule(rf"{ALONE}([0-9]{{1,2}})\so.?clock", lambda m: _time(m[1])),
)
