"""Dates, times of day and ranges of them: "11/24/2026", "9:30 a.m.", "Mon-Fri", "9:00-17:00"."""

import re

from banker.text.en.calendar import (
    DAY,
    DAY_MONTH,
    DAYS,
    HALF,
    IN_YEAR,
    MONTH,
    MONTH_DAY,
    MONTHS,
    ORDINAL_ENDING,
    SECONDS,
    YEAR,
    month_number,
)
from banker.text.en.code_patterns import is_code
from banker.text.en.numbers import FRACTIONS, cardinal, counted, ordinal, two_digits, year
from banker.text.en.pattern_reader import Rule, before, rule

_WEEKDAYS = {name[:3].lower(): name for name in DAYS}
_EXPIRES = re.compile(r"\b(?:expir\w+|exp\.?|valid|good)\s(?:(?:on|in|until|till|through|thru|is)\s)?$", re.IGNORECASE)
_DATED = re.compile(
    rf"\b(?:on|by|since|until|till|from|before|after|dated|due|(?:{'|'.join(day[:3] for day in DAYS)})[a-z]*[.,]*)\s$",
    re.IGNORECASE,
)


def _date(month: int, day: int, in_year: str = "") -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    words = f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{words}, {_year(in_year)}" if in_year else words


def _year(text: str) -> str:
    if len(text) == 4:
        return year(int(text))
    return year(int(text) + (2000 if int(text) < 70 else 1900))


def _fiscal_year(match: re.Match[str]) -> str:
    return f"{match[1]}-Y {cardinal(int(match[2])) if len(match[2]) == 2 else year(int(match[2]))}"


def _numeric(match: re.Match[str]) -> str | None:
    """Read the month first, as in the US, unless there are points or it is above 12: 24/11/2026 is in November."""
    first, second = int(match["first"]), int(match["second"])
    if match["joint"] == ".":
        first, second = second, first
    return _date(first, second, match["year"]) or _date(second, first, match["year"])


def _without_year(match: re.Match[str]) -> str | None:
    """Read "11/24" as a date after "on" and the like, and else as two numbers, which may be a month and a year."""
    first, second = int(match["first"]), int(match["second"])
    is_expiry = _EXPIRES.search(before(match))
    if not is_expiry and _DATED.search(before(match)) and (date := _date(first, second) or _date(second, first)):
        return date
    if not is_expiry and match[0] in FRACTIONS:
        return None
    numbers = [
        two_digits(int(text)) if text.startswith("0") else cardinal(int(text))
        for text in (match["first"], match["second"])
    ]
    return (", " if is_expiry else " ").join(numbers)


def _years(match: re.Match[str]) -> str | None:
    """Read "2026/27" as two years."""
    following = int(match["year"]) + 1
    return f"{_year(match['year'])} to {year(following)}" if int(match["last"]) == following % 100 else None


def _alone(match: re.Match[str]) -> str | None:
    return None if is_code(before(match), 4) else year(int(match[0]))


def _abbreviated(match: re.Match[str]) -> str | None:
    return MONTHS[month_number(match["month"]) - 1] if match[0].endswith(".") else None


def _named(match: re.Match[str]) -> str | None:
    """Read a date with the name of its month, "Nov 24-26, 2026", or a month and its year.

    "24 November" has the month first, and "the 24th of November" its own order.
    """
    found = match.groupdict()
    words = MONTHS[month_number(found["month"]) - 1]
    if not found.get("day"):
        return f"{words} {_year(found['year'])}"
    days = ordinal(int(found["day"]))
    if last := found.get("last"):
        if int(last) <= int(found["day"]):
            return None
        days += f" to {ordinal(int(last))}"
    follows_the = before(match).lower().endswith("the ")
    if found.get("of") or (match[0][0].isdigit() and follows_the):
        words = f"{'' if follows_the else 'the '}{days} of {words}"
    else:
        words = f"{words} {days}"
    return f"{words}, {_year(found['year'])}" if found["year"] else words


