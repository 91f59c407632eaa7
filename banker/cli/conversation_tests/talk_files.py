"""Parses talk files: what a customer says turn by turn, and what the banker must say and do."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from banker.config.checks import SHORT_TEXT
from banker.config.dataclass_schema import key, must, parse


def _are_patterns(values: list[str]) -> bool:
    try:
        return all(re.compile(value) for value in values)
    except re.error:
        return False


_PATTERNS = must(_are_patterns, "must be regular expressions")


@dataclass(frozen=True)
class ExpectedCall:
    """A tool call that finishes in a turn. The arguments that `args` names must be equal."""

    tool: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TalkTurn:
    """What the customer says, and what must follow. None: not checked.

    `asks` is the tool whose confirmation is open after the turn, or "". `says` are regular expressions that must match
    the displayed text, and `never` those that must not.
    """

    customer: str = key(check=SHORT_TEXT)
    tools: tuple[ExpectedCall, ...] | None = None
    asks: str | None = None
    says: tuple[str, ...] = key((), check=_PATTERNS)
    never: tuple[str, ...] = key((), check=_PATTERNS)


@dataclass(frozen=True)
class Talk:
    """A conversation of `user` with a tenant's banker; `account` is the account on the user's screen."""

    name: str = key(check=SHORT_TEXT)
    turn: tuple[TalkTurn, ...] = key(check=must(bool, "must contain at least one [[talk.turn]]"))
    tenant: str | None = None
    user: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class _TalkFile:
    talk: tuple[Talk, ...] = key(check=must(bool, "must contain at least one [[talk]]"))


def read_talks(path: Path) -> tuple[Talk, ...]:
    """Return the talks of a file. Raises `ValueError` with a line of file, key and fix for each mistake."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: is not TOML: {error}") from None
    try:
        return parse(_TalkFile, values).talk
    except ValueError as error:
        raise ValueError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None
