"""Masks account numbers in audit entries, except for their last four characters."""

import math
import re
from collections.abc import Mapping
from typing import Any

SHOWN_CHARACTERS = 4
MAX_TEXT_LENGTH = 1000
"""Longer texts are cut: an entry records an action, not documents."""
MAX_DEPTH = 10
"""Deeper data is cut, which also ends lists that contain themselves."""
LARGEST_PLAIN_INTEGER = 99_999
"""Integers of six digits or more may be account numbers."""

_IBAN = re.compile(
    r"\b[A-Za-z]{2}\d{2}(?:[A-Za-z0-9]{11,30}\b"
    r"|[\s.-][A-Za-z0-9]{4}(?:[\s.-](?=[A-Za-z0-9]{0,3}\d)[A-Za-z0-9]{1,4})+)"  # in groups of four, up to a word
)
_NUMBER = re.compile(r"\d(?:[\s.\-/–]?\d){5,}")
_DATE = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")
_ACCOUNT_KEY = re.compile(r"account|iban|card|pan\b|bban|sort_?code|routing", re.IGNORECASE)
_SECRET_KEY = re.compile(r"password|passcode|secret|token|cvv|cvc|(^|_)(pin|tan|otp)(_|$)", re.IGNORECASE)


def mask(value: Any) -> Any:
    """Return JSON data in which account numbers, card numbers and IBANs are masked: `****6789`.

    A number of six digits or more is masked, also with spaces, dots or hyphens; a date is not. Under a key that names
    an account or a card, every text and number is masked; under a key that names a secret, the whole value. Long texts
    are cut, and objects without a JSON form become text.
    """
    return _mask_value(value, MAX_DEPTH)


def _mask_value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {_mask_text(str(key)): _mask_member(str(key), inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask_value(inner, depth - 1) for inner in value]
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_PLAIN_INTEGER else _mask_text(str(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _mask_text(str(value))


def _mask_member(key: str, value: Any, depth: int) -> Any:
    if _SECRET_KEY.search(key) and value is not None:
        return "****"
    if _ACCOUNT_KEY.search(key) and isinstance(value, str | int) and not isinstance(value, bool):
        return _last_four(str(value))
    if _ACCOUNT_KEY.search(key) and isinstance(value, list | tuple):
        return [_mask_member(key, inner, depth) for inner in value]
    return _mask_value(value, depth)


def _mask_text(text: str) -> str:
    text = _NUMBER.sub(_mask_match, _IBAN.sub(_mask_match, text))
    return text if len(text) <= MAX_TEXT_LENGTH else text[:MAX_TEXT_LENGTH] + "…"


def _mask_match(match: re.Match[str]) -> str:
    return match[0] if _DATE.fullmatch(match[0]) else _last_four(match[0])


def _last_four(text: str) -> str:
    characters = re.sub(r"[\s.\-/–]", "", text)
    return "****" + (characters[-SHOWN_CHARACTERS:] if len(characters) > SHOWN_CHARACTERS else "")
