"""Parses JSON strictly: ambiguous documents are refused with a reason (RFC 8259 sections 4 and 8)."""

import json
import math
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

MAX_DEPTH = 16
"""No request needs deeper nesting. The parser recurses, so the depth is checked first."""

_LONE_SURROGATE = "The JSON has a lone surrogate in a string."
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def loads(text: str | bytes, *, allow_nul: bool = False) -> Any:
    """Parse a JSON text; bytes must be UTF-8.

    Raises `ValueError`, with a message fit for the sender, for duplicate keys, NaN and infinities (`1e999`), nesting
    deeper than 16, lone surrogates, NUL characters (unless `allow_nul`), numbers with more digits than Python reads,
    and anything that is not JSON.
    """
    try:
        text = text.decode() if isinstance(text, bytes) else text
        text.encode()
    except UnicodeDecodeError:
        raise ValueError("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise ValueError(_LONE_SURROGATE) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"The JSON is nested more than {MAX_DEPTH} levels deep.")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except _Refused as refusal:
        raise ValueError(str(refusal)) from None
    except ValueError:
        raise ValueError("The JSON has a number that is too long.") from None
    if "\\u" in text:  # only an escape can still produce a NUL or a lone surrogate
        _check_strings(value, allow_nul)
    return value


def round_trip(value: Any) -> Any:
    """Return `value` as if it had been sent as JSON. Raises `ValueError` as `loads` does, and for unknown types."""
    try:
        text = json.dumps(value, default=_as_dict)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("This cannot be written as JSON.") from None
    return loads(text)


class _Refused(ValueError):
    """The JSON is valid for Python's parser but not for us."""


def _depth(text: str) -> int:
    """Return how deep the brackets outside of strings are nested."""
    brackets = re.findall(r"[\[\]{}]", _STRING.sub("", text))
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in brackets), default=0)


def _as_dict(value: Any) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("The JSON has the same key twice in one object.")
    return value


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is not a JSON number.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused("The JSON has a number that is too large.")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite)


def _check_strings(value: Any, allow_nul: bool) -> None:
    """Refuse strings that a database or a UTF-8 encoder rejects."""
    if isinstance(value, str):
        if "\0" in value and not allow_nul:
            raise ValueError("The JSON has a NUL character in a string.")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(_LONE_SURROGATE)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_strings(key, allow_nul)
            _check_strings(inner, allow_nul)
    elif isinstance(value, list):
        for inner in value:
            _check_strings(inner, allow_nul)
