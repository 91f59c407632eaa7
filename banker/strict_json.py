"""JSON as the contract takes it: one reading of each text, or an error that says what is wrong (RFC 8259 §4, §8)."""

import json
import math
from typing import Any

MAX_DEPTH = 16


def loads(text: str | bytes) -> Any:
    """Parse UTF-8 JSON. Raises `ValueError`, with a message fit for the sender, for what has no one meaning:

    duplicate keys, NaN and infinities (`1e999`), nesting deeper than 16, lone surrogates and NUL characters, numbers
    of more digits than Python reads, and whatever is no JSON.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("The body is not UTF-8.") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"The JSON is nested more than {MAX_DEPTH} deep.")
    try:
        value = _READER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except _Refused as refusal:
        raise ValueError(str(refusal)) from None
    except ValueError:
        raise ValueError("The JSON has a number that is too long.") from None
    _check_strings(value)
    return value


class _Refused(ValueError):
    pass


def _depth(text: str) -> int:
    """How deep brackets nest outside of strings; counted before the parser, which would recurse."""
    depth = deepest = 0
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("The JSON has the same key twice in one object.")
    return value


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is no JSON number.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused("The JSON has a number that is too large.")
    return value


_READER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite)


def _check_strings(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)):
            raise ValueError("The JSON has a NUL character or a lone surrogate in a string.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_strings(key)
            _check_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_strings(inner)
