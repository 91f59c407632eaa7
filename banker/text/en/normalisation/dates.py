"""Dates, times of day and ranges of them: "11/24/2026", "9:30 a.m.", "Mon-Fri", "9:00-17:00"."""

import re

from banker.text.en.normalisation.display import MONTHS
from banker.text.en.normalisation.numbers import cardinal, ordinal, year
from banker.text.en.normalisation.rules import Rule, before, rule

_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTH = {name[:3].lower(): number for number, name in enumerate(MONTHS, start=1)}
_DAY = {name[:3].lower(): name for name in _DAYS}
_YEAR_FOLLOWS = re.compile(
    r"(?:^|\bQ[1-4]\s|\bFY\s?|\b(?:in|since|from|until|till|by|year|before|after|through|during|for|early|late|mid|the|of|©)\s"
    r"|\b(?:in|since|from|between)\s[12][0-9]{3}\s?(?:[-–]|to\s|and\s))$",
    re.IGNORECASE,
)
_EXPIRES = re.compile(r"\b(?:expir\w+|exp\.?|valid|good)\s(?:(?:on|in|until|till|through|thru|is)\s)?$", re.IGNORECASE)
_DATE_FOLLOWS = re.compile(r"\b(?:on|by|since|until|till|from|before|after|dated|due)\s$", re.IGNORECASE)


def _date(month: int, day: int, in_year: str = "") -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    words = f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{words}, {_year(in_year)}" if in_year else words


def _year(text: str) -> str:
    if len(text) == 4:
        return year(int(text))
    return year(int(text) + (2000 if int(text) < 70 else 1900))


def _numeric(match: re.Match[str]) -> str | None:
    """Read the month first, as in the US, unless there are points or it is above 12: 24/11/2026 is in November."""
    first, second = int(match["first"]), int(match["second"])
    if match["joint"] == ".":
        first, second = second, first
    return _date(first, second, match["year"]) or _date(second, first, match["year"])


def _short(match: re.Match[str]) -> str | None:
    """Read month and day after "on" and the like, and two numbers after "expires", which may be month and year."""
    if _EXPIRES.search(before(match)):
        return f"{cardinal(int(match[1]))}, {cardinal(int(match[2]))}"
    if not _DATE_FOLLOWS.search(before(match)):
        return None
    return _date(int(match[1]), int(match[2])) or _date(int(match[2]), int(match[1]))


def _year_first(match: re.Match[str]) -> str | None:
    return _date(int(match["first"]), int(match["second"]), match["year"])


def _years(match: re.Match[str]) -> str | None:
    """Read "2026/27", and "2025–2026" after a word that precedes years."""
    first, last = match["year"], match["last"]
    if len(last) == 2 and int(last) == (int(first) + 1) % 100:
        return f"{_year(first)} to {year(int(first) + 1)}"
    if len(last) == 4 and first < last and _YEAR_FOLLOWS.search(before(match)):
        return f"{_year(first)} to {_year(last)}"
    return None


def _period(match: re.Match[str]) -> str:
    """Read "2h30m" as hours and minutes."""
    hours, minutes = int(match[1]), int(match[2])
    return f"{cardinal(hours)} hour{'s' * (hours != 1)} {cardinal(minutes)} minute{'s' * (minutes != 1)}"


def _month(match: re.Match[str]) -> int:
    return _MONTH[match["month"][:3].lower()]


def _named(match: re.Match[str]) -> str | None:
    return _date(_month(match), int(match["day"]), match["year"] or "")


def _days_of_month(match: re.Match[str]) -> str | None:
    first = _date(_month(match), int(match["day"]))
    words = f"{first} to {ordinal(int(match['last']))}"
    return f"{words}, {_year(match['year'])}" if match["year"] else words


def _days_before_month(match: re.Match[str]) -> str:
    """Read "1–5 December" like "December 1–5"."""
    words = f"{MONTHS[_month(match) - 1]} {ordinal(int(match['first']))} to {ordinal(int(match['day']))}"
    return f"{words}, {_year(match['year'])}" if match["year"] else words


def _month_and_year(match: re.Match[str]) -> str:
    return f"{MONTHS[_month(match) - 1]} {_year(match['year'])}"


def _day_first(match: re.Match[str]) -> str | None:
    """Read "24 November" with the month first, and "the 24th of November" in its own order."""
    if not (match["of"] or before(match).endswith("the ")):
        return _named(match)
    words = f"{ordinal(int(match['day']))} of {MONTHS[_month(match) - 1]}"
    return f"{words}, {_year(match['year'])}" if match["year"] else words


def _alone_year(match: re.Match[str]) -> str | None:
    return year(int(match[0])) if _YEAR_FOLLOWS.search(before(match)) else None


def clock(hour: int, minute: int, half: str | None = None, of24: bool = False) -> str | None:
    """(9, 30, "a") -> "nine thirty A-M". With `of24` hours are on the 24-hour clock, so 9:00 is in the morning."""
    if hour > 24 or minute > 59:
        return None
    if half and not 1 <= hour <= 12:  # 17:00 p.m.
        half = None
    if not half and hour % 24 == 0:
        return "midnight" if minute == 0 else f"twelve {_minutes(minute)} A-M"
    if not half and (of24 or hour > 12):
        half, hour = ("p" if hour >= 12 else "a"), hour % 12 or 12
    words = cardinal(hour)
    if minute:
        words += f" {_minutes(minute)}"
    if half:
        return f"{words} {half.upper()}-M"
    return words if minute else f"{words} o'clock"


