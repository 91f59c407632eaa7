"""Amounts of money in words: "$1,234.56" is one thousand two hundred thirty-four dollars and fifty-six cents."""

from __future__ import annotations

import re
from typing import NamedTuple

from .numbers import NUMERAL, SPACED_NUMERAL, cardinal, decimal, digits, parse
from .rules import Rule, before, rule


class Currency(NamedTuple):
    """The names of one and of many; `minor` is empty where nobody counts hundredths."""

    one: str
    many: str
    minor: tuple[str, str] | tuple[()] = ("cent", "cents")


_DOLLAR = Currency("dollar", "dollars")
_EURO = Currency("euro", "euros")
_POUND = Currency("pound", "pounds", ("penny", "pence"))
_YEN = Currency("yen", "yen", ())
_US, _CANADIAN, _AUSTRALIAN, _HONG_KONG = (
    Currency(f"{country} dollar", f"{country} dollars") for country in ("U-S", "Canadian", "Australian", "Hong Kong")
)
_CURRENCIES = {
    "$": _DOLLAR, "USD": _DOLLAR, "US$": _US, "€": _EURO, "EUR": _EURO, "£": _POUND, "GBP": _POUND, "¥": _YEN,
    "JPY": _YEN, "CHF": Currency("Swiss franc", "Swiss francs", ("centime", "centimes")), "C$": _CANADIAN,
    "CA$": _CANADIAN, "CAD": _CANADIAN, "A$": _AUSTRALIAN, "AU$": _AUSTRALIAN, "AUD": _AUSTRALIAN, "HK$": _HONG_KONG,
    "HKD": _HONG_KONG, "CNY": Currency("yuan", "yuan", ("fen", "fen")), "₹": Currency("rupee", "rupees", ()),
    "INR": Currency("rupee", "rupees", ()), "MXN": Currency("Mexican peso", "Mexican pesos", ("centavo", "centavos")),
    "SEK": Currency("Swedish krona", "Swedish kronor", ()), "¢": Currency("cent", "cents", ()),
}  # fmt: skip
_DECIMAL_COMMA = ("€", "EUR", "CHF", "SEK")
_SCALES = {
    "k": "thousand", "m": "million", "mm": "million", "mn": "million", "b": "billion", "bn": "billion", "tn": "trillion"
} | {name: name for name in ("hundred", "thousand", "million", "billion", "trillion")}  # fmt: skip


def amount(number: str, currency: Currency) -> str:
    """`number` as `parse` gives it ("1234.56"); hundredths are counted, finer parts are read as they stand."""
    whole, _, fraction = number.partition(".")
    if fraction.strip("0") and (len(fraction) > 2 or not currency.minor):
        return f"{decimal(number)} {currency.many}"
    parts = []
    hundredths = int(fraction[:2].ljust(2, "0"))
    if whole.strip("0") or not hundredths:
        parts.append(f"{decimal(whole)} {currency.one if whole == '1' else currency.many}")
    if hundredths and currency.minor:
        parts.append(f"{cardinal(hundredths)} {currency.minor[hundredths != 1]}")
    return " and ".join(parts)


def _say(match: re.Match[str]) -> str:
    found = match.groupdict()
    unit = found.get("front") or found.get("behind") or ""
    currency = _CURRENCIES[unit]
    if re.search(r"\b[Aa]n?\s$", before(match)) and re.match(r"\s[a-z]", match.string[match.end() :]):  # a $5 fee
        currency = Currency(currency.one, currency.one, currency.minor and (currency.minor[0], currency.minor[0]))
    number = parse(match["number"], decimal_comma=unit in _DECIMAL_COMMA)
    if number is None:  # not one number, so every figure as it stands: nothing is guessed about money
        words = ", ".join(digits(part) for part in re.split(r"\D+", match["number"])) + " " + currency.many
    elif scale := found.get("scale"):
        words = f"{decimal(number)} {_SCALES[scale.lower()]} {currency.many}"
    else:
        words = amount(number, currency)
    return _sign(found) + words


def _sign(found: dict[str, str | None]) -> str:
    signs = {found.get("sign"), found.get("inner")}
    if found.get("negative") or signs & {"-", "−", "–"}:
        return "minus "
    return "plus " if "+" in signs else ""


def _range(match: re.Match[str]) -> str | None:
    """$5–10 and $1–2 million: the currency stands once, and so does what both are counted in."""
    low, high = parse(match["low"]), parse(match["high"])
    if low is None or high is None:
        return None
    currency = _CURRENCIES[match["front"]]
    scale = match["scale"]
    words = f"{decimal(high)} {_SCALES[scale.lower()]} {currency.many}" if scale else amount(high, currency)
    return f"{_sign(match.groupdict())}{decimal(low)} {match['joint'] or 'to'} {words}"


_SIGN = r"(?: (?<![\w)%.]) (?P<sign>[-−–+]) )?"
_UNIT = r"US\$|CA?\$|AU?\$|HK\$|[$€£¥₹]|(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|HKD|CNY|INR|MXN|SEK)(?=[\s0-9.-])"
_CODE = r"USD|EUR|GBP|JPY|CHF|CAD|AUD|HKD|CNY|INR|MXN|SEK"
_SCALE = r"(?: [\s-]?(?P<scale>hundred|thousand|million|billion|trillion|[kK]|[mM]|MM|mn|bn|[bB]|tn) (?![\w]) )?"
_NUMBER = rf"(?P<number>{SPACED_NUMERAL}|(?<![0-9])\.[0-9]+) {_SCALE}"
_JOINT = rf"(?: [-–—] | \s(?:[-–—]|to|(?P<joint>or))\s (?={NUMERAL}\s?(?:thousand|million|billion|trillion)\b) )"
_FRONT = rf"(?P<front>{_UNIT}) \s? (?P<inner>[-−+](?=[0-9.]))? {_NUMBER} (?: \s(?:{_CODE})\b )?"

RULES: tuple[Rule, ...] = (
    # In brackets only where an amount is due: "The fee ($5) applies" names it by the way, "is ($5)" owes it.
    rule(
        rf"(?: ^ | (?<=\bis\s) | (?<=\bwas\s) | (?<=\bof\s) | (?<=[:=]\s) ) (?P<negative>\() {_FRONT} \)",
        _say,
    ),
    rule(rf"{_SIGN} (?P<front>[$€£]) (?P<low>{NUMERAL}) {_JOINT} (?P<high>{NUMERAL}) {_SCALE} (?![\w%.-])", _range),
    rule(rf"{_SIGN} {_FRONT}", _say),
    rule(rf"{_SIGN} {_NUMBER} \s? (?P<behind>[€£¥₹¢]|\$(?![0-9])|(?:{_CODE})\b)", _say),
)
