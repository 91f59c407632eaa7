"""Dates and times of day. Other ordinals ("the 2nd account") are skipped."""

import re

from banker.text.en.calendar import (
    DAY_MONTH,
    HALF,
    IN_YEAR,
    MONTH,
    MONTH_DAY,
    ORDINAL_ENDING,
    SECONDS,
    YEAR,
    month_number,
)
from banker.text.en.entities.entity import ALONE, NumericEntity
from banker.text.en.pattern_reader import Rule, before, rule

_PAST = {"half": 30, "quarter": 15}
_FRACTIONS = frozenset("1/2 1/3 2/3 1/4 3/4 1/5 1/8 1/10 9/10 24/7 50/50".split())
_DATED = re.compile(r"\b(?:on|by|until|till|due|before|after|since)\s$", re.IGNORECASE)


def hour_keys(hour: int, minute: int, half: str | None = None) -> tuple[str, ...]:
    """Return the readings of a time: 5:00 may be in the morning or the afternoon, 17:00 is 5:00 p.m."""
    if half and 1 <= hour <= 12:
        hours = [hour % 12 + (12 if half.lower() == "p" else 0)]
    else:
        hours = [hour % 24, (hour + 12) % 24] if 1 <= hour <= 12 else [hour % 24]
    return tuple(f"t:{hour}:{minute:02}" for hour in hours)


def _time(match: re.Match[str]) -> list[NumericEntity]:
    found = match.groupdict()
    return [NumericEntity("time", hour_keys(int(found["hour"]), int(found.get("minute") or 0), found.get("half")))]


def _past(match: re.Match[str]) -> list[NumericEntity]:
    """Read "half past 3" and "quarter to 9"."""
    hour, minute = int(match["hour"]), _PAST[match["part"].lower()]
    is_before = match["side"].lower() == "to"
    return [NumericEntity("time", hour_keys(hour - is_before or 12, 60 - minute if is_before else minute))]


def _date(match: re.Match[str]) -> list[NumericEntity]:
    """Read a date whose month is a name or a number, without a year or without a day too."""
    found = match.groupdict()
    month, day = found.get("month") or "", found.get("day")
    number = int(month) if month.isdigit() else month_number(month) if month else ""
    date = NumericEntity("date", (f"d:{found.get('year') or ''}-{number}-{int(day) if day else ''}",))
    return [date, *(_time(match) if found.get("hour") else [])]


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


_END = r"(?!\w) (?![.,:/-][0-9])"
_NO_NOUN = r"(?=\s* (?: $ | [^\w\s] | (?:at|and|to|or|in|of|is|was)\b ))"
_DUE = "|".join(rf"(?<=\b{word}\s)" for word in "on by until till before after from since due the".split())

RULES: tuple[Rule[list[NumericEntity]], ...] = (
    rule(
        rf"""{ALONE} (?P<year>[0-9]{{4}})-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-2][0-9]|3[01])
        (?: [T\ ](?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]) {SECONDS} (?:\.[0-9]+)?
            (?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})? )?
        (?![\w-])""",
        _date,
    ),
    rule(rf"{ALONE} {MONTH_DAY} {IN_YEAR} {_END}", _date),
    rule(rf"{ALONE} {DAY_MONTH} {IN_YEAR} {_END}", _date),
    rule(rf"{ALONE} {MONTH},?\s{YEAR} {_END}", _date),
    rule(rf"(?:{_DUE}) (?P<day>0?[1-9]|[12][0-9]|3[01]){ORDINAL_ENDING}\b {_NO_NOUN}", _date),
    rule(rf"{ALONE} [0-9]{{1,3}}{ORDINAL_ENDING}\b", lambda match: []),
    rule(rf"{ALONE} (?P<month>0?[1-9]|1[0-2])/{YEAR} (?![\w/])", _date),
    rule(rf"{ALONE} ([0-9]{{1,2}})(/)([0-9]{{1,2}})(?:/([0-9]{{4}}|[0-9]{{2}}))? (?![\w/])", _slashed),
    rule(rf"{ALONE} ([0-9]{{1,2}})([.-])([0-9]{{1,2}})\2([0-9]{{4}}) (?![\w-])", _slashed),
    rule(rf"{ALONE} (?P<hour>[0-9]{{1,2}})(?:[:.](?P<minute>[0-5][0-9]) {SECONDS})?\s?{HALF}", _time),
    rule(rf"{ALONE} (?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9]) {SECONDS} (?![:\w])", _time),
    rule(rf"{ALONE} (?P<hour>[0-9]{{1,2}})\so.?clock", _time),
    rule(rf"{ALONE} (?P<part>half|quarter)\s(?P<side>past|to)\s(?P<hour>1[0-2]|[1-9])\b", _past),
    rule(rf"{ALONE} (?:open|close)s?\sat\s(?P<hour>[0-9]{{1,2}})\b (?![:.][0-9]) {_NO_NOUN}", _time),
)
