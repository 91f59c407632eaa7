"""Opening hours as a tenant writes them: "mon-fri 09:00-17:30", in a time zone of the tz database."""

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    rf"(?P<first>{'|'.join(DAYS)})(?:-(?P<last>{'|'.join(DAYS)}))? "
    r"(?P<opens>(?:[01]\d|2[0-3]):[0-5]\d)-(?P<closes>(?:[01]\d|2[0-3]):[0-5]\d|24:00)"
)


def are_hours(values: list[str]) -> bool:
    """Return whether each value is a day or a range of days, and a range of times in it."""
    return all((match := _HOURS.fullmatch(value)) is not None and match["opens"] < match["closes"] for value in values)


def is_time_zone(name: str) -> bool:
    """Return whether the tz database has this time zone."""
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def is_open(hours: tuple[str, ...], time_zone: str, now: float) -> bool:
    """Return whether `now` (Unix seconds) is within the hours. Empty hours mean always open."""
    local = datetime.fromtimestamp(now, _zone(time_zone))
    time, day = f"{local:%H:%M}", local.weekday()
    return not hours or any(_covers(value, day, time) for value in hours)


def _covers(value: str, day: int, time: str) -> bool:
    match = _HOURS.fullmatch(value)
    if match is None:
        return False
    first = DAYS.index(match["first"])
    days = (DAYS.index(match["last"] or match["first"]) - first) % 7
    return (day - first) % 7 <= days and match["opens"] <= time < match["closes"]


def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)
