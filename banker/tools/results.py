"""What comes out of a tool: its value as JSON data, or a failure that can be logged without a word of the user's."""

import json
import traceback
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

MAX_DEPTH = 16
MAX_BYTES = 65_536
"""Of the JSON of one result: what an agent can read and a session can keep."""


def json_data(value: Any) -> Any:
    """`value` as JSON data: a Decimal as text ("1234.56"), dates and times as ISO 8601 has them, tuples as lists.

    Raises `TypeError` for what has no such form, and `ValueError` for what is too deep or too long. The messages name
    types and never values.
    """
    data = _converted(value, 0)
    try:
        size = len(json.dumps(data, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:
        raise ValueError("a number that JSON does not have") from None
    if size > MAX_BYTES:
        raise ValueError(f"{size} bytes of JSON, more than {MAX_BYTES}")
    return data


def _converted(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    if value is None or isinstance(value, bool):
        return value
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
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_converted(inner, depth + 1) for inner in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {_converted(key, depth): _converted(inner, depth + 1) for key, inner in value.items()}
    raise TypeError(f"a {type(value).__name__}, which is no JSON data")


def trace(error: BaseException) -> str:
    """The types of an exception and of its causes with file, line and function; no message, no source, no value."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < 8:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        frames = traceback.extract_tb(current.__traceback__)[-20:]
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)
