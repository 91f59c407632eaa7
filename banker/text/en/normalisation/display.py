"""Display text: rewrites dates, amounts and IBANs from programs as a person would write them."""

import re
from functools import partial

from banker.text.en.calendar import MONTHS
from banker.text.en.currencies import DECIMAL_COMMA, SCALE
from banker.text.en.numbers import SPACED_NUMERAL, parse
from banker.text.en.pattern_reader import Rule, before, rule

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "$": "$", "€": "€", "£": "£"}
_SCALE = rf"\s?{SCALE}"
_IN_PAIR = re.compile(r"\b[A-Z]{3}\s?(?:to|→|->)\s?$|[0-9]\s?[-–—]\s?$")  # USD to EUR 0.92; 5–10 USD
_UNSCALED = rf"(?! {_SCALE} | \s?(?:[-–—]|to|or)\s? [0-9.,]+ {_SCALE} )"


def _date(match: re.Match[str]) -> str | None:
    year, month, day, hour, minute, zone = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    date = f"{MONTHS[int(month) - 1]} {int(day)}, {year}"
    if hour is None:
        return date
    if int(hour) > 23 or int(minute) > 59:
        return None
    clock = f"{int(hour) % 12 or 12}:{minute} {'a.m.' if int(hour) < 12 else 'p.m.'}"
    return f"{date}, {clock}" + (" UTC" if zone == "Z" else "")


def _amount(match: re.Match[str]) -> str | None:
    if _IN_PAIR.search(before(match)):
        return None
    sign = match["sign"] or match["inner"] or ""
    number = parse(match["number"], decimal_comma=match["unit"] in DECIMAL_COMMA)
    if number is None or (match["sign"] and match["inner"]):
        return None
    whole, _, fraction = number.partition(".")
    if len(whole) > 1 and whole[0] == "0":
        return None
    groups = re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", ",", whole)
    cents = "." + fraction.ljust(2, "0") if fraction else ""
    return f"{sign}{_SIGNS[match['unit']]}{groups}{cents}"


def _iban(match: re.Match[str]) -> str:
    return " ".join(match[0][at : at + 4] for at in range(0, len(match[0]), 4))


_ALONE = r"(?<![\w/.,*@#$€£-])"
_NUMBER = rf"(?P<number>{SPACED_NUMERAL}) (?![\w%-]) {_UNSCALED}"

_RULES: tuple[Rule[str], ...] = (
    rule(
        rf"""{_ALONE} ([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})
        (?: [T ]([0-9]{{2}}):([0-9]{{2}}) (?: :[0-9]{{2}}(?:\.[0-9]+)? )? (Z|[+-][0-9]{{2}}:?[0-9]{{2}})? )?
        (?![\w/-])""",
        _date,
    ),
    rule(rf"{_ALONE} (?P<sign>[-−])? (?P<unit>USD|EUR|GBP|[$€£]) \s? (?P<inner>[-−])? {_NUMBER}", _amount),
    rule(rf"{_ALONE} (?P<sign>[-−])? (?P<inner>(?!))? {_NUMBER} \s? (?P<unit>USD|EUR|GBP)\b (?!/[A-Z$€£])", _amount),
    rule(_ALONE + r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30} (?![\w-])", _iban),
    rule(r"(?<=[0-9])\s(?=%)", lambda match: ""),
)


def display_text(text: str) -> str:
    """Return `text` with its figures in the form for captions. No value changes."""
    for each in _RULES:
        text = each.pattern.sub(partial(_replacement, each), text)
    return text


def _replacement(each: Rule[str], match: re.Match[str]) -> str:
    text = each.read(match)
    return match[0] if text is None else text
