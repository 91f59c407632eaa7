"""Days and periods, and the arithmetic of the calendar with them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from dateutil.relativedelta import MO, relativedelta, weekday

Direction = Literal["future", "past"]

FRIDAY = 4


@dataclass(frozen=True)
class DateSpan:
    """The days `first` to `last`, both included; a single day is a span of one."""

    first: date
    last: date
    length: tuple[str, float] | None = None
    """The unit and the number of them where only a length of time was said: "for two weeks" from `first` on."""


def single(day: date) -> DateSpan:
    """Return the span of one day."""
    return DateSpan(day, day)


def shift(day: date, unit: str, count: float) -> date:
    """Return the day that is `count` units later: days, business days, weeks, weekends, fortnights, …, years.

    Half a month is 15 days.
    """
    if unit == "business day":
        step = 1 if count > 0 else -1
        found = day
        for _ in range(abs(int(count))):
            found += timedelta(days=step)
            while found.weekday() > FRIDAY:
                found += timedelta(days=step)
        return found
    months = count * {"month": 1, "quarter": 3, "year": 12}.get(unit, 0)
    days = count * {"day": 1, "week": 7, "weekend": 7, "fortnight": 14}.get(unit, 0) + (months - int(months)) * 30
    shifted: date = day + relativedelta(months=int(months), days=int(days))
    return shifted


def period(unit: str, day: date) -> DateSpan:
    """Return the week (from Monday), weekend, month, quarter or year that a day is in."""
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


def season(start_month: int, day: date) -> DateSpan:
    """Return the three months from `start_month` that contain `day` or come after it."""
    first = date(day.year, start_month, 1)
    if start_month == 12 and day.month < 3:
        first = first.replace(year=day.year - 1)
    span = DateSpan(first, first + relativedelta(months=2, day=31))
    return span if day <= span.last else season(start_month, date(day.year + 1, 1, 1) + relativedelta(months=3))


def nth_weekday(number: int, nth: int, span: DateSpan) -> date:
    """Return the nth Monday (`number` 0) and so on of a period; -1 is the last. Raises `ValueError` without one."""
    found: date = (span.first if nth > 0 else span.last) + relativedelta(weekday=weekday(number)(nth))
    if not span.first <= found <= span.last:
        raise ValueError(nth)
    return found


def nearest(month: int, day: int, today: date, direction: Direction) -> date:
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


def nearest_in_month(day: int, today: date, direction: Direction) -> date:
    """Return the next or last day with this number in its month."""
    for step in range(12):
        months = relativedelta(months=step if direction == "future" else -step)
        try:
            found: date = (today.replace(day=1) + months).replace(day=day)
        except ValueError:  # this month has no 31st
            continue
        if found == today or (found > today) == (direction == "future"):
            return found
    raise ValueError(day)
