"""Codes, read character by character: account, card, ticket and telephone numbers, IBANs, spelled names."""

import re
from itertools import pairwise

from banker.text.en.code_patterns import IBAN, MASKED, is_code, is_ending
from banker.text.en.numbers import cardinal, digits, grouped, in_pairs
from banker.text.en.pattern_reader import Rule, before, rule

_BANK_CODE_FOLLOWS = re.compile(r"\b(?:BIC|SWIFT)(?:\s?[/-]?\s?(?:BIC|SWIFT|code|is))*:?\s$", re.IGNORECASE)


def spelled(text: str) -> str:
    """Spell letters and digits: "DE89" -> "D-E eight nine"."""
    return _joined([digits(char) or char.upper() for char in text if char.isalnum()])


def spelled_groups(text: str) -> str:
    """Spell a code with a pause between its groups: "12-34-56" -> "one two, three four, five six"."""
    groups: list[str] = re.findall(r"[^\W_]+", text)
    return ", ".join(grouped(group) if re.fullmatch("[0-9]+", group) else spelled(group) for group in groups)


def _joined(parts: list[str]) -> str:
    """Join spelled letters with hyphens. Without one, a voice would read an A as the article."""
    text = ""
    for part in parts:
        letter = re.search(r"(?:^|[ -])([A-Z])$", text)
        text += ("-" if letter and (len(part) == 1 or letter[1] == "A") else " ") + part
    return text.strip()


def _phone(match: re.Match[str]) -> str:
    """Read digit by digit, group by group, except for the 800 of 1-800, which is "eight hundred"."""
    text = match[0].replace("(0)", "") if match[0].startswith("+") else match[0]
    text = re.sub(r"^(\+1)([0-9]{3})([0-9]{3})(?=[0-9]{4}$)", r"\1 \2 \3 ", text)
    groups: list[str] = re.findall(r"[0-9]+|[A-Z]+", text)
    words = ", ".join(
        cardinal(int(group)) if group in ("800", "900") else grouped(group) if group.isdigit() else group
        for group in groups
    )
    return f"plus {words}" if match[0].startswith("+") else words


def _extension(match: re.Match[str]) -> str | None:
    """Read the x in "555-0199 x12" as an extension; in "5 x 12" it multiplies."""
    return " extension " if re.search(r"[0-9]{3}[\s.-][0-9]{4}$", before(match)) else None


def _bank_code(match: re.Match[str]) -> str | None:
    """Spell a BIC (ISO 9362) if the text before names one."""
    return _fours(match[0]) if _BANK_CODE_FOLLOWS.search(before(match)) else None


def _fours(text: str) -> str:
    return spelled_groups(" ".join(re.findall(".{1,4}", text)))


def _iban(match: re.Match[str]) -> str:
    text = re.sub(r"\s", "", match[0])
    return f"{spelled_groups(f'{text[:2]} {text[2:4]}')}, {_fours(text[4:])}"


def _masked(match: re.Match[str]) -> str:
    last = digits(match["last"])
    return last if is_ending(before(match)) else f"ending in {last}"


def _code(match: re.Match[str]) -> str | None:
    """Read "T-1042", "AB12CD" and "acc-789": words stay words, everything else is spelled."""
    if not re.search("[0-9]", match[0]):
        return None
    parts: list[str] = re.findall(r"[0-9]+|[A-Za-z]+|\.", match[0])
    words = [_code_part(part) for part in parts]
    if parts[0].lower() in ("acc", "acct", "account"):
        words[0] = "" if re.search(r"\baccount\s$", before(match), re.IGNORECASE) else "account"
    elif len(parts) == 2 and re.fullmatch("[1-9][0-9]{0,2}", parts[0]) and len(parts[1]) == 1:
        words[0] = in_pairs(int(parts[0])) if len(parts[0]) == 3 else cardinal(int(parts[0]))  # 5G, 221B
    elif len(parts) == 2 and (len(parts[0]) == 1 or len(parts[0]) > 3) and re.fullmatch("[1-9][0-9]?", parts[1]):
        words[1] = cardinal(int(parts[1]))  # G20, COVID-19
    for at, (left, right) in enumerate(pairwise(parts)):
        words[at] += "," if left[0].isdigit() and right[0].isdigit() else ""
    return _joined(words)


def _code_part(part: str) -> str:
    if part == ".":
        return "dot"
    if part[0] in "0123456789":
        return grouped(part)
    return part if len(part) > 3 and re.search("[aeiouy]", part, re.IGNORECASE) else spelled(part)