def clock(hour: int, minute: int, half: str | None = None, of24: bool = False) -> str | None:
    """(9, 30, "a") -> "nine thirty A-M". With `of24` hours are on the 24-hour clock, so 9:00 is in the morning."""
    if hour > 24 or minute > 59:
        return None
    if half and not 1 <= hour <= 12:  # 17:00 p.m.
        half = None
    if not half and hour % 24 == 0:
        return "midnight" if minute == 0 else f"twelve {two_digits(minute)} A-M"
    if not half and (of24 or hour > 12):
        half, hour = ("p" if hour >= 12 else "a"), hour % 12 or 12
    words = f"{cardinal(hour)} {two_digits(minute)}" if minute else cardinal(hour)
    if half:
        return f"{words} {half.upper()}-M"
    return words if minute else f"{words} o'clock"


def _time(match: re.Match[str]) -> str | None:
    found = match.groupdict()
    of24 = found["hour"].startswith("0")
    words = clock(int(found["hour"]), int(found["minute"] or 0), (found["half"] or "").lower() or None, of24)
    seconds = int(found.get("second") or 0)
    return f"{words} and {counted(seconds, 'second')}" if words and seconds else words


def _span(match: re.Match[str]) -> str | None:
    """Read both ends on the same clock: 9:00-17:00 starts in the morning."""
    hours, minutes = (int(match[1]), int(match[3])), (int(match[2]), int(match[4]))
    of24 = max(hours) > 12 or match[1].startswith("0")
    ends = [clock(hour, minute, None, of24) for hour, minute in zip(hours, minutes, strict=True)]
    return f"{ends[0]} to {ends[1]}" if ends[0] and ends[1] else None


def _weekdays(match: re.Match[str]) -> str:
    first, joint, last = match.groups()
    return f"{_WEEKDAYS[first[:3].lower()]}{' to ' if joint.strip() in '-–—' else joint}{_WEEKDAYS[last[:3].lower()]}"


def _decade(match: re.Match[str]) -> str:
    words = year(int(match[1])) if len(match[1]) == 4 else cardinal(int(match[1]))
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


_FIRST, _SECOND = (f"(?P<{name}>[0-9]{{1,2}})" for name in ("first", "second"))
_LAST = rf"(?P<last>[12][0-9]|3[01]|[1-9]){ORDINAL_ENDING}?"
_WEEKDAY = r"(?:Mon|Tues?|Wed|Thu|Thurs?|Fri|Sat|Sun)"
_END = r"(?![\w/-])(?!\.[0-9])"
_NAME_END = r"(?! \w | [,:.][0-9] | \s?% )"

