"""Amounts of money: "$5.20" -> "five dollars and twenty cents"."""

import re

from banker.text.en.currencies import CODE, CURRENCIES, DECIMAL_COMMA, SCALE, SCALE_NAMES, SCALE_WORDS, Currency
from banker.text.en.numbers import NUMERAL, ONES, SIGN, SPACED_NUMERAL, cardinal, decimal, digits, parse, sign_word
from banker.text.en.pattern_reader import Rule, before, rule

_DETERMINED = re.compile(
    rf"\b(?:an?|the|your|this|that|these|those|our|my|every|another|no|several|{'|'.join(ONES)})\s$", re.IGNORECASE
)
_SINGULAR_NOUN = re.compile(
    r"""\s(?!(?:you|we|i|they|he|she|it|who|which|that|to|from|for|in|on|at|by|of|with|and|or|but|as|if|is|are|was|were|be
    |has|have|had|will|would|can|may|must|per|an?|the|more|less|left|back|off)\b)[a-z][a-z-]*(?<!ed)\b""",
    re.VERBOSE,
)


def amount(number: str, currency: Currency) -> str:
    """Verbalise a result of `parse` ("1234.56"). Fractions of a hundredth are read as decimals."""
    whole, _, fraction = number.partition(".")
    if fraction.strip("0") and (len(fraction) > 2 or not currency.minor_one):
        return f"{decimal(number)} {currency.many}"
    parts = []
    hundredths = int(fraction[:2].ljust(2, "0"))
    if whole.strip("0") or not hundredths:
        parts.append(f"{decimal(whole)} {currency.one if whole == '1' else currency.many}")
    if hundredths and currency.minor_one:
        parts.append(f"{cardinal(hundredths)} {currency.minor_one if hundredths == 1 else currency.minor_many}")
    return " and ".join(parts)


def _amount(match: re.Match[str]) -> str:
    found = match.groupdict()
    unit = found.get("front") or found.get("behind") or ""
    currency = CURRENCIES[unit]
    if _DETERMINED.search(before(match)) and _SINGULAR_NOUN.match(match.string, match.end()):  # a $5 fee
        currency = Currency(currency.one, currency.one, currency.minor_one, currency.minor_one)
    number = parse(match["number"], decimal_comma=unit in DECIMAL_COMMA)
    if number is None:  # ambiguous, so each digit is read: an amount must not be guessed
        words = ", ".join(digits(part) for part in re.split(r"\D+", match["number"])) + " " + currency.many
    elif scale := found.get("scale"):
        words = f"{decimal(number)} {SCALE_NAMES[scale.lower()]} {currency.many}"
    else:
        words = amount(number, currency)
    return _sign(found) + words


def _sign(found: dict[str, str | None]) -> str:
    return "minus " if found.get("negative") else sign_word(found.get("sign") or found.get("inner"))


def _range(match: re.Match[str]) -> str | None:
    """Verbalise "$5–10" and "$1–2 million", whose currency and scale apply to both ends."""
    low, high = parse(match["low"]), parse(match["high"])
    if low is None or high is None:
        return None
    currency = CURRENCIES[match["front"]]
    scale, lower = match["scale"], match["lower"]
    if lower and not scale:
        return None
    words = f"{decimal(high)} {SCALE_NAMES[scale.lower()]} {currency.many}" if scale else amount(high, currency)
    first = f"{decimal(low)} {SCALE_NAMES[lower.lower()]}" if lower else decimal(low)
    return f"{_sign(match.groupdict())}{first} {match['joint'] or 'to'} {words}"


def _pair(match: re.Match[str]) -> str | None:
    """Verbalise a currency pair, "EUR/USD" or "$/€"."""
    if match["base"] == match["quote"]:
        return None
    return f"{CURRENCIES[match['base']].one} to {CURRENCIES[match['quote']].one}"


_SIGNS = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True) if not sign.isalpha())
_UNIT = rf"{_SIGNS}|Rs(?=\s?[0-9])|(?:{CODE})(?=[\s0-9.-])"
_SCALE = rf"(?: [\s-]?(?P<scale>{SCALE}) )?"
_NUMBER = rf"(?P<number>{SPACED_NUMERAL}|(?<![0-9])\.[0-9]+) {_SCALE}"
_JOINT = rf"(?: [-–—] | \s(?:[-–—]|to|(?P<joint>or))\s (?={NUMERAL}\s?(?:{'|'.join(SCALE_WORDS)})\b) )"
_PAIR = rf"(?P<base>{CODE}|[$€£¥]) (?:\s?(?:/|→|->)\s?|\sto\s|-) (?P<quote>{CODE}|[$€£¥]) (?!\w*[A-Za-z])"
_FRONT = rf"(?P<front>{_UNIT}) \s? (?P<inner>[-−+](?=[0-9.]))? {_NUMBER} (?: \s(?:{CODE})\b )?"

RULES: tuple[Rule[str], ...] = (
    rule(rf"(?<![\w$€£¥]) {_PAIR}", _pair),
    rule(rf"\b (?P<base>{CODE}) (?P<quote>{CODE}) \b", _pair),
    # Brackets mean a negative amount only after "is", ":" and the like: "is ($5)", but not "The fee ($5) applies".
    rule(
        rf"(?: ^ | (?<=\bis\s) | (?<=\bwas\s) | (?<=\bof\s) | (?<=[:=]\s) ) (?P<negative>\() {_FRONT} \)",
        _amount,
    ),
    rule(
        rf"""{SIGN} (?P<front>[$€£]) (?P<low>{NUMERAL}) (?P<lower>[kKmM]|bn)? {_JOINT} (?P<high>{NUMERAL}) {_SCALE}
            (?![\w%-]|\.[0-9])""",
        _range,
    ),
    rule(rf"{_FRONT} (?P<negative>-)(?= $ | [.,;)] )", _amount),  # as some programs write it
    rule(rf"{SIGN} {_FRONT}", _amount),
    rule(rf"{SIGN} {_NUMBER} \s? (?P<behind>[€£¥₹¢]|\$(?![0-9])|(?:{CODE})\b) (?!/(?:{CODE}|[$€£¥]))", _amount),
)
