"""What a rule is: a pattern that starts with a figure, a sign or a word, and what a voice says for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Saying = Callable[[re.Match[str]], str | None]


class Rule(NamedTuple):
    """`say` gets the match and returns the words, or None to leave the text to the rules behind it."""

    pattern: re.Pattern[str]
    say: Saying


def rule(pattern: str, say: Saying | str) -> Rule:
    """A rule from a verbose regular expression and a function, or the words themselves."""
    return Rule(re.compile(pattern, re.VERBOSE), say if callable(say) else lambda _: say)


def before(match: re.Match[str], length: int = 48) -> str:
    """The last `length` characters in front of the match: what decides between a count, a year and a code."""
    return match.string[max(0, match.start() - length) : match.start()]
