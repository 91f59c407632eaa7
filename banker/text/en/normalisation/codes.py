"""Codes, read character by character: account, card, ticket and phone numbers, IBANs, mail and web addresses."""

import re
from itertools import pairwise

from banker.text.en.normalisation.numbers import cardinal, digits, grouped
from banker.text.en.normalisation.rules import Rule, before, rule

_SIGNS = {"@": "at", ".": "dot", "-": "dash", "_": "underscore", "+": "plus", "/": "slash"}
_CODE_FOLLOWS = re.compile(
    r"""\b(?: (?:account|acct|card|ticket|case|reference|ref|order|confirmation|routing|member|customer|invoice|zip|PIN|
               CVC|CVV|code|passcode|password|extension|ext|branch|BIC|ID|check|cheque|policy|loan|transaction|call|dial|phone)
              \b\.? (?:\s(?:number|no|code|id)\b\.?(?:\s(?:is|of))?)?
            | (?:number|no|code|PIN|OTP|ID)\b\.? (?:\sis)?
            | (?:end(?:s|ing|ed)?) \s (?:in|with|on) | card\sending
          | last\s(?:four|three|two)(?:\sdigits?)? (?:\s(?:are|is|of))?
          ) \s? :? \s? \#? $""",
    re.VERBOSE | re.IGNORECASE,
)
_BANK_CODE_FOLLOWS = re.compile(r"\b(?:BIC|SWIFT)(?:\s?[/-]?\s?(?:BIC|SWIFT|code|is))*:?\s$", re.IGNORECASE)
_END_FOLLOWS = re.compile(
    r"\bend(?:s|ing|ed)? (?:in|with|on) $|\blast (?:four|three|two)(?: digits?)? $", re.IGNORECASE
)


def spelled(text: str) -> str:
    """Spell letters and digits: "DE89" -> "D-E eight nine"."""
    return joined([digits(char) or char.upper() for char in text if char.isalnum()])


def joined(parts: list[str]) -> str:
    """Join spelled letters with hyphens. Without one, a voice would read an A as the article."""
    text = ""
    for part in parts:
        letter = re.search(r"(?:^|[ -])([A-Z])$", text)
        text += ("-" if letter and (len(part) == 1 or letter[1] == "A") else " ") + part
    return text.strip()


def _groups(text: str) -> str:
    return ", ".join(spelled(group) for group in re.findall(r"[^\W_]+", text))


def _phone(match: re.Match[str]) -> str:
    """Read digit by digit, group by group, except for the 800 of 1-800, which is "eight hundred"."""
    groups: list[str] = re.findall(r"[0-9]+|[A-Z]+", match[0])
    words = ", ".join(cardinal(int(group)) if group in ("800", "900") else digits(group) or group for group in groups)
    return f"plus {words}" if match[0].startswith("+") else words


def _extension(match: re.Match[str]) -> str | None:
    """Read the x in "555-0199 x12" as an extension; in "5 x 12" it multiplies."""
    return " extension " if re.search(r"[0-9]{3}[\s.-][0-9]{4}$", before(match)) else None


def _bank_code(match: re.Match[str]) -> str | None:
    """Spell a BIC (ISO 9362) if the text before names one."""
    return _groups(" ".join(re.findall(".{1,4}", match[0]))) if _BANK_CODE_FOLLOWS.search(before(match)) else None


def _masked(match: re.Match[str]) -> str:
    last = digits(match["last"])
    return last if _END_FOLLOWS.search(before(match)) else f"ending in {last}"


def _address(match: re.Match[str]) -> str:
    """Read an address without its query and fragment, which nobody types by ear."""
    text = re.sub(r"^(?:https?://|mailto:)?(?:www\.)?|[?#].*$|/+$", "", match[0])
    return "".join(_address_part(part) for part in re.findall(r"[0-9]+|[^\W\d_]+|[-@._+/]", text)).strip()


def _address_part(part: str) -> str:
    if part in _SIGNS:
        return f" {_SIGNS[part]} "
    if part.isascii() and part.isdigit():
        return f" {digits(part)} "
    return spelled(part) if len(part) < 3 or part in ("pdf", "www", "html") else part


def _code(match: re.Match[str]) -> str | None:
    """Read "T-1042", "AB12CD" and "acc-789": words stay words, everything else is spelled."""
    if not re.search("[0-9]", match[0]):
        return None
    parts: list[str] = re.findall(r"[0-9]+|[A-Za-z]+|\.", match[0])
    words = [_code_part(part) for part in parts]
    if parts[0].lower() in ("acc", "acct", "account"):
        words[0] = "" if re.search(r"\baccount\s$", before(match), re.IGNORECASE) else "account"
    elif len(parts) == 2 and len(parts[0]) > 3 and re.fullmatch("[1-9][0-9]?", parts[1]):
        words[1] = cardinal(int(parts[1]))  # COVID-19
    for at, (left, right) in enumerate(pairwise(parts)):
        words[at] += "," if left[0].isdigit() and right[0].isdigit() else ""
    return joined(words)


