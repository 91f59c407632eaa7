"""Cardinals, ordinals, decimals, years and digit sequences in American English words."""

import re
from itertools import accumulate

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = "thousand million billion trillion quadrillion".split()
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

NUMERAL = r"[0-9]+(?:[.,'’][0-9]+)*"
"""The longest sequence that may be one numeral. `parse` decides whether it is."""

SPACED_NUMERAL = rf"[0-9]{{1,3}}(?:[ ][0-9]{{3}})+(?:[.,][0-9]+)?(?![0-9]) | {NUMERAL}"
"""Also with spaces between the thousands, for amounts of money only, where the spaces are unambiguous."""

_FORMS = (
    (r"[0-9]+(?:\.[0-9]+)?", "", "."),  # 1234.56
    (r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", ",", "."),  # 1,234.56
    (r"[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?", " ", "."),  # 1 234.56
    (r"[0-9]{1,3}(?: [0-9]{3})+,[0-9]+", " ", ","),  # 1 234,56
    (r"[0-9]{1,3}(?:['’][0-9]{3})+(?:\.[0-9]+)?", "'’", "."),  # 1'234.56, Swiss
    (r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+", ".", ","),  # 1.234,56, European
    (r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?", ",", "."),  # 12,34,567, Indian
)
_DECIMAL_COMMA = (r"[0-9]+,[0-9]{1,2}", "", ",")  # 12,50


def parse(numeral: str, decimal_comma: bool = False) -> str | None:
    """Return a numeral as digits with at most one point ("1,234.56" -> "1234.56"), or None if it is not one number.

    Ambiguous numerals are read as in the US: "1.234" is a little over one. "12,50" is a list unless `decimal_comma`.
    """
    numeral = "0" + numeral if numeral.startswith(".") else numeral
    for pattern, thousands, point in (*_FORMS, _DECIMAL_COMMA) if decimal_comma else _FORMS:
        if re.fullmatch(pattern, numeral):
            kept = "".join(char for char in numeral if char not in thousands)
            return kept.replace(point, ".")
    return None


def cardinal(number: int) -> str:
    """1234 -> "one thousand two hundred thirty-four". Numbers beyond quadrillions become digit sequences."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + ("-" + _ONES[ones] if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return _ONES[hundreds] + " hundred" + (" " + cardinal(rest) if rest else "")
    for power, scale in enumerate(_SCALES, start=1):
        if number < 1000 ** (power + 1):
            above, rest = divmod(number, 1000**power)
            return f"{cardinal(above)} {scale}" + (" " + cardinal(rest) if rest else "")
    return digits(str(number))


def ordinal(number: int) -> str:
    """24 -> "twenty-fourth"."""
    words = cardinal(number)
    last = re.split("[ -]", words)[-1]
    plain = last[:-1] + "ie" if last.endswith("y") else last
    return words.removesuffix(last) + _ORDINALS.get(last, plain + "th")


def year(number: int) -> str:
    """2026 -> "twenty twenty-six", 1905 -> "nineteen oh five", 2005 -> "two thousand five"."""
    century, rest = divmod(number, 100)
    if not 11 <= century <= 99 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return cardinal(century) + " hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(text: str) -> str:
    """Return the digits of `text` as words: "4-2" -> "four two". Other characters are left out."""
    return " ".join(_ONES[int(char)] for char in text if char in "0123456789")


def decimal(number: str) -> str:
    """Verbalise a result of `parse`: "3.05" -> "three point zero five", "007" -> "zero zero seven"."""
    whole, _, fraction = number.partition(".")
    words = digits(whole) if len(whole) > 18 or (len(whole) > 1 and whole[0] == "0") else cardinal(int(whole))
    return f"{words} point {digits(fraction)}" if fraction else words


def grouped(number: str) -> str:
    """Verbalise a long number digit by digit, with a pause (comma) after every three or four digits."""
    length = len(number)
    fours = length // 4 if length % 4 == 0 else length % 3
    sizes = [length] if length < 6 else [3] * ((length - 4 * fours) // 3) + [4] * fours
    starts = accumulate(sizes, initial=0)
    return ", ".join(digits(number[start : start + size]) for start, size in zip(starts, sizes, strict=False))
