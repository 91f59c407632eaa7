"""The phrases that name a day or a period by themselves: a pattern and a reader for each kind.

Patterns are matched against `Numerals.text`: lower case, numbers in digits, single spaces. Earlier rules go first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import MO, relativedelta, weekday

from banker.text.en.calendar import month_number
from banker.text.en.slots.date_words import (
    AFTER_PREPOSITION,
    ANY_MONTH,
    COUNT,
    DAY,
    HALF,
    HOLIDAY,
    MONTH,
    NTH,
    ORDINAL,
    SEASONS,
    UNIT,
    YEAR,
    unit_and_count,
    weekday_number,
)
from banker.text.en.slots.holidays import holiday
from banker.text.en.slots.periods import (
    DateSpan,
    Direction,
    nearest,
    nearest_in_month,
    period,
    season,
    shift,
    single,
)

_PAST = ("last", "past", "previous")

Reader = Callable[[re.Match[str], date, Direction], DateSpan]


@dataclass(frozen=True)
class DateRule:
    """A kind of phrase. `every` is the interval at which what it names comes again, if it names no single one."""

    pattern: re.Pattern[str]
    read: Reader
    every: relativedelta | None = None


RULES: list[DateRule] = []


def _rule(pattern: str, every: relativedelta | None = None) -> Callable[[Reader], Reader]:
    def add(read: Reader) -> Reader:
        RULES.append(DateRule(re.compile(rf"(?:{pattern})(?![\w/])"), read, every))
        return read

    return add


def _named_year(text: str, today: date) -> int:
    named = {"this year": today.year, "next year": today.year + 1, "last year": today.year - 1}
    return named[text] if text in named else int(text)


@_rule(r"(?P<year>(?:19|20)\d\d)[-/. ](?P<month>[01]?\d)[-/. ](?P<day>[0-3]?\d)")
def _iso(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return single(date(int(match["year"]), int(match["month"]), int(match["day"])))


@_rule(r"(?P<first>\d{1,2})(?P<sign>[/.])(?P<second>\d{1,2})[/.](?P<year>(?:19|20)?\d\d)")
def _in_figures(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    """With slashes the month comes first, as in the United States; with full stops the day, as in Europe."""
    month, day, year = int(match["first"]), int(match["second"]), int(match["year"])
    if month > 12 or (match["sign"] == "." and day <= 12):
        month, day = day, month
    return single(date(year + 2000 if year < 100 else year, month, day))


@_rule(r"(?P<month>1[0-2]|0?[1-9])/(?P<day>[0-3]?\d)", every=relativedelta(years=1))
def _month_and_day(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return single(nearest(int(match["month"]), int(match["day"]), today, direction))


@_rule(
    rf"(?:{DAY}\s(?:,\s)?)?(?:the\s)?{NTH}\s(?:day\s)?(?:of\s)?{MONTH}\.?{YEAR}"
    rf"|(?:{DAY.replace('weekday', 'weekday2')}\s(?:,\s)?)?{MONTH.replace('month', 'month2')}\.?\s(?:the\s)?"
    rf"{NTH.replace('day', 'day2')}{YEAR.replace('year>', 'year2>')}",
    every=relativedelta(years=1),
)
def _named(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    month, day = month_number(match["month"] or match["month2"]), int(match["day"] or match["day2"])
    year = match["year"] or match["year2"]
    if year is not None:
        return single(date(_named_year(year, today), month, day))
    return single(nearest(month, day, today, direction))


@_rule(rf"(?:(?P<which>this|next|last)\s)?{HOLIDAY}{YEAR}", every=relativedelta(years=1))
def _holiday(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    if match["year"]:
        return single(holiday(match["holiday"], _named_year(match["year"], today)))
    past = match["which"] == "last" or (match["which"] is None and direction == "past")
    days = [holiday(match["holiday"], today.year + step) for step in (-1, 0, 1)]
    return single(max(day for day in days if day <= today) if past else min(day for day in days if day >= today))


@_rule(r"(?:the\s)?day (?P<which>after tomorrow|before yesterday)")
def _two_days(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return single(today + timedelta(days=2 if match["which"] == "after tomorrow" else -2))


@_rule(rf"(?P<day_word>today|tomorrow|{DAY}) (?:week|(?:in|and) a week)")
def _week_later(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    day = today + timedelta(days=1 if match["day_word"] == "tomorrow" else 0)
    if match["weekday"]:
        day = today + relativedelta(days=1, weekday=weekday(weekday_number(match["weekday"]))(+1))
    return single(day + timedelta(days=7))


@_rule(r"(?P<which>today|tonight|tomorrow|yesterday|last night|this (?:morning|afternoon|evening)|right now)")
def _near(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return single(today + timedelta(days={"tomorrow": 1, "yesterday": -1, "last night": -1}.get(match["which"], 0)))


@_rule(r"lately|recently")
def _lately(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return DateSpan(today - relativedelta(months=1), today)


@_rule(r"this time (?P<which>last|next) (?P<unit>week|month|year)")
def _this_time(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return single(shift(today, match["unit"], -1 if match["which"] == "last" else 1))


@_rule(rf"(?:last|this|next) week\s(?:on\s)?{DAY}", every=relativedelta(weeks=1))
def _week_and_day(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    step = {"last": -1, "this": 0}.get(match[0].split()[0], 1)
    return single(today + relativedelta(weekday=MO(-1), weeks=step) + timedelta(days=weekday_number(match["weekday"])))


@_rule(rf"(?:in|within|after)\s(?:the\snext\s)?{COUNT}\s{UNIT}{HALF}(?:'?\stime)?")
@_rule(rf"{COUNT}\s{UNIT}{HALF}(?:\sfrom\s(?:now|today)|\shence|\slater)")
@_rule(r"(?:the\s)?(?P<count>)next (?P<unit>(?:business|working) day)")
def _ahead(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    unit, count = unit_and_count(match)
    return single(shift(today, unit, count if match["count"] else 1))


@_rule(rf"for\s(?:the\snext\s)?{COUNT}\s{UNIT}{HALF}")
def _for_so_long(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    unit, count = unit_and_count(match)
    return DateSpan(today, shift(today, unit, count), (unit, count))


@_rule(rf"{COUNT}\s{UNIT}{HALF}\s(?:ago(?:\stoday)?|back|earlier)")
def _ago(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    unit, count = unit_and_count(match)
    return single(shift(today, unit, -count))


@_rule(rf"(?:the\s|these\s|over the\s)?(?P<which>last|past|previous|next|coming|following)\s{COUNT}\s{UNIT}")
def _counted(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    unit, count = unit_and_count(match)
    if match["which"] in _PAST:
        return DateSpan(shift(today, unit, -count), today)
    return DateSpan(today, shift(today, unit, count))


@_rule(r"(?:the\s)?(?P<unit>week|weekend|month|quarter|year) (?P<which>before(?: last|(?=\W*$))|after next)")
def _second_next(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return period(match["unit"], shift(today, match["unit"], 2 if match["which"] == "after next" else -2))


@_rule(r"q(?P<quarter>[1-4])(?:\s(?:of\s)?(?P<year>(?:19|20)\d\d|this year|next year|last year))?")
@_rule(r"(?:the\s)?(?P<quarter>[1-4])(?:st|nd|rd|th) quarter(?:\s(?:of\s)?(?P<year>20\d\d|(?:this|next|last) year))?")
def _quarter(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    month = int(match["quarter"]) * 3 - 2
    if match["year"]:
        return period("quarter", date(_named_year(match["year"], today), month, 1))
    span = period("quarter", date(today.year, month, 1))
    years = (
        1 if direction == "future" and span.last < today else -1 if direction == "past" and span.first > today else 0
    )
    return period("quarter", span.first + relativedelta(years=years))


@_rule(rf"(?:the\s)?(?P<which>this|last|past|previous|next|coming|following|current)\s{UNIT}")
def _whole(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    step = {"this": 0, "current": 0, "last": -1, "past": -1, "previous": -1}.get(match["which"], 1)
    if match["unit"] == "weekend" and match["which"] == "coming":
        step = 0
    return period(match["unit"], shift(today, match["unit"], step))


@_rule(rf"(?:(?P<which>this|last|next)\s|{AFTER_PREPOSITION}(?:the\s)?)(?P<season>{'|'.join(SEASONS)})")
def _season(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    span = season(SEASONS[match["season"]], today)
    is_past = match["which"] == "last" or (match["which"] is None and direction == "past" and span.first > today)
    years = -1 if is_past else 1 if match["which"] == "next" and span.first <= today else 0
    return season(span.first.month, span.first + relativedelta(years=years))


@_rule(
    rf"(?:{DAY}\s(?:,\s)?)?(?:the\s)?{ORDINAL}\s(?:of\s|in\s)?(?P<of>this month|next month|last month|the month"
    r"|(?:each|every) month)"
)
def _of_month(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    if match["of"][:3] in ("eac", "eve", "the"):  # a standing order begins with the next one
        return single(nearest_in_month(int(match["day"]), today, direction))
    step = {"next month": 1, "last month": -1}.get(match["of"], 0)
    return single((today + relativedelta(months=step)).replace(day=int(match["day"])))


@_rule(
    rf"(?:{DAY}\s(?:,\s)?)?(?:the\s)?{ORDINAL}(?!\s(?:1|account|card|{UNIT.replace('?P<unit>', '?:')})\b)"
    rf"(?!\s(?:of\s)?{ANY_MONTH})",
    every=relativedelta(months=1),
)
def _by_day(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return single(nearest_in_month(int(match["day"]), today, direction))


@_rule(
    rf"(?:(?P<which>this|next|last|coming|past|previous|each|every)\s)?{DAY}"
    r"(?:\s(?P<after>next week|last week|this week|next))?",
    every=relativedelta(weeks=1),
)
def _by_weekday(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    """ "Next Friday" is the coming one, as Duckling reads it; a confirmation shows the date."""
    number = weekday_number(match["weekday"])
    if match["after"] and match["after"] != "next":
        step = {"last week": -1, "this week": 0}.get(match["after"], 1)
        return single(today + relativedelta(weekday=MO(-1), weeks=step) + timedelta(days=number))
    if match["which"] in _PAST or (match["which"] == match["after"] and direction == "past"):
        return single(today + relativedelta(days=-1, weekday=weekday(number)(-1)))
    return single(today + timedelta(days=1) + relativedelta(weekday=weekday(number)(+1)))


@_rule(rf"(?P<which>this|next|last)\s{MONTH}(?P<year>)")
@_rule(rf"{AFTER_PREPOSITION}{MONTH}{YEAR}", every=relativedelta(years=1))
@_rule(rf"{MONTH.replace('|may|', '|').replace('mar(?:ch)?', 'march')}{YEAR}", every=relativedelta(years=1))
@_rule(r"(?P<month>may)\s(?P<year>(?:19|20)\d\d)")
def _month(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    month = month_number(match["month"])
    which = match.groupdict().get("which")
    if match["year"]:
        year = _named_year(match["year"], today)
    elif which == "last" or (which is None and direction == "past"):
        year = today.year if month <= today.month - (which == "last") else today.year - 1
    else:
        year = today.year if month >= today.month + (which == "next") else today.year + 1
    return period("month", date(year, month, 1))


@_rule(r"(?:in\s|of\s)?(?P<year>20[0-4]\d)(?!\s(?:dollars?|pounds?|euros?|bucks|usd|eur))(?!\s?[$£€])")
def _by_year(match: re.Match[str], today: date, direction: Direction) -> DateSpan:
    return period("year", date(int(match["year"]), 1, 1))
