"""What an entry may show of account numbers: their last four characters."""

import math
import re
from collections.abc import Mapping
from typing import Any

SHOWN = 4
MAX_TEXT = 1000
MAX_DEPTH = 10

_IBAN = re.compile(
    r"\b[A-Za-z]{2}\d{2}(?:[A-Za-z0-9]{11,30}\b"
    r"|[\s.-][A-Za-z0-9]{4}(?:[\s.-](?=[A-Za-z0-9]{0,3}\d)[A-Za-z0-9]{1,4})+)"  # in groups of four; words end it
)
_NUMBER = re.compile(r"\d(?:[\s.\-/–]?\d){5,}")
_DATE = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")
_ACCOUNT_KEY = re.compile(r"account|iban|card|pan\b|bban|sort_?code|routing", re.IGNORECASE)
_SECRET_KEY = re.compile(r"password|passcode|secret|token|cvv|cvc|(^|_)(pin|tan|otp)(_|$)", re.IGNORECASE)


def masked(value: Any) -> Any:
    """JSON data with every account, card number and IBAN in it masked to its last four characters: `****6789`.

    A number is one of six digits or more, also with spaces, dots or hyphens between them (dates stay). What stands
    under a key that names an account or card is masked whatever it looks like, and under one that names a secret,
    whole. Long texts are cut, and what is no JSON becomes its text.
    """
    return _masked(value, MAX_DEPTH)


def _masked(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {_text(str(key)): _under(str(key), inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner, depth - 1) for inner in value]
    if isinstance(value, int):
        return value if abs(value) < 100_000 else _text(str(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _text(str(value))


def _under(key: str, value: Any, depth: int) -> Any:
    if _SECRET_KEY.search(key) and value is not None:
        return "****"
    if _ACCOUNT_KEY.search(key) and isinstance(value, str | int) and not isinstance(value, bool):
        return _last_four(str(value))
    if _ACCOUNT_KEY.search(key) and isinstance(value, list | tuple):
        return [_under(key, inner, depth) for inner in value]
    return _masked(value, depth)


def _text(text: str) -> str:
    text = _NUMBER.sub(_mask, _IBAN.sub(_mask, text))
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _mask(match: re.Match[str]) -> str:
    return match[0] if _DATE.fullmatch(match[0]) else _last_four(match[0])


def _last_four(text: str) -> str:
    characters = re.sub(r"[\s.\-/–]", "", text)
    return "****" + (characters[-SHOWN:] if len(characters) > SHOWN else "")
