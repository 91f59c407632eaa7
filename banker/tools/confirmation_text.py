"""The question for a confirmation: what a tool is going to do, in words that its arguments cannot bend."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from banker.tools.declaration import Tool

MAX_VALUE = 1000
"""Characters of one value in the question."""
SPOKEN_VALUE = 120
"""Characters of one value that are read aloud; a longer one is read as far as that."""


def summarise(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """The declared summary; without one the tool's name with its arguments. Raises what a summary function raises.

    What a template does not name of the arguments stands behind it: a yes means all of them.
    """
    if callable(tool.summary):
        return one_line(tool.summary(arguments), 4 * MAX_VALUE)
    if tool.summary is None:
        return generic(tool, arguments)
    values = dict.fromkeys(tool.arguments.keys.values(), "") | dict(tool.defaults) | dict(arguments)
    summary = tool.summary.format_map({key: _quotable(value) for key, value in values.items()})
    named = [name for _, name, _, _ in Formatter().parse(tool.summary) if name]
    rest = _told(
        {key: value for key, value in arguments.items() if key not in named and value != tool.defaults.get(key)}
    )
    return f"{summary} {'and' if named else 'with'} {rest}" if rest else summary


def generic(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """ "create ticket with subject “Lost card” and details “…”"."""
    return " with ".join(part for part in (tool.spec.name.replace("_", " "), _told(arguments)) if part)


def for_the_voice(question: str) -> str:
    """A question with its long values cut behind a word: who hears it is told what it is about, who reads it all."""
    return re.sub(
        rf"“([^”]{{{SPOKEN_VALUE}}})[^”]+”", lambda value: f"“{value[1].rpartition(' ')[0] or value[1]}…”", question
    )


def _told(arguments: Mapping[str, Any]) -> str:
    """ "subject “Lost card” and details “…”", without what is empty."""
    said = {key.replace("_", " "): _quotable(value) for key, value in arguments.items()}
    return " and ".join(f"{key} “{value}”" for key, value in said.items() if value)


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
