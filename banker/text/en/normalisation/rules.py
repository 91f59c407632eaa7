"""Normalisation rules: a pattern and the words that replace its matches."""

import re
from collections.abc import Callable
from typing import NamedTuple

Verbalise = Callable[[re.Match[str]], str | None]


class Rule(NamedTuple):
    """`verbalise` returns the words for a match, or None to leave the text to the rules after this one."""

    pattern: re.Pattern[str]
    verbalise: Verbalise


def rule(pattern: str, words: Verbalise | str) -> Rule:
    """Make a rule from a verbose regular expression and a function or fixed words."""
    return Rule(re.compile(pattern, re.VERBOSE), words if callable(words) else lambda _: words)


def before(match: re.Match[str], length: int = 48) -> str:
    """Return the `length` characters before the match, the context that distinguishes a count, a year and a code."""
    return match.string[max(0, match.start() - length) : match.start()]
