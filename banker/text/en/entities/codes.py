"""Codes: numbers of accounts, cards, tickets and telephones, IBANs, and the endings of masked numbers."""

import re
from itertools import pairwise

from banker.text.en.code_patterns import IBAN, MASKED, is_ending, is_named
from banker.text.en.currencies import SCALE
from banker.text.en.entities.entity import ALONE, NumericEntity, code_key, is_money
from banker.text.en.pattern_reader import Rule, before, rule

_ALWAYS = re.compile(r"(?:acc|acct|account|ref|tkt|ticket|case|inv|t)[-_]?[0-9]", re.IGNORECASE)


def _mixed(match: re.Match[str]) -> list[NumericEntity]:
    """Read letters and digits in one word. "24h", "2FA" and "30-day" contain a count, "T-12" is a code."""
    digits = sum(char.isdigit() for char in match[0])
    if digits > 2 or _ALWAYS.match(match[0]) or is_named(before(match), 2):
        return [NumericEntity("code", (code_key(match[0]),))]
    return [NumericEntity("count", ())]


def _groups(match: re.Match[str]) -> list[NumericEntity] | None:
    """Read groups of digits, "4111 1111 1111 1111", as a code. "3-5 days" is a range."""
    groups = re.findall("[0-9]+", match[0])
    if (len(groups) == 2 and max(map(len, groups)) < 3) or is_money(match):
        return None
    kind, prefix = ("ending", "e:") if is_ending(before(match)) else ("code", "c:")
    return [NumericEntity(kind, (prefix + "".join(groups),))]


def _listed(match: re.Match[str]) -> list[NumericEntity] | None:
    digits = re.findall("[0-9]", match[0])
    if all(int(later) - int(earlier) == 1 for earlier, later in pairwise(digits)):
        return None  # the options 1, 2, 3, 4
    return [NumericEntity("code", ("c:" + "".join(digits),))]


RULES: tuple[Rule[list[NumericEntity]], ...] = (
    rule(ALONE + r"401\(?k\)?(?!\w)", lambda match: []),
    rule(MASKED, lambda match: [NumericEntity("ending", ("e:" + match["last"],))]),
    rule(ALONE + IBAN, lambda match: [NumericEntity("code", (code_key(match[0]),))]),
    rule(
        ALONE
        + rf"""(?![0-9]+-?{SCALE}) (?![0-9]+-[a-z]{{2,}}\b)
        (?=[0-9_-]*[A-Za-z]) (?=[A-Za-z_-]*[0-9]) [A-Za-z0-9]+ (?:[-_][A-Za-z0-9]+)*""",
        _mixed,
    ),
    rule(r"(?<![0-9]) \+?\(?[0-9]+\)? (?:[\s-]\s?\(?[0-9]+\)?)+ (?!\w|[.,/][0-9])", _groups),
    rule(ALONE + r"[0-9](?:,\s?[0-9]){3,} (?!\w)", _listed),
)
