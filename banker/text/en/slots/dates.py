"""Dates and periods: "next Friday", "the first of November", "in two weeks", "last 96 days", "11/30/2026"."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from dateutil.relativedelta import MO, relativedelta, weekday

from banker.text.en.slots.spoken_numbers import Numerals, Slot

Direction = Literal["future", "past"]

_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = "january february march april may june july august september october november december".split()
_DAY = (
    r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|"
    r"sun(?:day)?)"
)
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ANY_MONTH = f"(?:{'|'.join(_MONTHS)})"
_NTH = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_ORDINAL = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)"
_YEAR = r"(?:\s(?:,\s)?(?:of\s|in\s)?(?P<year>(?:19|20)\d\d|this year|next year|last year))?"
_UNIT = r"(?P<unit>day|week|month|quarter|year|fortnight|weekend)s?"
_COUNT = r"(?P<count>\d{1,3}|an?|few|couple(?: of)?|a few|a couple(?: of)?|several|some)"
_AFTER_PREPOSITION = (
    "(?:"
    + "|".join(rf"(?<=\b{word}\s)" for word in "in of for during since until till by from to before after and".split())
    + ")"
)


@dataclass(frozen=True)
class DateSpan:
    """The days `first` to `last`, both included; a single day is a span of one."""

    first: date
    last: date


_WEEK_OF = re.compile(r"(?:the\s)?week (?:of|beginning|starting|commencing)\s")
_Reader = Callable[[re.Match[str], date, Direction], DateSpan]
_RULES: list[tuple[re.Pattern[str], _Reader]] = []


def find_dates(text: str, today: date, direction: Direction = "future") -> list[Slot[DateSpan]]:
    """Return the dates and periods of a text, relative to `today`.

    Where the text leaves it open, such as "Friday" or "the 5th", the next one is meant, or with `direction` "past" the
    last one.
    """
    numerals = Numerals(text)
    return [Slot(value, *numerals.span(start, end)) for start, end, value in _scan(numerals.text, today, direction)]


def _scan(text: str, today: date, direction: Direction) -> Iterator[tuple[int, int, DateSpan]]:
    at = 0
    while at < len(text):
        if week := _WEEK_OF.match(text, at):
            day = next(_scan(text[week.end() :], today, direction), None)
            if day is not None and day[0] == 0:
                yield at, week.end() + day[1], _period("week", day[2].first)
                at = week.end() + day[1]
                continue
        for pattern, read in _RULES:
            match = pattern.match(text, at)
            if match is None:
                continue
            at = match.end()
            with suppress(ValueError, OverflowError):  # the 31st of April
                yield match.start(), match.end(), read(match, today, direction)
            break
        else:
            at += re.match(r"\S*\s*", text[at:]).end() or 1  # type: ignore[union-attr]


def _rule(pattern: str) -> Callable[[_Reader], _Reader]:
    def add(read: _Reader) -> _Reader:
        _RULES.append((re.compile(rf"(?:{pattern})(?![\w/])"), read))
        return read

    return add


def _single(day: date) -> DateSpan:
    return DateSpan(day, day)


def _month_number(name: str) -> int:
    return next(at for at, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _weekday(name: str) -> int:
    return next(at for at, day in enumerate(_DAYS) if day.startswith(name[:3]))


def _count(text: str) -> int:
    text = text.removeprefix("a ")
    if text.isdecimal():
        return int(text)
    return {"a": 1, "an": 1, "few": 3, "several": 3, "some": 3}.get(text, 2)


def _shift(unit: str, count: int) -> relativedelta:
    if unit == "fortnight":
        return relativedelta(weeks=2 * count)
    return relativedelta(
        days=count if unit == "day" else 0,
        weeks=count if unit in ("week", "weekend") else 0,
        months={"month": count, "quarter": 3 * count}.get(unit, 0),
        years=count if unit == "year" else 0,
    )


def _period(unit: str, day: date) -> DateSpan:
    """Return the week (from Monday), weekend, month or year that a day is in."""
    monday = day + relativedelta(weekday=MO(-1))
    first, length = {
        "week": (monday, relativedelta(days=6)),
        "fortnight": (monday, relativedelta(days=13)),
        "weekend": (monday + timedelta(days=5), relativedelta(days=1)),
        "month": (day.replace(day=1), relativedelta(day=31)),
        "quarter": (day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), relativedelta(months=2, day=31)),
        "year": (day.replace(month=1, day=1), relativedelta(month=12, day=31)),
    }.get(unit, (day, relativedelta()))
    return DateSpan(first, first + length)


def _named_year(text: str, today: date) -> int:
    named = {"this year": today.year, "next year": today.year + 1, "last year": today.year - 1}
    return named[text] if text in named else int(text)


@_rule(r"(?P<year>(?:19|20)\d\d)[-/. ](?P<month>[01]?\d)[-/. ](?P<day>[0-3]?\d)")
def _iso(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _single(date(int(match["year"]), int(match["month"]), int(match["day"])))


@_rule(r"(?P<month>\d{1,2})[/.](?P<day>\d{1,2})[/.](?P<year>(?:19|20)?\d\d)")
def _slashed(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    month, day, year = int(match["month"]), int(match["day"]), int(match["year"])
    if month > 12:
        month, day = day, month
    return _single(date(year + 2000 if year < 100 else year, month, day))


@_rule(r"(?P<month>1[0-2]|0?[1-9])/(?P<day>[0-3]?\d)(?P<year>)")
def _month_and_day(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _single(_nearest(int(match["month"]), int(match["day"]), today, direction))


@_rule(
    rf"(?:{_DAY}\s(?:,\s)?)?(?:the\s)?{_NTH}\s(?:day\s)?(?:of\s)?{_MONTH}\.?{_YEAR}"
    rf"|(?:{_DAY.replace('weekday', 'weekday2')}\s(?:,\s)?)?{_MONTH.replace('month', 'month2')}\.?\s(?:the\s)?"
    rf"{_NTH.replace('day', 'day2')}{_YEAR.replace('year>', 'year2>')}"
)
def _named(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    month, day = _month_number(match["month"] or match["month2"]), int(match["day"] or match["day2"])
    year = match["year"] or match["year2"]
    if year is not None:
        return _single(date(_named_year(year, today), month, day))
    return _single(_nearest(month, day, today, direction))


@_rule(r"(?:the\s)?day (?P<which>after tomorrow|before yesterday)")
def _two_days(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _single(today + timedelta(days=2 if match["which"] == "after tomorrow" else -2))


@_rule(r"(?P<which>today|tonight|tomorrow|yesterday|last night|this (?:morning|afternoon|evening)|right now)")
def _near(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _single(today + timedelta(days={"tomorrow": 1, "yesterday": -1, "last night": -1}.get(match["which"], 0)))


@_rule(
    r"(?:the\s)?(?P<edge>start|beginning|end) of (?:(?:the|this) |(?P<next>next )|(?P<last>last ))"
    r"(?P<unit>week|month|year)"
)
def _edge(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    step = 1 if match["next"] else -1 if match["last"] else 0
    span = _period(match["unit"], today + _shift(match["unit"], step))
    return _single(span.last if match["edge"] == "end" else span.first)


@_rule(rf"{_DAY}\s(?:in|and)\sa\sweek")
@_rule(rf"a\sweek\son\s{_DAY}")
def _week_on(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _single(today + relativedelta(days=1, weekday=weekday(_weekday(match["weekday"]))(+1)) + timedelta(days=7))


@_rule(r"lately|recently")
def _lately(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return DateSpan(today - relativedelta(months=1), today)


@_rule(rf"(?P<after>last week|this week|next week)\s(?:on\s)?{_DAY}(?P<which>)")
def _week_and_day(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _by_weekday(match, today, direction)


@_rule(rf"(?:in|within|after)\s(?:the\snext\s)?{_COUNT}\s{_UNIT}(?:'?\stime)?")
@_rule(rf"{_COUNT}\s{_UNIT}(?:\sfrom\s(?:now|today)|\shence|\slater)")
def _ahead(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _single(today + _shift(match["unit"], _count(match["count"])))


@_rule(rf"{_COUNT}\s{_UNIT}\s(?:ago|back|earlier)")
def _ago(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _single(today - _shift(match["unit"], _count(match["count"])))


@_rule(rf"(?:the\s|these\s|over the\s)?(?P<which>last|past|previous|next|coming|following)\s{_COUNT}\s{_UNIT}")
def _counted(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    shift = _shift(match["unit"], _count(match["count"]))
    if match["which"] in ("last", "past", "previous"):
        return DateSpan(today - shift, today)
    return DateSpan(today, today + shift)


@_rule(rf"(?:the\s)?(?P<which>this|last|past|previous|next|coming|following|current)\s{_UNIT}")
def _whole(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    step = {"this": 0, "current": 0, "last": -1, "past": -1, "previous": -1}.get(match["which"], 1)
    if match["unit"] == "weekend" and step == 1 and match["which"] == "coming":
        step = 0
    return _period(match["unit"], today + _shift(match["unit"], step))


@_rule(
    rf"(?:{_DAY}\s(?:,\s)?)?(?:the\s)?{_ORDINAL}(?:\s(?:of\s)?(?P<of>this month|next month|last month|the month))?"
    rf"(?!\s(?:1|account|card)|\s(?:of\s)?{_ANY_MONTH})"
)
def _by_day(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    day = int(match["day"])
    if match["of"]:
        step = {"next month": 1, "last month": -1}.get(match["of"], 0)
        return _single((today + relativedelta(months=step)).replace(day=day))
    for step in range(12):
        months = relativedelta(months=step if direction == "future" else -step)
        try:
            found = (today.replace(day=1) + months).replace(day=day)
        except ValueError:  # this month has no 31st
            continue
        if found == today or (found > today) == (direction == "future"):
            return _single(found)
    raise ValueError(day)


@_rule(
    rf"(?:(?P<which>this|next|last|coming|past|previous)\s)?{_DAY}(?:\s(?P<after>next week|last week|this week|week))?"
)
def _by_weekday(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    """ "Next Friday" is the coming one, as Duckling reads it; a confirmation shows the date."""
    number = _weekday(match["weekday"])
    if match["after"]:
        step = {"last week": -1, "this week": 0}.get(match["after"], 1)
        return _single(today + relativedelta(weekday=MO(-1), weeks=step) + timedelta(days=number))
    if match["which"] in ("last", "past", "previous") or (match["which"] is None and direction == "past"):
        return _single(today + relativedelta(days=-1, weekday=weekday(number)(-1)))
    return _single(today + timedelta(days=1) + relativedelta(weekday=weekday(number)(+1)))


@_rule(rf"(?P<which>this|next|last)\s{_MONTH}(?P<year>)")
@_rule(rf"{_AFTER_PREPOSITION}{_MONTH}{_YEAR}")
@_rule(rf"{_MONTH.replace('|may|', '|').replace('mar(?:ch)?', 'march')}{_YEAR}")
@_rule(r"(?P<month>may)\s(?P<year>(?:19|20)\d\d)")
def _month(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    month = _month_number(match["month"])
    which = match.groupdict().get("which")
    if match["year"]:
        year = _named_year(match["year"], today)
    elif which == "last" or (which is None and direction == "past"):
        year = today.year if month <= today.month - (which == "last") else today.year - 1
    else:
        year = today.year if month >= today.month + (which == "next") else today.year + 1
    return _period("month", date(year, month, 1))


@_rule(r"(?:in\s|of\s)?(?P<year>20[0-4]\d)(?!\s(?:dollars?|pounds?|euros?|bucks|usd|eur))(?!\s?[$£€])")
def _by_year(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return _period("year", date(int(match["year"]), 1, 1))


def _nearest(month: int, day: int, today: date, direction: Direction) -> date:
    """Return the next or last day with this number and month; the 29th of February is in a leap year."""
    step = 1 if direction == "future" else -1
    for year in range(today.year, today.year + 9 * step, step):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found == today or (found > today) == (direction == "future"):
            return found
    raise ValueError(f"{month}/{day}")
