"""Converts what a tool returns into JSON data, and what it raises into a log text without user data."""

import json
import traceback
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

MAX_DEPTH = 16
"""The deepest nesting of a result."""
MAX_RESULT_BYTES = 65_536
"""The largest result as JSON. More fits neither a model's context window nor the session store."""
MAX_TRACE_EXCEPTIONS = 8
MAX_TRACE_FRAMES = 20


def json_data(value: Any) -> Any:
    """Convert `value` to JSON data: decimals to strings ("1234.56"), dates and times to ISO 8601, tuples to lists.

    Raises `TypeError` for a type without a JSON form and `ValueError` for data that is nested too deeply or too large.
    The messages name types, never values.
    """
    data = _convert(value, 0)
    try:
        size = len(json.dumps(data, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:
        raise ValueError("a number without a JSON form") from None
    if size > MAX_RESULT_BYTES:
        raise ValueError(f"{size} bytes of JSON; the limit is {MAX_RESULT_BYTES}")
    return data


def _convert(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} levels of nesting")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _convert(value.value, depth)
    if isinstance(value, str):
        return str.__str__(value).encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_convert(item, depth + 1) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {_convert(key, depth): _convert(item, depth + 1) for key, item in value.items()}
    raise TypeError(f"a {type(value).__name__}, which has no JSON form")


def redacted_traceback(error: BaseException) -> str:
    """Format an exception and its causes as types, files, lines and functions.

    Messages and source lines are left out, because they may quote the user.
    """
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < MAX_TRACE_EXCEPTIONS:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        frames = traceback.extract_tb(current.__traceback__)[-MAX_TRACE_FRAMES:]
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)