def _hash(match: re.Match[str]) -> str:
    number = match[1]
    words = cardinal(int(number)) if len(number) < 3 and number[0] != "0" else grouped(number)
    return words if re.search(r"\b(?:number|no\.)\s?$", before(match), re.IGNORECASE) else f"number {words}"


_STOP = r"(?![\w/-]|[.,:][0-9])"
_NO_AMOUNT = r"(?![\w%]|[.,:/][0-9]|\s?(?:dollars|euros|pounds)\b)"

RULES: tuple[Rule[str], ...] = (
    rule(MASKED, _masked),
    rule(IBAN, _iban),
    rule(
        r"""\+ (?=(?:[\s().-]*[0-9]){7}) (?: [0-9]{8,15} | [0-9]{1,3} (?: [\s.-]?\(?[0-9]{1,5}\)? ){1,5} ) (?![0-9])
        | (?: (?:1[\s.-])? (?: \([0-9]{3}\)\s? | [0-9]{3}[\s.-] ) [0-9]{3}[\s.-] | [0-9]{3}- ) [0-9]{4} \b (?!-)
        | 1-[89][0-9]{2}\b (?: -[A-Z0-9]{3,} )* (?: -[0-9]{4} )? (?![\w-])
        | \(?0[0-9]{0,4}\)? (?:[\s/-][0-9]{3,5})? [\s/-][0-9]{3,8} (?![\w-])
        | \(0\)[0-9]{2,4} (?:\s[0-9]{3,8}){1,3} (?![\w-])""",
        _phone,
    ),
    rule(r"(?<=[0-9])\s?x\s?(?=[0-9]{1,5}\b)", _extension),
    rule(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})? \b", _bank_code),
    rule(
        rf"""(?: [0-9]{{4}} (?:[\s-][0-9]{{4}}){{2,5}} (?:[\s-][0-9]{{1,3}})? | [0-9]{{4}}\s[0-9]{{4}}
             | [0-9]{{4}}[\s-][0-9]{{6}}[\s-][0-9]{{5}} | [0-9]+(?:-[0-9]+){{2,}} | [0-9]{{2}}-[0-9]{{7}} ) {_STOP}""",
        lambda match: spelled_groups(match[0]),
    ),
    rule(
        r"[0-9]{2,} (?:[\s-][0-9]{2,})+ " + _STOP,
        lambda match: spelled_groups(match[0]) if is_code(before(match), len(match[0])) else None,
    ),
    rule(r"\#([0-9]+) " + _STOP, _hash),
    rule(r"\#(?=[A-Z]+-?[0-9])", lambda match: "number "),
    rule(r"(40[13]|457)(?:\(([bk])\)|k\b)", lambda match: f"{in_pairs(int(match[1]))} {(match[2] or 'k').upper()}"),
    rule(
        r"(?:(?:1099|1040|(?<=\b[Ff]orm\s)[1-9][0-9]{3})s?\b|[1-9][0-9]{3}(?=-[A-Z]+\b))(?!-[0-9])-?",
        lambda match: f"{in_pairs(int(match[0][:4]))}{'s' * ('s' in match[0])} ",
    ),
    rule(r"911(?![\w%]|[.,][0-9]|\s[a-z])", lambda match: digits(match[0])),
    rule(r"0[0-9]+ (?![\w%]|[.,:/][0-9])", lambda match: grouped(match[0])),
    rule(
        r"[0-9]{3,} " + _NO_AMOUNT, lambda match: grouped(match[0]) if is_code(before(match), len(match[0])) else None
    ),
    rule(r"[1-9][0-9]{0,2}(?:000){2,} (?![\w%]|[.,:/][0-9])", lambda match: cardinal(int(match[0]))),
    rule(r"[0-9]{7,} " + _NO_AMOUNT, lambda match: grouped(match[0])),
)

MIXED: tuple[Rule[str], ...] = (
    rule(r"(?:[A-Z]\.?\s){2,}[A-Z]\b\.?", lambda match: spelled(match[0])),  # S M I T H
    rule(r"(?:[A-Z][a-z]?\.\s?)(?:[A-Z]\.\s?)+", lambda match: f"{spelled(match[0])} "),  # J. P. Morgan, the U.S.
    rule(r"([A-Z])\.(?=\s[A-Z][a-z])", lambda match: match[1]),  # Anna K. Schmidt
    rule(r"(?=[A-Za-z0-9]*[A-Za-z])(?=[^\s,;:!?]*[0-9]) [A-Za-z0-9]+ (?:[-_/.][A-Za-z0-9]+)* (?!\w)", _code),
)
