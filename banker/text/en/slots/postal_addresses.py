"""Reads a postal address from a sentence: house number and street, city and postcode, in any usual order."""

import re

from banker.text.en.slots.spoken_numbers import Numerals

_KINDS = (
    r"street|str|st|drive|dr|avenue|ave|boulevard|blvd|road|rd|lane|ln|court|ct|place|pl|square|sq|parkway|pkwy|"
    r"highway|hwy|terrace|ter|circle|cir|way|close|crescent|gardens|grove|row|walk|mews|quay|trail|alley|plaza"
)
_UNIT = r"(?:apartment|apt|flat|unit|suite|room|\#)\.?\s?\#?\w{1,5}\b"
_WORD = r"(?:[^\W\d][\w'’.-]*|\d+(?:st|nd|rd|th))"
_WITH_KIND = (
    rf"\d{{1,5}}[A-Za-z]?(?:[-/]\d+[A-Za-z]?)?,?\s+(?:{_WORD}\s+){{1,4}}?(?:{_KINDS})\b\.?(?:\s[NSEW]{{1,2}}\b)?"
)
_CAPITALISED = r"\d{1,5}[A-Za-z]?\s+[A-Z][\w'’.-]+(?:\s[A-Z][\w'’.-]+){0,2}(?=\s*(?:,|$|\.|\d|in\b))"
_NUMBER_LAST = r"[A-Z][\w'’-]*(?:straße|strasse|str\.|weg|platz|gasse|allee)\s\d{1,4}[a-z]?\b"
_STREET = re.compile(rf"(?:{_UNIT},?\s+)?(?:(?i:{_WITH_KIND})|{_CAPITALISED}|{_NUMBER_LAST})(?i:,?\s+{_UNIT})?")
_POSTCODE = re.compile(
    r"\b(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d)\b(?![\w-])", re.IGNORECASE
)
_BEFORE_CODE = re.compile(
    r"[\s,]*\b(?:(?:and\s+)?(?:the\s+)?(?:zip|post\s?code|postal|code)(?:\s+code)?(?:\s+is)?)\s*$", re.I
)
_STATE = re.compile(r"[\s,]+[A-Z]{2}\b\.?(?=[\s,.]*$)")
_CITY = re.compile(
    r"(?P<lead>[\s,]*(?:\band\s+)?(?:(?:in|city|town|of|the|is|it's|to)\b\s*)*)"
    r"(?P<city>(?!(?:since|from|please|now|and|as|starting|on|next|with|but|so|not|if|when|thanks?|my|i|was)\b)"
    r"[^\W\d][\w'’.-]*(?:\s[^\W\d][\w'’.-]*){0,2}?)(?=\s*(?:[,;]|[.!?]?$|\s{2}|please|thank))",
    re.IGNORECASE,
)
_CITY_BEFORE = re.compile(r"\b(?:to|in|is|at)\s+(?P<city>[A-Z][\w'’-]+(?:\s[A-Z][\w'’-]+)?)\s*[,:]?\s*$")

Span = tuple[str, int, int]


def find_address(text: str) -> dict[str, Span]:
    """Return the parts `street`, `city` and `postcode` that a text has, each with its span. None without a street."""
    found = _STREET.search(text)
    if found is None:
        return _spoken(text)
    parts: dict[str, Span] = {"street": (found[0].strip(" ,."), *found.span())}
    left = _hidden(text, *found.span())
    if code := find_postcode(left):
        parts["postcode"] = code
        before = _BEFORE_CODE.search(left, 0, code[1])
        left = _hidden(left, before.start() if before else code[1], code[2])
    after = _STATE.sub("", left[found.end() :])
    if (city := _CITY.match(after)) is not None and _is_city(after, city):
        parts["city"] = (city["city"].strip(" ."), found.end() + city.start("city"), found.end() + city.end("city"))
    elif (city := _CITY_BEFORE.search(left, 0, found.start())) is not None:
        parts["city"] = (city["city"], *city.span("city"))
    return parts


def find_postcode(text: str) -> Span | None:
    """Return the last postcode of the United States, the United Kingdom or Canada in a text, with its span."""
    codes = list(_POSTCODE.finditer(text))
    return (codes[-1][0], *codes[-1].span()) if codes else None


def is_only_code(text: str, code: str) -> bool:
    """Say whether a text has nothing but a postcode, or says that it is one: "the postcode is 62561"."""
    before = text.partition(code)[0].strip()
    return not before or _BEFORE_CODE.search(f"{before} ") is not None


def _is_city(after: str, city: re.Match[str]) -> bool:
    """Say whether words after a street are a city: behind a comma or "in", with a capital, or all that is left."""
    is_marked = bool(city["lead"].strip()) or city["city"][0].isupper()
    return is_marked or not after[city.end() :].strip(" .!?")


def _spoken(text: str) -> dict[str, Span]:
    """Read an address with its numbers in words: "fourteen Oak Street". Each span is then the whole text."""
    numerals = re.sub(r"(?<=\b\d)\s(?=\d{1,2}\b)", "", Numerals(text).text)  # "6 2 7 0 1" is a postcode
    found = {} if numerals == text.lower() or not _STREET.search(numerals) else find_address(numerals)
    return {name: (value.title(), 0, len(text)) for name, (value, _, _) in found.items()}


def _hidden(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]