def _code_part(part: str) -> str:
    if part == ".":
        return "dot"
    if part[0] in "0123456789":
        return grouped(part)
    return part if len(part) > 3 and re.search("[aeiouy]", part, re.IGNORECASE) else spelled(part)


def _iban(match: re.Match[str]) -> str:
    text = re.sub(r"\s", "", match[0])
    return _groups(f"{text[:2]} {text[2:4]} " + " ".join(re.findall(".{1,4}", text[4:])))


def _in_context(match: re.Match[str]) -> str | None:
    return grouped(match[0]) if _CODE_FOLLOWS.search(before(match)) else None


def _hash(match: re.Match[str]) -> str:
    number = match[1]
    words = cardinal(int(number)) if len(number) < 3 and number[0] != "0" else grouped(number)
    return words if re.search(r"\b(?:number|no\.)\s?$", before(match), re.IGNORECASE) else f"number {words}"


_TOP_LEVEL = "com|org|net|io|gov|edu|bank|example|test|co|uk|de|eu|info|us|app|dev|ch|fr|ai"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
_STOP = r"(?![\w/-]|[.,:][0-9])"

RULES: tuple[Rule, ...] = (
    rule(r"(?:mailto:)? [\w.+-]+ @ [A-Za-z0-9-]+ (?:\.[A-Za-z0-9-]+)+", _address),
    rule(r"(?:https?://|www\.) [^\s<>\"]* [\w/]", _address),
    rule(rf"{_HOST} (?:{_TOP_LEVEL})\b (?: /[^\s<>\"]*[\w/] )? /?", _address),
    rule(r"(?: [*•●·#]{2,} [\s-]? | (?:\b[xX]{2,}\b)[\s-]? )+ (?P<last>[0-9]{2,6}) (?![\w.,]*[0-9])", _masked),
    rule(r"(?: \b[xX]{2,} | (?<!\S)(?:…|\.{3}) ) (?P<last>[0-9]{2,6}) (?![\w.,]*[0-9])", _masked),
    rule(  # IBAN, ISO 13616: country, check digits, then groups of four, of which only the first may consist of letters
        r"""[A-Z]{2}[0-9]{2} \s?[A-Z0-9]{4} (?: \s?(?=[A-Z]*[0-9])[A-Z0-9]{4} ){1,6}
            (?: \s?(?=[A-Z]*[0-9])[A-Z0-9]{1,3} )? \b""",
        _iban,
    ),
    rule(r"\+ (?=(?:[\s().-]*[0-9]){7}) [0-9]{1,3} (?: [\s.-]?\(?[0-9]{1,5}\)? ){1,5} (?![0-9])", _phone),
    rule(r"(?:1[\s.-])? (?: \([0-9]{3}\)\s? | \b[0-9]{3}[\s.-] ) [0-9]{3}[\s.-][0-9]{4} \b", _phone),
    rule(r"1-[89][0-9]{2}\b (?: -[A-Z0-9]{3,} )* (?: -[0-9]{4} )? (?![\w-])", _phone),
    rule(r"\b[0-9]{3}-[0-9]{4} \b (?!-)", _phone),
    rule(r"(?<=[0-9])\s?x\s?(?=[0-9]{1,5}\b)", _extension),
    rule(r"\(?0[0-9]{0,4}\)? (?:[\s/-][0-9]{3,5})? [\s/-][0-9]{3,8} (?![\w-])", _phone),
    rule(r"\(0\)[0-9]{2,4} (?:\s[0-9]{3,8}){1,3} (?![\w-])", _phone),
    rule(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})? \b", _bank_code),
    rule(r"[0-9]{4} (?:[\s-][0-9]{4}){2,5} (?:[\s-][0-9]{1,3})? " + _STOP, lambda match: _groups(match[0])),
    rule(r"[0-9]{4}\s[0-9]{4} " + _STOP, lambda match: _groups(match[0])),
    rule(r"[0-9]{4}[\s-][0-9]{6}[\s-][0-9]{5} " + _STOP, lambda match: _groups(match[0])),
    rule(r"[0-9]+ (?:-[0-9]+){2,} (?![\w-])", lambda match: _groups(match[0])),
    rule(r"\#([0-9]+) " + _STOP, _hash),
    rule(r"0[0-9]+ (?![\w%]|[.,:/][0-9])", lambda match: grouped(match[0])),
    rule(r"[0-9]{3,} (?![\w%]|[.,:/][0-9]|\s?(?:dollars|euros|pounds)\b)", _in_context),
    rule(r"[1-9][0-9]{0,2}(?:000){2,} (?![\w%]|[.,:/][0-9])", lambda match: cardinal(int(match[0]))),
    rule(r"[0-9]{7,} (?![\w%]|[.,:/][0-9]|\s?(?:dollars|euros|pounds)\b)", lambda match: grouped(match[0])),
)

MIXED: tuple[Rule, ...] = (
    rule(r"(?=[A-Za-z0-9]*[A-Za-z])(?=[^\s,;:!?]*[0-9]) [A-Za-z0-9]+ (?:[-_/.][A-Za-z0-9]+)* (?!\w)", _code),
)
