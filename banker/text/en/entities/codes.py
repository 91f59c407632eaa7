"""Codes: numbers of accounts, cards, tickets and telephones, IBANs, and the endings of masked numbers."""

import re
from itertools import pairwise

from banker.text.en.entities.entity import ALONE, NumericEntity, Rule, before, code_key, is_money, rule

_ENDING = re.compile(
    r"""\bend(?:s|ing|ed)?\s(?:in|with|on)(?:\sthe\s(?:digits|numbers?|figures))?:?\s$
    | \blast\s(?:[0-9]+\s|few\s)?(?:digits|numbers|figures)(?:\s(?:are|is|of))?:?\s$""",
    re.IGNORECASE | re.VERBOSE,
)
_NAMES = "account|acct|ticket|case|reference|ref|card|iban|order|confirmation|transaction|customer|routing|phone|loan"
_NUMBERED = re.compile(
    rf"""\b(?:{_NAMES})\.?\s(?:number|no|id|code)\b\.?(?:\s(?:is|of))?\s?[:\#]?\s?\#?$
    | \b(?:pin|passcode|id)(?:\sis)?\s?[:\#]?\s?$""",
    re.IGNORECASE | re.VERBOSE,
)
_NAMED = re.compile(rf"\b(?:{_NAMES})\s?[:\#]?\s?$|\#$", re.IGNORECASE | re.VERBOSE)
_ALWAYS = re.compile(r"(?:acc|acct|account|ref|tkt|ticket|case|inv|t)[-_]?[0-9]", re.IGNORECASE)


def is_ending(match: re.Match[str]) -> bool:
    """Return whether "ending in" or the like precedes the match."""
    return bool(_ENDING.search(before(match)))


def is_named(match: re.Match[str], digits: int) -> bool:
    """Return whether "ticket number" or the like precedes the match, or "ticket" a number of two or more digits."""
    return bool(_NUMBERED.search(before(match)) or (digits > 1 and _NAMED.search(before(match))))


def _mixed(match: re.Match[str]) -> list[NumericEntity]:
    """Read letters and digits in one word. "24h", "2FA" and "30-day" contain a count, "T-12" is a code."""
    digits = sum(char.isdigit() for char in match[0])
    if digits > 2 or _ALWAYS.match(match[0]) or is_named(match, 2):
        return [NumericEntity("code", (code_key(match[0]),))]
    return [NumericEntity("count", ())]


def _groups(match: re.Match[str]) -> list[NumericEntity] | None:
    """Read groups of digits, "4111 1111 1111 1111", as a code. "3-5 days" is a range."""
    groups = re.findall("[0-9]+", match[0])
    if (len(groups) == 2 and max(map(len, groups)) < 3) or is_money(match):
        return None
    digits = "".join(groups)
    return [NumericEntity("ending", ("e:" + digits,)) if is_ending(match) else NumericEntity("code", ("c:" + digits,))]


def _listed(match: re.Match[str]) -> list[NumericEntity] | None:
    digits = re.findall("[0-9]", match[0])
    if all(int(later) - int(earlier) == 1 for earlier, later in pairwise(digits)):
        return None  # the options 1, 2, 3, 4
    return [NumericEntity("code", ("c:" + "".join(digits),))]


RULES: tuple[Rule, ...] = (
    rule(ALONE + r"401\(?k\)?(?!\w)", lambda match: []),
    rule(
        r"(?<![*•●·#…xX]) (?: [*•●·#…]{2,}+[\s-]? | \b[xX]{2,}+[\s-]? | (?<!\S)(?:\.{3}|…) )++ ([0-9]{2,6})"
        r"(?![\w.,]*[0-9])",
        lambda match: [NumericEntity("ending", ("e:" + match[1],))],
    ),
    rule(  # IBAN, ISO 13616
        ALONE + r"[A-Z]{2}[0-9]{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?(?=[A-Z]*[0-9])[A-Z0-9]{1,3})? (?![A-Za-z0-9])",
        lambda match: [NumericEntity("code", (code_key(match[0]),))],
    ),
    rule(
        ALONE
        + r"""(?![0-9]+-?(?:[kKmM]|bn)\b) (?![0-9]+-[a-z]{2,}\b)
        (?=[0-9_-]*[A-Za-z]) (?=[A-Za-z_-]*[0-9]) [A-Za-z0-9]+ (?:[-_][A-Za-z0-9]+)*""",
        _mixed,
    ),
    rule(r"(?<![0-9]) \+?\(?[0-9]+\)? (?:[\s-]\s?\(?[0-9]+\)?)+ (?!\w|[.,/][0-9])", _groups),
    rule(ALONE + r"[0-9](?:,\s?[0-9]){3,} (?!\w)", _listed),
)
