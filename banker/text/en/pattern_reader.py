"""Rules that read a text from left to right: a pattern, and a function that reads its matches."""

import re
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Rule(NamedTuple, Generic[T]):
    """`read` returns what a match means, or None to leave the text to the rules after this one."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], T | None]


def rule(pattern: str, read: Callable[[re.Match[str]], T | None]) -> Rule[T]:
    """Make a rule from a verbose regular expression."""
    return Rule(re.compile(pattern, re.VERBOSE), read)


def read_at(rules: Sequence[Rule[T]], text: str, place: int) -> tuple[T, int] | None:
    """Return what the first rule that applies at `place` reads, and where its match ends. None if no rule applies."""
    for pattern, read in rules:
        match = pattern.match(text, place)
        if match and match.end() > place and (found := read(match)) is not None:
            return found, match.end()
    return None


def before(match: re.Match[str], length: int = 48) -> str:
    """Return the `length` characters before a match, the context that distinguishes a count, a year and a code."""
    return match.string[max(0, match.start() - length) : match.start()]
