"""Dates and periods: "next Friday", "the first of November", "a week from Tuesday", "last 96 days", "11/30/2026".

`date_rules` reads the phrases that name a day by themselves. Here they are put together: "the end of" a period, "two
weeks after" a day, the second Tuesday "of" a month, and the two ends of a range.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta, weekday

from banker.text.en.slots.date_rules import RULES
from banker.text.en.slots.date_words import COUNT, DAY, UNIT, unit_and_count, weekday_number
from banker.text.en.slots.periods import DateSpan, Direction, nth_weekday, period, shift, single
from banker.text.en.slots.spoken_numbers import Numerals, Slot

__all__ = ["DateSpan", "Direction", "find_dates", "find_impossible_dates"]

_TO = "(?:to|through|thru|until|till|~)"
_DASH = re.compile(r"(?<![\d-])(\d{1,2}(?:st|nd|rd|th)? ?)[-\u2013\u2014](?= ?\d{1,2}(?:st|nd|rd|th)?(?![\d-]))")
_BETWEEN = re.compile(rf" (?:{_TO}|and) (?:the )?")
_EARLIER_DAY = re.compile(
    rf"(?:the )?\b(?P<day>[0-3]?\d)(?:(?:st|nd|rd|th) (?:{_TO}|and|or)|(?<=between \d) and|(?<=between \d\d) and"
    rf"|(?<=from \d) to|(?<=from \d\d) to| ~) (?:the )?$"
)
"""The day before a date that has the month for both: "the 3rd to" in "the 3rd to the 7th of March"."""
_LATER_DAY = re.compile(r" ~ (?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?![\w:/])")
_CURRENT = re.compile(r"(?:(?:the|this|each|every) )?(?P<unit>week|month|quarter|year)\b")
"""What may stand after "the end of" besides a date: the period that today is in."""
_SO_FAR = re.compile(r" (?:so far|to date)\b")


@dataclass(frozen=True)
class _Read:
    """What is read at `start` to `end`; no `span` where the words name a day that does not exist."""

    start: int
    end: int
    span: DateSpan | None
    every: relativedelta | None = None

    @property
    def names_month(self) -> bool:
        """Whether it is a day with its month."""
        return self.span is not None and self.span.first == self.span.last and self.every == relativedelta(years=1)


def find_dates(text: str, today: date, direction: Direction = "future") -> list[Slot[DateSpan]]:
    """Return the dates and periods of a text, relative to `today`.

    Where the text leaves it open, such as "Friday" or "the 5th", the next one is meant, or with `direction` "past" the
    last one. The end of a range is not before its start.
    """
    numerals = Numerals(_DASH.sub(r"\1~", text))
    reads = _in_order(_scan(numerals.text, today, direction), numerals.text, direction)
    slots = [Slot(read.span, *numerals.span(read.start, read.end)) for read in reads if read.span is not None]
    return [slot for slot in slots if not _is_ordinal_word(text, slot)]


def find_impossible_dates(text: str, today: date) -> list[Slot[str]]:
    """Return the words of a text that name days which do not exist: "February 30"."""
    numerals = Numerals(text)
    spans = [numerals.span(read.start, read.end) for read in _scan(numerals.text, today, "future") if read.span is None]
    return [Slot(re.sub("(?i)^the ", "", text[start:end]), start, end) for start, end in spans]


def _is_ordinal_word(text: str, slot: Slot[DateSpan]) -> bool:
    """Return whether a slot is a lone "first" or "second" in a longer text: "first, send 50 dollars"."""
    said = text[slot.start : slot.end]
    return said.lower() in ("first", "second", "third") and said != text.strip(" .,!?")


def _scan(text: str, today: date, direction: Direction) -> Iterator[_Read]:
    at = 0
    while at < len(text):
        read = _read_at(text, at, today, "past" if text[:at].endswith("since ") else direction)
        if read is not None:
            yield read
            at = read.end
        else:
            at += re.match(r"\S*\s*", text[at:]).end() or 1  # type: ignore[union-attr]


def _read_at(text: str, at: int, today: date, direction: Direction) -> _Read | None:
    """Read the longest phrase that begins at `at`."""
    for pattern, combine in _COMBINATIONS:
        if not (prefix := pattern.match(text, at)):
            continue
        inner = _read_at(text, prefix.end(), today, direction)
        if inner is None and "(?P<of>" in pattern.pattern and (unit := _CURRENT.match(text, prefix.end())):
            inner = _Read(prefix.end(), unit.end(), period(unit["unit"], today))
        if inner is not None and inner.span is not None:
            return _Read(at, inner.end, _valid(combine, prefix, inner.span, today, direction))
    for rule in RULES:
        if match := rule.pattern.match(text, at):
            span = _valid(rule.read, match, today, direction)
            if span and span.first <= today <= span.last and (so_far := _SO_FAR.match(text, match.end())):
                return _Read(at, so_far.end(), DateSpan(span.first, today))
            return _Read(at, match.end(), span, rule.every)
    return None


def _valid(read: Callable[..., DateSpan], *arguments: Any) -> DateSpan | None:
    """Return what `read` returns, or None for a day that does not exist, such as the 31st of April."""
    try:
        return read(*arguments)
    except (ValueError, OverflowError):
        return None


def _in_order(reads: Iterator[_Read], text: str, direction: Direction) -> list[_Read]:
    """Give both ends of a range the month that only one of them names, and let the range end after its start."""
    ordered: list[_Read] = []
    for read in reads:
        before = ordered[-1] if ordered else None
        earlier = _EARLIER_DAY.search(text, 0, read.start) if read.names_month else None
        if earlier and (before is None or not before.names_month):
            if before is not None and before.end > earlier.start():
                ordered.pop()
            ordered.append(_in_month_of(read, earlier))
        elif before is not None and before.span and read.span and _BETWEEN.fullmatch(text, before.end, read.start):
            before, read = _forward(before, read, direction)
            ordered[-1] = before
        ordered.append(read)
        if read.names_month and (later := _LATER_DAY.match(text, read.end)):
            ordered.append(_in_month_of(read, later))
    return [read for at, read in enumerate(ordered) if at == 0 or read.start >= ordered[at - 1].end]


def _in_month_of(read: _Read, day: re.Match[str]) -> _Read:
    first = read.span.first if read.span else date.min
    return _Read(day.start("day"), day.end("day"), _valid(_on_day, first, int(day["day"])))


def _on_day(month: date, day: int) -> DateSpan:
    return single(month.replace(day=day))


def _forward(start: _Read, end: _Read, direction: Direction) -> tuple[_Read, _Read]:
    """Move the end of a range behind its start, or in the past the start before its end, if it comes again."""
    if start.span is None or end.span is None:
        return start, end
    if start.names_month and end.every == relativedelta(months=1):
        return start, replace(end, span=_valid(_on_day, start.span.first, end.span.first.day))
    if end.span.last >= start.span.first:
        return start, end
    if direction == "future" and end.every:
        return start, replace(end, span=DateSpan(end.span.first + end.every, end.span.last + end.every))
    if direction == "past" and start.every:
        start = replace(start, span=DateSpan(start.span.first - start.every, start.span.last - start.every))
    return start, end


def _away(match: re.Match[str], span: DateSpan, today: date, direction: Direction) -> DateSpan:
    unit, count = unit_and_count(match)
    return single(shift(span.first, unit, -count if match["side"] == "before" else count))


def _weekday_from(match: re.Match[str], span: DateSpan, today: date, direction: Direction) -> DateSpan:
    day, step = weekday(weekday_number(match["weekday"])), 1 if match["side"] == "after" else -1
    return single(span.first + relativedelta(days=step, weekday=day(step)))


def _week_of(match: re.Match[str], span: DateSpan, today: date, direction: Direction) -> DateSpan:
    return period("week", span.first) if span.first == span.last else span


def _week_on(match: re.Match[str], span: DateSpan, today: date, direction: Direction) -> DateSpan:
    return single(shift(span.first, match["unit"], 1))


def _edge(match: re.Match[str], span: DateSpan, today: date, direction: Direction) -> DateSpan:
    if match["edge"] in ("middle", "mid"):
        return single(span.first + timedelta(days=(span.last - span.first).days // 2 - 1))
    is_start = match["edge"] not in ("end", "last day")
    if is_start and span.first < today and direction == "future" and span == period("month", today):
        return single(shift(span.first, "month", 1))
    return single(span.first if is_start else span.last)


def _nth_of(match: re.Match[str], span: DateSpan, today: date, direction: Direction) -> DateSpan:
    number, nth = weekday_number(match["weekday"]), -1 if match["nth"] == "last" else int(match["nth"][0])
    found = nth_weekday(number, nth, span)
    if found < today and direction == "future" and span == period("month", today):
        found = nth_weekday(number, nth, period("month", shift(today, "month", 1)))
    return single(found)


def _so_far(match: re.Match[str], span: DateSpan, today: date, direction: Direction) -> DateSpan:
    return DateSpan(span.first, min(span.last, today))


_Combine = Callable[[re.Match[str], DateSpan, date, Direction], DateSpan]
_COMBINATIONS: list[tuple[re.Pattern[str], _Combine]] = [
    (re.compile(pattern), combine)
    for pattern, combine in (
        (r"(?:the )?week (?:of|beginning|starting|commencing) ", _week_of),
        (rf"{COUNT} {UNIT} (?P<side>from|after|before) ", _away),
        (rf"(?:the )?(?P<count>){UNIT} (?P<side>after|before) (?!next|last)", _away),
        (rf"(?:the )?{DAY} (?P<side>after|before) (?!next|last)", _weekday_from),
        (rf"an? (?P<unit>week|fortnight) (?:on )?(?=today|tomorrow|{DAY})", _week_on),
        (r"(?:the )?(?P<edge>start|beginning|middle|end|last day|1st day) (?P<of>of )", _edge),
        (r"(?P<edge>mid|middle) ", _edge),
        (rf"(?:the )?(?P<nth>[1-5](?:st|nd|rd|th)|last) {DAY} (?P<of>of |in )", _nth_of),
        (r"so far ", _so_far),
    )
]
