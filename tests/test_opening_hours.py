"""Opening hours: days, ranges of days, times in a time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from banker.opening_hours import are_hours, is_open, is_time_zone

HOURS = ("mon-fri 09:00-17:30", "sat 10:00-13:00", "sun-mon 22:00-24:00")


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-11-30 09:00", True),  # a Monday
        ("2026-11-30 08:59", False),
        ("2026-11-30 17:30", False),
        ("2026-11-30 23:59", True),
        ("2026-12-04 17:29", True),
        ("2026-12-05 12:00", True),
        ("2026-12-05 14:00", False),
        ("2026-12-06 22:00", True),
        ("2026-12-08 22:00", False),
    ],
)
def test_is_open(local: str, expected: bool) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert is_open(HOURS, "Europe/Berlin", now) is expected


def test_without_hours_it_is_always_open() -> None:
    assert is_open((), "UTC", 0.0)


@pytest.mark.parametrize(
    "wrong", ["mon", "mon 9:00-17:00", "mon 17:00-09:00", "mon-fri 09:00-25:00", "Mon 09:00-17:00"]
)
def test_mistakes_are_found(wrong: str) -> None:
    assert are_hours(list(HOURS))
    assert not are_hours([wrong])
    assert is_time_zone("Europe/Berlin") and not is_time_zone("Europe/Bern/Lin") and not is_time_zone("../etc/passwd")