def _minutes(minute: int) -> str:
    return ("oh " if minute < 10 else "") + cardinal(minute)


def _time(match: re.Match[str]) -> str | None:
    half = (match["half"] or "").lower()[:1] or None
    words = clock(int(match["hour"]), int(match["minute"]), half, match["hour"].startswith("0"))
    if words and match["second"] and int(match["second"]):
        words += f" and {cardinal(int(match['second']))} seconds"
    return words


def _hour(match: re.Match[str]) -> str | None:
    return clock(int(match["hour"]), int(match["minute"] or 0), match["half"].lower())


def _span(match: re.Match[str]) -> str | None:
    """Read both ends on the same clock: 9:00-17:00 starts in the morning."""
    hours, minutes = (int(match[1]), int(match[3])), (int(match[2]), int(match[4]))
    of24 = max(hours) > 12 or match[1].startswith("0")
    ends = [clock(hour, minute, None, of24) for hour, minute in zip(hours, minutes, strict=True)]
    return f"{ends[0]} to {ends[1]}" if ends[0] and ends[1] else None


def _days(match: re.Match[str]) -> str:
    first, joint, last = match.groups()
    words = _DAY[first[:3].lower()]
    return f"{words}{' to ' if joint.strip() in '-–—' else joint}{_DAY[last[:3].lower()]}"


_MONTH_NAME = r"(?:(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?|" + "|".join(MONTHS) + ")"
_M = f"(?P<month>{_MONTH_NAME})"
_D = r"(?P<day>0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?"
_Y = r"(?P<year>(?:1[7-9]|2[01])[0-9]{2})"
_FIRST, _SECOND = (f"(?P<{name}>[0-9]{{1,2}})" for name in ("first", "second"))
_W = r"(?:Mon|Tues?|Wed|Thu|Thurs?|Fri|Sat|Sun)"
_END = r"(?![\w/-])(?!\.[0-9])"
_HALF = r"(?P<half>[ap])(?:\.\s?m\.?|m\b)"

RULES: tuple[Rule, ...] = (
    rule(rf"{_FIRST} (?P<joint>/) {_SECOND} / (?P<year>[12][0-9]{{3}}|[0-9]{{2}}) {_END}", _numeric),
    rule(rf"{_FIRST} (?P<joint>[-.]) {_SECOND} (?P=joint) {_Y} {_END}", _numeric),
    rule(rf"{_Y}/(?P<first>0?[1-9]|1[0-2])/(?P<second>0?[1-9]|[12][0-9]|3[01]) {_END}", _year_first),
    rule(rf"(0?[1-9]|[12][0-9]|3[01])/(0?[1-9]|[12][0-9]|3[01]) {_END}", _short),
    rule(rf"(0?[1-9]|1[0-2])/{_Y} {_END}", lambda match: f"{MONTHS[int(match[1]) - 1]} {_year(match['year'])}"),
    rule(rf"{_M}\s{_D} \s?[-–]\s? (?P<last>[12][0-9]|3[01]|[1-9]) (?:,?\s{_Y})? {_END}", _days_of_month),
    rule(
        rf"(?P<first>[12][0-9]|3[01]|[1-9]) \s?[-–]\s? {_D}\s(?:of\s)?{_M} (?:,?\s{_Y})? (?!\w|[,:.][0-9])",
        _days_before_month,
    ),
    rule(rf"{_M}\s{_D} (?:,?\s{_Y})? (?!\w|[,:.][0-9]|\s?%)", _named),
    rule(rf"{_D}\s(?P<of>of\s)?{_M} (?:,?\s{_Y})? (?!\w|[,:.][0-9])", _day_first),
    rule(rf"{_M},?\s{_Y} (?!\w|[,:.][0-9])", _month_and_year),
    rule(rf"({_W})\b\.? (\s?[-–—]\s?|\sto\s|,?\s(?:and|or)\s|,\s) ({_W})\b\.?", _days),
    rule(rf"({_W})\b\.? (?=,?\s (?:{_MONTH_NAME}|[0-9]))", lambda match: _DAY[match[1][:3].lower()]),
    rule(r"([0-9]{1,2}):([0-9]{2})\s?[-–—]\s?([0-9]{1,2}):([0-9]{2}) (?!\s?[ap]\.?m|[:\w])", _span),
    rule(
        r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))? (?![0-9:])"
        rf"(?: \s? (?i:{_HALF}) | (?!\w) )",
        _time,
    ),
    rule(rf"(?P<hour>1[0-2]|0?[1-9])(?:\.(?P<minute>[0-5][0-9]))?\s?(?i:{_HALF})", _hour),
    rule(rf"{_Y} [/–-] (?P<last>(?:19|20)?[0-9]{{2}}) {_END}", _years),
    rule(r"(?:19|20)[0-9]{2} (?![\w%]|[.,:/][0-9]|-[0-9]+-|\s[a-z]{2,}[^s'\W]s\b)", _alone_year),
    rule(r"((?:19|20)[0-9]0)s\b", lambda match: _decade(year(int(match[1])))),
    rule(
        r"(?:['’]|(?<=\bthe\s)|(?<=\b(?:his|her)\s)|(?<=\b(?:early|their)\s)|(?<=\b(?:late)\s))([2-9]0)s\b",
        lambda match: _decade(cardinal(int(match[1]))),
    ),
    rule(r"([0-9]{1,2})\s?h\s?([0-5]?[0-9])\s?m(?:in)?\b", _period),
)


def _decade(words: str) -> str:
    return words[:-1] + "ies" if words.endswith("y") else words + "s"
