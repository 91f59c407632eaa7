"""Patterns of the words that dates are made of: days, months, ordinals, years, units of time and how many of them."""

import re

from banker.text.en.calendar import DAYS, MONTHS

SEASONS = {"winter": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}
DAY = (
    r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|"
    r"sun(?:day)?)"
)
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
HOLIDAY = (
    r"(?P<holiday>new year(?:s| ' s)? eve|new year(?:s| ' s)?(?: day)?|valentine(?:s| ' s)?(?: day)?|good friday|"
    r"easter(?: monday| sunday)?|memorial day|independence day|labou?r day|halloween|thanksgiving(?: day)?|"
    r"black friday|christmas(?: eve| day)?|xmas(?: eve| day)?|boxing day)"
)
ANY_MONTH = f"(?:{'|'.join(MONTHS).lower()})"
NTH = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
ORDINAL = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)"
YEAR = r"(?:\s(?:,\s)?(?:of\s|in\s)?(?P<year>(?:19|20)\d\d|this year|next year|last year))?"
UNIT = r"(?P<unit>(?:business |working )?day|week|month|quarter|year|fortnight|weekend)s?"
COUNT = r"(?P<count>\d{1,3}|an?|half an?|few|couple(?: of)?|a few|a couple(?: of)?|several|some)"
HALF = r"(?P<half>\sand a half)?"
AFTER_PREPOSITION = (
    "(?:"
    + "|".join(rf"(?<=\b{word}\s)" for word in "in of for during since until till by from to before after and".split())
    + ")"
)


def weekday_number(name: str) -> int:
    """Return 0 for Monday, also abbreviated."""
    return next(at for at, day in enumerate(map(str.lower, DAYS)) if day.startswith(name[:3]))


def unit_and_count(match: re.Match[str]) -> tuple[str, float]:
    """Return the unit of a length of time and how many of it: "a year and a half" is 1.5 years."""
    unit = re.sub(r"^working", "business", match["unit"])
    count = match["count"].removeprefix("a ")
    number = (
        float(count or 1)
        if count.isdecimal() or not count
        else {"few": 3, "several": 3, "some": 3, "a": 1, "an": 1, "": 1}.get(count, 2)
    )
    if count.startswith("half"):
        number = 0.5
    return unit, number + (0.5 if match.groupdict().get("half") else 0)
