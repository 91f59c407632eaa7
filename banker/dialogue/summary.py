"""The question for a confirmation: what a tool is going to do, in words that its arguments cannot bend."""

from collections.abc import Mapping
from typing import Any

from banker.dialogue.declaration import Tool

MAX_VALUE = 200
"""Characters of one value in the question."""


def summarise(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """The declared summary; without one the tool's name with its arguments. Raises what a summary function raises."""
    if callable(tool.summary):
        return one_line(tool.summary(arguments), 4 * MAX_VALUE)
    if tool.summary is not None:
        values = dict.fromkeys(tool.arguments.keys.values(), "") | dict(tool.defaults) | dict(arguments)
        return tool.summary.format_map({key: _quotable(value) for key, value in values.items()})
    return generic(tool, arguments)


def generic(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """ "create ticket with subject “Lost card” and details “…”"."""
    said = {key.replace("_", " "): _quotable(value) for key, value in arguments.items()}
    told = " and ".join(f"{key} “{value}”" for key, value in said.items() if value)
    return " with ".join(part for part in (tool.spec.name.replace("_", " "), told) if part)


def one_line(text: str, limit: int) -> str:
    """`text` without line ends and what cannot be seen, in `limit` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _quotable(value: Any) -> str:
    """A value that cannot end the quotation marks around it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return one_line(", ".join(_quotable(inner) for inner in value), MAX_VALUE)
    return one_line(str(value), MAX_VALUE).translate(str.maketrans('“”„"', "‘’‚'"))
