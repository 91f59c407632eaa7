"""Times of day: "3:30 pm", "half past nine", "25 to 7 in the evening", "noon"; with a date: points in time."""

import re
from datetime import date, datetime, time, timedelta

from banker.text.en.slots.dates import Direction, find_dates
from banker.text.en.slots.spoken_numbers import Numerals, Slot

_HALF = (
    r"(?:\s?(?P<half>a ?\.? ?m\b ?\.?|p ?\.? ?m\b ?\.?|(?:in the |at )?(?:morning|afternoon|evening|night)|o'clock"
    r"(?: (?:in the |at )?(?:morning|afternoon|evening|night))?|sharp))?"
)
_PATTERN = re.compile(
    r"(?P<word>noon|midday|midnight)\b"
    r"|(?P<relative>in\s)?(?P<count>\d{1,3}|an?|half an)\s(?P<unit>hours?|minutes?)(?(relative)|\s(?P<ago>ago))\b"
    r"|(?:(?P<part>half|quarter|a quarter|\d{1,2})(?:\sminutes?)?\s(?P<side>past|after|to|till|before)\s(?P<of>\d{1,2})"
    rf"|(?P<hour>\d{{1,2}})(?:[:.h](?P<minute>\d\d)|\s(?P<minute2>[0-5]\d))?)(?![\d:/%.]\d|\d)(?!st|nd|rd|th){_HALF}"
)
_BEFORE = re.compile(
    r"(?:\bat|\bby|\bfrom|\buntil|\btill|\bbefore|\bafter|\baround|\babout|\bbetween|\band|\bto|\bor) $"
)
_24_HOURS = re.compile(r"\b(?:1[3-9]|2[0-3]):[0-5]\d\b")
"""A time that is said so makes the others in the text ones of 24 hours too: "22:30 to 6:30"."""
_FIRST_BUSINESS_HOUR = 7
"""An hour below this without "am" or "pm" is one of the afternoon: a bank's branch is open then."""


def find_times(text: str, now: datetime | None = None, *, bare: bool = False) -> list[Slot[time]]:
    """Return the times of day of a text. With `bare`, "10" and "10 30" count, and with `now` "in two hours" too."""
    numerals = Numerals(text)
    found = []
    has_24_hours = _24_HOURS.search(numerals.text) is not None
    for match in _PATTERN.finditer(numerals.text):
        before = numerals.text[: match.start()]
        if before and before[-1] not in " ":
            continue
        value = _time(match, now, has_24_hours)
        clear = match["word"] or match["unit"] or match["half"] or match["minute"] or match["part"]
        if value is not None and (clear or bare or _BEFORE.search(before)):
            found.append(Slot(value, *numerals.span(*match.span())))
    return found


def find_datetimes(
    text: str, now: datetime, direction: Direction = "future", *, bare: bool = False
) -> list[tuple[Slot[date] | None, Slot[time] | None]]:
    """Return pairs of a date and a time in the order of the text; one of both is None where only the other is said."""
    dates = [
        Slot(slot.value.first, slot.start, slot.end)
        for slot in find_dates(text, now.date(), direction)
        if not slot.value.length
    ]
    rest = "".join(
        " " if any(slot.start <= at < slot.end for slot in dates) else character for at, character in enumerate(text)
    )
    times = find_times(rest, now, bare=bare)
    longest = max(len(dates), len(times))
    return [(dates[at] if at < len(dates) else None, times[at] if at < len(times) else None) for at in range(longest)]


def _time(match: re.Match[str], now: datetime | None, has_24_hours: bool) -> time | None:
    if match["word"]:
        return time(0) if match["word"] == "midnight" else time(12)
    if match["unit"]:
        return _away(match, now)
    hour, minute = int(match["of"] or match["hour"]), int(match["minute"] or match["minute2"] or 0)
    if match["part"]:
        part = {"half": 30, "quarter": 15, "a quarter": 15}.get(match["part"]) or int(match["part"])
        minute = part if match["side"] in ("past", "after") else -part
    half = (match["half"] or "").replace(" ", "").replace(".", "")
    if half.startswith("p") or "evening" in half or "afternoon" in half or ("night" in half and hour >= 5):
        hour += 12 if hour < 12 else 0
    elif (half.startswith("a") and half != "at") or "morning" in half or "night" in half:
        hour = 0 if hour == 12 else hour
    elif 0 < hour < _FIRST_BUSINESS_HOUR and len(match["hour"] or "1") == 1 and not has_24_hours:
        hour += 12
    total = hour * 60 + minute
    return time(total // 60 % 24, total % 60) if 0 <= total <= 24 * 60 + 59 and abs(minute) < 60 else None


def _away(match: re.Match[str], now: datetime | None) -> time | None:
    if now is None:
        return None
    count = {"half an": 0.5}.get(match["count"], 1.0 if match["count"].startswith("a") else 0) or float(match["count"])
    return (now + (-count if match["ago"] else count) * timedelta(**{match["unit"].rstrip("s") + "s": 1})).time()
