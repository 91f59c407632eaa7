"""Amounts of money: "$5.20" -> "five dollars and twenty cents"."""

import re
from typing import NamedTuple

from banker.text.en.normalisation.numbers import NUMERAL, SPACED_NUMERAL, cardinal, decimal, digits, parse
from banker.text.en.normalisation.rules import Rule, before, rule


class Currency(NamedTuple):
    """Singular and plural of a currency and of its hundredth, which is empty for currencies without one."""

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
    "Rs": Currency("rupee", "rupees", ()), "Rs.": Currency("rupee", "rupees", ()),
}  # fmt: skip
_DECIMAL_COMMA = ("€", "EUR", "CHF", "SEK")
_SCALES = {
    "k": "thousand", "m": "million", "mm": "million", "mn": "million", "mio": "million", "b": "billion",
    "bn": "billion", "mrd": "billion", "tn": "trillion",
} | {name: name for name in ("hundred", "thousand", "million", "billion", "trillion")}  # fmt: skip


def amount(number: str, currency: Currency) -> str:
    """Verbalise a result of `parse` ("1234.56"). Fractions of a hundredth are read as decimals."""
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


def _amount(match: re.Match[str]) -> str:
    found = match.groupdict()
    unit = found.get("front") or found.get("behind") or ""
    currency = _CURRENCIES[unit]
    if re.search(r"\b[Aa]n?\s$", before(match)) and re.match(r"\s[a-z]", match.string[match.end() :]):  # a $5 fee
        currency = Currency(currency.one, currency.one, currency.minor and (currency.minor[0], currency.minor[0]))
    number = parse(match["number"], decimal_comma=unit in _DECIMAL_COMMA)
    if number is None:  # ambiguous, so each digit is read: an amount must not be guessed
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
    """Verbalise "$5–10" and "$1–2 million", whose currency and scale apply to both ends."""
    low, high = parse(match["low"]), parse(match["high"])
    if low is None or high is None:
        return None
    currency = _CURRENCIES[match["front"]]
    scale, lower = match["scale"], match["lower"]
    if lower and not scale:
        return None
    words = f"{decimal(high)} {_SCALES[scale.lower()]} {currency.many}" if scale else amount(high, currency)
    first = f"{decimal(low)} {_SCALES[lower.lower()]}" if lower else decimal(low)
    return f"{_sign(match.groupdict())}{first} {match['joint'] or 'to'} {words}"


def _pair(match: re.Match[str]) -> str | None:
    """Verbalise a currency pair, "EUR/USD" or "$/€"."""
    if match["base"] == match["quote"]:
        return None
    return f"{_CURRENCIES[match['base']].one} to {_CURRENCIES[match['quote']].one}"


_SIGN = r"(?: (?<![\w)%.]) (?P<sign>[-−–+]) )?"
_CODE = r"USD|EUR|GBP|JPY|CHF|CAD|AUD|HKD|CNY|INR|MXN|SEK"
_UNIT = rf"US\$|CA?\$|AU?\$|HK\$|[$€£¥₹]|Rs\.?(?=\s?[0-9])|(?:{_CODE})(?=[\s0-9.-])"
_SCALE = (
    r"(?: [\s-]?(?P<scale>hundred|thousand|million|billion|trillion|[kK]|[mM]|MM|mn|bn|[bB]|tn|Mio|Mrd) (?![\w]) )?"
)
_NUMBER = rf"(?P<number>{SPACED_NUMERAL}|(?<![0-9])\.[0-9]+) {_SCALE}"
_JOINT = rf"(?: [-–—] | \s(?:[-–—]|to|(?P<joint>or))\s (?={NUMERAL}\s?(?:thousand|million|billion|trillion)\b) )"
_PAIR = rf"(?P<base>{_CODE}|[$€£¥]) (?:\s?(?:/|→|->)\s?|\sto\s|-) (?P<quote>{_CODE}|[$€£¥]) (?!\w*[A-Za-z])"
_FRONT = rf"(?P<front>{_UNIT}) \s? (?P<inner>[-−+](?=[0-9.]))? {_NUMBER} (?: \s(?:{_CODE})\b )?"

RULES: tuple[Rule, ...] = (
    rule(rf"(?<![\w$€£¥]) {_PAIR}", _pair),
    rule(rf"\b (?P<base>{_CODE}) (?P<quote>{_CODE}) \b", _pair),
    # Brackets mean a negative amount only after "is", ":" and the like: "is ($5)", but not "The fee ($5) applies".
    rule(
        rf"(?: ^ | (?<=\bis\s) | (?<=\bwas\s) | (?<=\bof\s) | (?<=[:=]\s) ) (?P<negative>\() {_FRONT} \)",
        _amount,
    ),
    rule(
        rf"""{_SIGN} (?P<front>[$€£]) (?P<low>{NUMERAL}) (?P<lower>[kKmM]|bn)? {_JOINT} (?P<high>{NUMERAL}) {_SCALE}
            (?![\w%.-])""",
        _range,
    ),
    rule(rf"{_SIGN} {_FRONT}", _amount),
    rule(rf"{_SIGN} {_NUMBER} \s? (?P<behind>[€£¥₹¢]|\$(?![0-9])|(?:{_CODE})\b) (?!/(?:{_CODE}|[$€£¥]))", _amount),
)
