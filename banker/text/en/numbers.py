"""Cardinals, ordinals, decimals, years and digit sequences in American English words."""

import re
from itertools import accumulate

ONES = {
    word: value
    for value, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""".split()
    )
}
TENS = {word: 10 * tens for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_WORDS = {value: word for word, value in (ONES | TENS).items()}
_THOUSANDS = "thousand million billion trillion quadrillion".split()
_ORDINALS = dict(
    zip(
        "one two three five eight nine twelve".split(),
        "first second third fifth eighth ninth twelfth".split(),
        strict=True,
    )
)

NUMERAL = r"[0-9]+(?:[.,'’][0-9]+)*"
"""The longest sequence that may be one numeral. `parse` decides whether it is."""

SPACED_NUMERAL = rf"[0-9]{{1,3}}(?:[ ][0-9]{{3}})+(?:[.,][0-9]+)?(?![0-9]) | {NUMERAL}"
"""Also with spaces between the thousands, for amounts of money only, where the spaces are unambiguous."""

SIGN = r"(?: (?<![\w)%.]) (?P<sign>[-−–+]) )?"
"""The sign of a number, for a verbose regular expression. A dash after a word or a figure is not a sign."""

_FORMS = (
    (r"[0-9]+(?:\.[0-9]+)?", "", "."),  # 1234.56
    (r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", ",", "."),  # 1,234.56
    (r"[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?", " ", "."),  # 1 234.56
    (r"[0-9]{1,3}(?: [0-9]{3})+,[0-9]+", " ", ","),  # 1 234,56
    (r"[0-9]{1,3}(?:['’][0-9]{3})+(?:\.[0-9]+)?", "'’", "."),  # 1'234.56, Swiss
    (r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+", ".", ","),  # 1.234,56, European
    (r"[0-9]{1,3}(?:\.[0-9]{3}){2,}", ".", ","),  # 1.234.567
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
    if number in _WORDS:
        return _WORDS[number]
    if number < 100:
        return f"{_WORDS[number // 10 * 10]}-{_WORDS[number % 10]}"
    if number < 1000:
        above, scale, rest = number // 100, "hundred", number % 100
    else:
        power = (len(str(number)) - 1) // 3
        if power > len(_THOUSANDS):
            return digits(str(number))
        above, scale, rest = number // 1000**power, _THOUSANDS[power - 1], number % 1000**power
    return f"{cardinal(above)} {scale}" + (f" {cardinal(rest)}" if rest else "")


def ordinal(number: int) -> str:
    """24 -> "twenty-fourth"."""
    words = cardinal(number)
    last = re.split("[ -]", words)[-1]
    plain = last[:-1] + "ie" if last.endswith("y") else last
    return words.removesuffix(last) + _ORDINALS.get(last, plain + "th")


def year(number: int) -> str:
    """2026 -> "twenty twenty-six", 1905 -> "nineteen oh five", 2005 -> "two thousand five"."""
    century, rest = divmod(number, 100)
    return in_pairs(number) if 11 <= century <= 99 and (century % 10 or rest >= 10) else cardinal(number)


def in_pairs(number: int) -> str:
    """Return a number of three or four digits as a house number: "one oh five", "twelve thirty-four"."""
    century, rest = divmod(number, 100)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {two_digits(rest)}"


def two_digits(number: int) -> str:
    """5 -> "oh five", as in the minutes of a time."""
    return ("oh " if number < 10 else "") + cardinal(number)


def digits(text: str) -> str:
    """Return the digits of `text` as words: "4-2" -> "four two". Other characters are left out."""
    return " ".join(_WORDS[int(char)] for char in text if char in "0123456789")


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


def counted(number: int, unit: str) -> str:
    """Return a number with its unit: "one hour", "two hours"."""
    return f"{cardinal(number)} {unit}{'s' * (number != 1)}"


def sign_word(sign: str | None) -> str:
    """Return "minus ", "plus " or nothing for what `SIGN` matched."""
    return {None: "", "": "", "+": "plus "}.get(sign, "minus ")


def _fraction(top: int, bottom: int) -> str:
    if bottom == 10 and top > 1:
        return f"{cardinal(top)} out of ten"
    name = {2: "half", 4: "quarter"}.get(bottom) or ordinal(bottom)
    return f"{cardinal(top)} {name}{'s' * (top > 1)}"


FRACTIONS = {
    f"{top}/{bottom}": _fraction(top, bottom)
    for bottom in (2, 3, 4, 5, 6, 8, 10)
    for top in range(1, bottom + bottom // 10)
}
"""Fractions with their words; any other two numbers are read one by one: "3/4" -> "three quarters"."""
