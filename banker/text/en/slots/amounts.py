"""Amounts of money: "$1,200.50", "fifty dollars", "a grand", "twenty bucks", "3.4k", "ten pounds fifty"."""

import re
from dataclasses import dataclass
from decimal import Decimal

from banker.text.en.slots.spoken_numbers import Numerals, Slot

MAX_UNITS_BEFORE_BARE_CENTS = 1000
"""Nobody says "four thousand fifty" for 4,000.50."""

_SIGNS = {"$": "USD", "us$": "USD", "£": "GBP", "€": "EUR", "¥": "JPY"}
_CODES = "usd|eur|gbp|chf|jpy|cad|aud|nzd|sek|nok|dkk|inr|cny|mxn"
_NAMES = {
    "dollars?|bucks?": "USD",
    "pounds?|quid|sterling": "GBP",
    "euros?": "EUR",
    "francs?": "CHF",
    "yen": "JPY",
}
_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\d+,\d{2})"
_SCALE = r"(?:\s?(?P<scale>k|m|mil|grand)\b)?"
_UNIT = rf"(?:(?:us|u . s|american|canadian|australian|swiss)\s)?(?:{'|'.join(_NAMES)}|{_CODES}|[$£€¥])"
_PATTERN = re.compile(
    rf"(?<![\w.,:/-])(?:(?P<minus>minus)\s)?(?:(?P<before>us \$|[$£€¥]|{_CODES})\s?)?{_NUMBER}{_SCALE}(?![\d]|[.,]\d)"
    rf"(?:\s(?P<after>{_UNIT})(?!\w)(?:\s(?:and\s)?(?P<cents>\d{{1,2}})(?:\s(?:cents?|pence|p))?(?![\w%]))?"
    r"|\s(?P<minor>cents?|pence)\b|\s(?P<hundredths>\d{2})(?:\s(?P<unit>" + _UNIT + r")(?!\w)))?"
)
_GRAND = re.compile(r"\b(?:a|1) grand\b")
_SUFFIXES = re.compile(r"\s?(?:st|nd|rd|th)\b|\s?%|\s(?:percent|per cent)\b|:\d|/\d")
_FACTORS = {"k": 1_000, "grand": 1_000, "m": 1_000_000, "mil": 1_000_000}


@dataclass(frozen=True)
class Money:
    """An amount and the ISO 4217 code of its currency, or None where the customer named none."""

    amount: Decimal
    currency: str | None = None


def find_amounts(text: str, *, bare: bool = False) -> list[Slot[Money]]:
    """Return the amounts of a text. With `bare`, a number alone counts too, and "twelve fifty" is 12.50."""
    numerals = Numerals(text)
    found = []
    for match in _PATTERN.finditer(numerals.text):
        end = match.end()
        money = _money(match)
        named = match["before"] or match["after"] or match["minor"] or match["unit"] or match["scale"]
        if not named:
            if not bare or _SUFFIXES.match(numerals.text, end) or not re.match(r"$|[\s.,;!?)]", numerals.text[end:]):
                continue
            hundredths = re.match(r"\s([1-9]\d)(?=$|\s?[.,!?])", numerals.text[end:])
            if hundredths and money.amount == int(money.amount) < MAX_UNITS_BEFORE_BARE_CENTS:
                money = Money(_pair(money.amount, hundredths[1]))
                end += hundredths.end()
        slot = Slot(money, *numerals.span(match.start(), end))
        if named or text[slot.start : slot.end].lower() != "one" or slot.end - slot.start == len(text.strip(" .,!?")):
            found.append(slot)  # "do one to Omar" names no amount
    return [slot for at, slot in enumerate(found) if at == 0 or slot.start >= found[at - 1].end]


def _money(match: re.Match[str]) -> Money:
    digits = match["number"]
    if re.fullmatch(r"\d+,\d{2}", digits):
        digits = digits.replace(",", ".")
    amount = Decimal(digits.replace(",", ""))
    if match["scale"]:
        amount *= _FACTORS[match["scale"]]
    if match["minor"]:
        amount /= 100
    if match["cents"]:
        amount += Decimal(match["cents"]) / 100
    if match["hundredths"]:
        amount = _pair(amount, match["hundredths"])
    if match["minus"]:
        amount = -amount
    return Money(amount, _currency(match))


def _pair(amount: Decimal, hundredths: str) -> Decimal:
    """Return what two numbers say: "one twenty" is 120, and "twelve fifty" is 12.50."""
    return amount * 100 + int(hundredths) if 0 < amount < 10 else amount + Decimal(hundredths) / 100


def _currency(match: re.Match[str]) -> str | None:
    unit = (match["before"] or match["after"] or match["unit"] or "").removeprefix("us ").split(" ")[-1]
    if unit in _SIGNS:
        return _SIGNS[unit]
    if re.fullmatch(_CODES, unit):
        return unit.upper()
    if (match["after"] or "").startswith(("canadian", "australian")):
        return {"c": "CAD", "a": "AUD"}[match["after"][0]]
    return next((code for names, code in _NAMES.items() if re.fullmatch(names, unit)), None)


def plain_amount(amount: Decimal) -> str:
    """Return an amount for a tool: "1200.50", and "50" rather than "50.00"."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text and Decimal(text) == int(amount) else text
