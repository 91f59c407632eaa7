"""The names of months and days, and the patterns of dates and times of day, for verbose regular expressions."""

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTH_NUMBERS = {name[:3].lower(): number for number, name in enumerate(MONTHS, start=1)}

_CAPITALISED = "|".join(MONTHS) + r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
_LOWER_CASE = "|".join(rf"{name.lower()}\b" for name in MONTHS if name not in ("March", "May"))  # these are verbs
MONTH = rf"(?P<month>{_CAPITALISED}|{_LOWER_CASE})"
ORDINAL_ENDING = "(?:st|nd|rd|th)"
DAY = rf"(?P<day>0?[1-9]|[12][0-9]|3[01]){ORDINAL_ENDING}?"
YEAR = "(?P<year>(?:1[7-9]|2[01])[0-9]{2})"
IN_YEAR = rf"(?:,?\s{YEAR})?"
MONTH_DAY = rf"{MONTH}\s{DAY}"
DAY_MONTH = rf"{DAY}\s(?P<of>of\s)?{MONTH}"
SECONDS = "(?: :(?P<second>[0-9]{2}) )?"
HALF = r"(?P<half>[aApP])(?:\.\s?[mM]\.?|[mM]\b)"
"""a.m. or p.m."""


def month_number(name: str) -> int:
    """Return 1 to 12 for the name of a month or its abbreviation."""
    return _MONTH_NUMBERS[name[:3].lower()]
