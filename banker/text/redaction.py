"""Removes secrets from what a customer says and from what a tool returns.

Secrets are card numbers (ISO/IEC 7812-1), card security codes, PINs, passwords and one-time codes, in digits or in
words. Account numbers, amounts, dates and telephone numbers stay. `banker.text.secret_parser` finds the secrets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from banker.text.en.secret_terms import PLACEHOLDERS, SecretKind
from banker.text.en.spoken_digits import tokens
from banker.text.number_runs import TokenizedText
from banker.text.secret_names import name_at
from banker.text.secret_parser import USUAL_DIGITS, SecretParser

_CODE_TURNS = 3
"""For how many turns after a code was mentioned it may be said without its name."""
_CODE_NAME = "code:"
WITHHELD = "…"
"""Replaces a number in an interim transcript that may still become a card number."""


@dataclass(frozen=True)
class Redacted:
    """A text without its secrets, and the kinds of secrets that were removed."""

    text: str
    kinds: tuple[SecretKind, ...] = ()
    only_secrets: bool = False
    """Whether the text said nothing else."""


class SecretFilter:
    """Removes secrets from the turns of one conversation, even if a pause divides a number or its name from it."""

    def __init__(self) -> None:
        self._context = ""
        self._turns_with_code = 0
        self._named: SecretKind | None = None
        """The secret that the previous turn named last."""

    def final(self, text: str) -> Redacted:
        """Filter a finished turn."""
        redacted, context = _redact(text, self._context_of(text), expected=self._named)
        self._named = next(reversed(names_in(text)), None)
        self._turns_with_code = _CODE_TURNS if speaks_of_code(text) else max(0, self._turns_with_code - 1)
        self._context = context
        return redacted

    def interim(self, text: str) -> str:
        """Filter an interim transcript. A long number at its end is withheld, because it may still grow."""
        return _redact(text, self._context_of(text), partial=True, expected=self._named)[0].text

    def _context_of(self, text: str) -> str:
        """Return the context for the next words. Soon after a code was mentioned, six digits alone are one."""
        return self._context or (_CODE_NAME if self._turns_with_code and is_code_alone(text) else "")


def redact(text: str) -> Redacted:
    """Remove the secrets from a text."""
    return _redact(text, "")[0]


def redact_data(value: Any, key: str = "") -> Any:
    """Remove the secrets from JSON data. A key names its value: `{"pin": "1234"}`."""
    if isinstance(value, Mapping):
        return {name: redact_data(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [redact_data(inner, key) for inner in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    redacted, _ = _redact(str(value), _key_context(key), from_customer=False)
    return redacted.text if redacted.kinds else value


def names_in(text: str) -> list[SecretKind]:
    """Return the kinds of secrets that a text names, in order."""
    words = TokenizedText(text)
    names = [name_at(words, place) for place in range(len(words.tokens))]
    return [name[0] for name in names if name is not None]


def speaks_of_code(text: str) -> bool:
    """Return whether a text mentions a one-time code."""
    return "code" in names_in(text)


def is_code_alone(text: str) -> bool:
    """Return whether a text says nothing but a number of six digits."""
    number = TokenizedText(text).last_number()
    is_code = number is not None and len(number.digits) == USUAL_DIGITS["code"] and not number.is_scaled
    return is_code and SecretParser(f"{_CODE_NAME} {text}", len(_CODE_NAME) + 1).leaves_nothing()


def _key_context(key: str) -> str:
    """Return the context that a key gives its value. A plain "code" may be that of a currency or a branch."""
    words = [token.word for token in tokens(key.replace("_", " "))]
    is_plain_code = words[-1:] == ["code"] and words[-2:-1] not in (["security"], ["verification"], ["pass"])
    return "" if is_plain_code or not words else " ".join(words) + ":"


def _redact(
    text: str,
    context: str,
    *,
    partial: bool = False,
    from_customer: bool = True,
    expected: SecretKind | None = None,
) -> tuple[Redacted, str]:
    """Return the redacted text, and the context that it leaves for the next one."""
    prefix = f"{context} " if context else ""
    parser = SecretParser(prefix + text, len(prefix), partial=partial, from_customer=from_customer, expected=expected)
    pieces: list[str] = []
    kinds: list[SecretKind] = []
    at = len(prefix)
    for secret in parser.secrets():
        pieces += [parser.text[at : max(at, secret.start)], PLACEHOLDERS[secret.kind]]
        kinds.append(secret.kind)
        at = secret.end
    withheld = parser.growing_number(at) if partial else None
    pieces += [parser.text[at:]] if withheld is None else [parser.text[at:withheld], WITHHELD]
    return Redacted("".join(pieces), tuple(dict.fromkeys(kinds)), parser.leaves_nothing()), parser.open_context()
