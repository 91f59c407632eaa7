"""Plain numbers, units, abbreviations and symbols: "3.5 %", "21st", "-5 °C", "Mr.", "24/7", "A & B"."""

import re
import unicodedata
from collections.abc import Mapping

from banker.text.en.calendar import MONTHS
from banker.text.en.normalisation.codes import spelled
from banker.text.en.normalisation.vocabulary import ABBREVIATIONS, BEFORE_FIGURE, PER, SPELLED, SYMBOLS, UNITS
from banker.text.en.numbers import FRACTIONS, NUMERAL, SIGN, counted, decimal, digits, ordinal, parse, sign_word
from banker.text.en.pattern_reader import Rule, before, rule

OTHER_NUMBERS = "²³¹¼-¾\u2070-\u209f\u2150-\u218b\u2460-\u24ff"
_MONTH_AHEAD = rf"(?:{'|'.join(month[:3] for month in MONTHS)})[a-z]*\.?\s"
_FIGURE_AHEAD = rf"(?= (?:{_MONTH_AHEAD} | \s?[-−–]?(?:US\$|[$€£¥]|[A-Z]{{3}}\s)?\s?) [0-9])"


def _number(match: re.Match[str], *, decimal_comma: bool = False) -> str:
    number = parse(match["number"], decimal_comma)
    if number is None:  # a version (1.2.3) or a list (1,2,3)
        joint = " point " if "." in match["number"] else ", "
        words = joint.join(decimal(part) for part in re.split(r"[^0-9]+", match["number"]))
    else:
        words = decimal(number)
    return sign_word(match["sign"]) + words


def _quantity(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    single = match["number"] == "1" or re.search(r"[0-9]-[a-z]+\.?$", match[0])  # a 30-yr loan
    return f"{_number(match, decimal_comma=match['unit'] == '%')} {one if single else many}"


def _fraction(match: re.Match[str]) -> str:
    """Read "1/2" as one half and "2 1/2" as two and a half."""
    words = FRACTIONS[match[0]]
    return f"and {words.replace('one', 'a', 1)}" if re.search(r"[0-9]\s$", before(match)) else words


def _arrow(match: re.Match[str]) -> str:
    """Read an arrow between figures as "to", and between the items of a menu as a pause."""
    return " to " if re.search(r"[0-9%)]\s*$", before(match)) else ", "


def _capitals(match: re.Match[str]) -> str | None:
    """Spell acronyms that cannot be pronounced, such as ATM but not PIN."""
    word, plural = match[1], match[2]
    if word not in SPELLED and re.search("[AEIOUY]", word):
        return None
    return spelled(word) + ("'s" if plural else "")


def _roman(match: re.Match[str]) -> str | None:
    """Read the numeral of a name such as "Basel III". A single letter is too often no numeral."""
    if not re.search(r"\b[A-Z]\w+\s$", before(match)):
        return None
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in match[0]]
    return decimal(str(sum(-low if low < high else low for low, high in zip(values, [*values[1:], 0], strict=True))))


def _plural(match: re.Match[str]) -> str:
    """Read "card(s)" as cards and "ATM(s)" as A-T-M's."""
    return f"{spelled(match['whole'])}'s" if match["whole"] in SPELLED else match["whole"] + match["end"]


def _unicode_number(match: re.Match[str]) -> str:
    if match[0] in "²³":
        return "squared" if match[0] == "²" else "cubed"
    if match[0] == "¹":
        return ""  # a footnote mark
    value = float(unicodedata.numeric(match[0], -1))
    if value.is_integer():
        return decimal(str(int(value))) if value >= 0 else ""
    written = unicodedata.normalize("NFKC", match[0]).replace("\u2044", "/")
    words = FRACTIONS.get(written, " over ".join(digits(part) for part in written.split("/")))
    return f"and {words.replace('one', 'a', 1)}" if re.search(r"[0-9]$", before(match)) else words


def _range(match: re.Match[str]) -> str:
    """Read a dash between figures as "to", unless spaces separate different kinds ("$5 – 3 cards")."""
    if match[0].strip() != match[0]:
        low = before(match).split()[-1]
        money = match.string[match.end() :].lstrip()[:1] in tuple("$€£¥U")
        code = re.search(r"[^\W\d_]", re.sub(r"[ap]\.?m\.?$", "", low, flags=re.IGNORECASE))
        if code or (re.search("[$€£¥]", low) and not money):
            return ", "
    return " to "


def _any(table: Mapping[str, object]) -> str:
    return "|".join(re.escape(key) for key in sorted(table, key=len, reverse=True))


