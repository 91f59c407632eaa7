"""Writes lists in words."""

from collections.abc import Sequence


def listed(items: Sequence[str], last: str = "and") -> str:
    """Return the items as a list in words: `a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