RULES: tuple[Rule[str], ...] = (
    rule(rf"{_FIRST} (?P<joint>/) {_SECOND} / (?P<year>[12][0-9]{{3}}|[0-9]{{2}}) {_END}", _numeric),
    rule(rf"{_FIRST} (?P<joint>[-.]) {_SECOND} (?P=joint) {YEAR} {_END}", _numeric),
    rule(rf"(?P<first>[0-9]{{2}})(?P<joint>\.)(?P<second>[0-9]{{2}})\.(?P<year>[0-9]{{2}}) {_END}", _numeric),
    rule(
        rf"{YEAR} ([/.]) {_FIRST} \2 {_SECOND} {_END}",
        lambda match: _date(int(match["first"]), int(match["second"]), match["year"]),
    ),
    rule(rf"{_FIRST}/{_SECOND} {_END}", _without_year),
    rule(rf"{YEAR} [/–-] (?P<last>[0-9]{{2}}) {_END}", _years),
    rule(rf"(0?[1-9]|1[0-2])/{YEAR} {_END}", lambda match: f"{MONTHS[int(match[1]) - 1]} {_year(match['year'])}"),
    rule(rf"{YEAR}-(0[1-9]|1[0-2]) {_END}", lambda match: f"{MONTHS[int(match[2]) - 1]} {_year(match['year'])}"),
    rule(rf"{MONTH_DAY} \s?[-–]\s? {_LAST} {IN_YEAR} (?!\s?{HALF}) {_END}", _named),
    rule(rf"(?P<day>[12][0-9]|3[01]|[1-9]) \s?[-–]\s? {_LAST}\s(?:of\s)?{MONTH} {IN_YEAR} {_NAME_END}", _named),
    rule(rf"{MONTH_DAY} {IN_YEAR} {_NAME_END}", _named),
    rule(rf"{DAY_MONTH} {IN_YEAR} {_NAME_END}", _named),
    rule(rf"{DAY}-{MONTH}-(?P<year>(?:20)?[0-9]{{2}}) {_END}", _named),
    rule(rf"{MONTH}(?:,?\s|-){YEAR} {_NAME_END}", _named),
    rule(rf"{MONTH}\s?['’-](?P<year>[0-9]{{2}}) {_END}", _named),
    rule(MONTH, _abbreviated),
    rule(rf"({_WEEKDAY})\b\.? (\s?[-–—]\s?|\sto\s|,?\s(?:and|or)\s|,\s) ({_WEEKDAY})\b\.?", _weekdays),
    rule(
        rf"(Mon|Tues?|Wed|Thu|Thurs?|Fri)\b\.?(/(?={_WEEKDAY}\b))?",
        lambda match: _WEEKDAYS[match[1][:3].lower()] + (", " if match[2] else ""),
    ),
    rule(
        rf"({_WEEKDAY})\b (?: \. | (?=,?\s (?:{MONTH}|[0-9])) )",
        lambda match: _WEEKDAYS[match[1][:3].lower()],
    ),
    rule(r"([0-9]{1,2}):([0-9]{2})\s?[-–—]\s?([0-9]{1,2}):([0-9]{2}) (?!\s?[ap]\.?m|[:\w])", _span),
    rule(rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}}){SECONDS} (?![0-9:]) (?: \s?{HALF} | (?!\w) )", _time),
    rule(rf"(?P<hour>1[0-2]|0?[1-9])(?:\.(?P<minute>[0-5][0-9]))? \s? {HALF}", _time),
    rule(r"([FC])Y\s?((?:20)?[0-9]{2}) (?![\w/])", _fiscal_year),
    rule(
        rf"([QH])([1-4])(?:\s?['’/-]|\s?(?=20))(?P<year>(?:20)?[0-9]{{2}}) {_END}",
        lambda match: f"{match[1]} {cardinal(int(match[2]))} {_year(match['year'])}",
    ),
    rule(
        r"([QH])([1-4])\s?[-–]\s?\1?([1-4])\b",
        lambda match: f"{match[1]} {cardinal(int(match[2]))} to {match[1]} {cardinal(int(match[3]))}",
    ),
    rule(r"(early|mid|late|pre|post)-(?=(?:19|20)[0-9]{2}\b|[A-Z])", lambda match: f"{match[1]} "),
    rule(r"(noon|midnight)\s?[-–]\s?(?=[0-9])", lambda match: f"{match[1]} to "),
    rule(r"(?:19|20)[0-9]{2} (?![\w%]|[.,:/][0-9]|-[0-9]+-|\s[a-z]{2,}[^s'\W]s\b)", _alone),
    rule(r"((?:19|20)[0-9]0)s\b", _decade),
    rule(
        r"(?: ['’] | (?<=\bthe\s) | (?<=\bhis\s|\bher\s) | (?<=\bearly\s|\btheir\s) | (?<=\blate\s) )([2-9]0)s\b",
        _decade,
    ),
    rule(
        r"([0-9]{1,2})\s?h\s?([0-5]?[0-9])\s?m(?:in)?\b",
        lambda match: f"{counted(int(match[1]), 'hour')} {counted(int(match[2]), 'minute')}",
    ),
)