_NUMBER = rf"(?P<number>{NUMERAL}|(?<![0-9])\.[0-9]+)"

SPECIAL: tuple[Rule[str], ...] = (
    rule(rf"(?:{_any(ABBREVIATIONS)}) (?:(?!\w)|(?<!\w))", lambda match: ABBREVIATIONS[match[0]]),
    rule(rf"({_any(BEFORE_FIGURE)})\s?(?=\#?[0-9])", lambda match: f"{BEFORE_FIGURE[match[1]]} "),
    rule(r"(?P<whole>[A-Za-z]+)\((?P<end>e?s)\)", _plural),  # card(s)
    rule(r"([0-9]+)-(for|in|to|on|by)-(?=[0-9])", lambda match: f"{decimal(match[1])} {match[2]} "),
    rule(r"^([0-9]{1,3})[.)](?=\s)", lambda match: decimal(match[1]) + ","),  # a list item
)
QUANTITIES: tuple[Rule[str], ...] = (
    rule(rf"(?:{_any(FRACTIONS)}) (?![\w/]|[.,][0-9])", _fraction),
    rule(rf"{SIGN} {_NUMBER} [\s-]?(?P<unit>(?:{_any(UNITS)})(?:(?!\w)|(?<!\w))) (?:\.(?=\s))?", _quantity),
    rule(r"([1-9][0-9]?)s\b", lambda match: counted(int(match[1]), "second")),
    rule(r"([1-9][0-9]?)p\b", lambda match: f"{decimal(match[1])} {'penny' if match[1] == '1' else 'pence'}"),
    rule(r"([0-9]{1,15})(?:st|nd|rd|th|ST|ND|RD|TH)\b", lambda match: ordinal(int(match[1]))),
)
PLAIN: tuple[Rule[str], ...] = (
    rule(  # ratings: "AAA" is triple A, and the minus of "BBB-" is said
        r"([A-C])\1{1,2}(?=[+-]?(?:\W|$))",
        lambda match: f"{'double' if len(match[0]) == 2 else 'triple'} {match[1]}",
    ),
    rule(r"(?<=[A-D])-(?=[\s.,;)]|$)", lambda match: " minus"),
    rule(r"(?=[IVX]{2}) X{0,3}(?:IX|IV|V?I{0,3})\b", _roman),
    rule(r"([A-Z]{2,5})(s?)\b", _capitals),
    rule(rf"(?:(?<=[\w%])|(?<=m\.)) (?:[-–−]|\s[-–−]\s) {_FIGURE_AHEAD}", _range),
    rule(rf"{SIGN} {_NUMBER}", _number),
    rule(rf"[{OTHER_NUMBERS}]", _unicode_number),
    rule(r"(?<=[0-9])-(?=[A-Z])", lambda match: " "),
    rule(r"\s?(?:→|⇒|[-=]+>)\s?", _arrow),
    rule(r"\s[-–−]{1,3}\s | — | -{2,} | (?<=\w)–(?=\w)", lambda match: ", "),
    rule(r"[-–−](?=\s|$) | (?<!\w)[-–−]", lambda match: ""),
    rule(rf"(?:/\s?|(?<=\s)per\s)({_any(PER)})\b\.?", lambda match: f" per {PER[match[1]]} "),
    rule(r"(?<=[a-z]{2})\s?/\s?(?=[A-Za-z][a-z])", lambda match: " or "),
    rule(r"(?<=\w)\s?/\s?(?=\w)", lambda match: " slash "),
    rule(r"(?<=[0-9]):(?=[0-9])", lambda match: " to "),
    rule(r"(?<=[0-9])\s?[*x]\s?(?=[$€£0-9])", lambda match: " times "),
    rule(rf"~{_FIGURE_AHEAD}", lambda match: "about "),
    rule(rf"<{_FIGURE_AHEAD}", lambda match: "less than "),
    rule(rf">{_FIGURE_AHEAD}", lambda match: "more than "),
    rule(r"\$(?![\w{])", lambda match: "dollars"),
    rule(rf"[{re.escape(''.join(SYMBOLS))}]", lambda match: f" {SYMBOLS[match[0]]} "),
    rule(r"(?:\.{2,}|…)[.…]*", lambda match: ", "),
    rule(r"[()\[\]{}|•·]", lambda match: ", "),
    rule(r"(?<=[a-z])\.(?=[a-z])", lambda match: " dot "),
    rule(r"(?<=[^\W\d_])[’'](?=[^\W\d_]) | (?<=s)[’'](?=\s)", lambda match: "'"),
)
