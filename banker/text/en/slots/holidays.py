"""The days of holidays that customers name, most of them in the United States."""

from collections.abc import Callable
from datetime import date, timedelta

from dateutil.easter import easter
from dateutil.relativedelta import FR, MO, TH, relativedelta

_FIXED = {
    "new year": (1, 1),
    "valentine": (2, 14),
    "independence": (7, 4),
    "halloween": (10, 31),
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "boxing": (12, 26),
    "new year eve": (12, 31),
}
_MOVING: dict[str, Callable[[int], date]] = {
    "good friday": lambda year: easter(year) - timedelta(days=2),
    "easter": easter,
    "easter monday": lambda year: easter(year) + timedelta(days=1),
    "memorial": lambda year: date(year, 5, 31) + relativedelta(weekday=MO(-1)),
    "labor": lambda year: date(year, 9, 1) + relativedelta(weekday=MO(1)),
    "labour": lambda year: date(year, 9, 1) + relativedelta(weekday=MO(1)),
    "thanksgiving": lambda year: date(year, 11, 1) + relativedelta(weekday=TH(4)),
    "black friday": lambda year: date(year, 11, 1) + relativedelta(weekday=TH(4)) + relativedelta(weekday=FR(1)),
}


def holiday(name: str, year: int) -> date:
    """Return the day of a holiday in a year. Raises `LookupError` for a name that is not known."""
    plain = name.replace(" ' s", "").replace("years", "year").replace("xmas", "christmas")
    known = max((each for each in (*_FIXED, *_MOVING) if plain.startswith(each)), key=len, default="")
    if known in _FIXED:
        return date(year, *_FIXED[known])
    if known in _MOVING:
        return _MOVING[known](year)
    raise LookupError(name)
