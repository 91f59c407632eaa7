"""The text of a confirmation: what a tool is about to do, in words that its arguments cannot distort."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from banker.tools.declaration import Tool

MAX_VALUE_CHARACTERS = 1000
"""Length of one argument in the question."""
MAX_SUMMARY_CHARACTERS = 4000
"""Length of a summary that a function returns."""
MAX_SPOKEN_CHARACTERS = 120
"""Length of one argument when the question is spoken: about eight seconds of speech."""


def summarise(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Return the tool's declared summary, or its name and arguments if it has none.

    Arguments that a summary template does not mention are appended, because a yes approves all of them. Exceptions of
    a summary function propagate.
    """
    if callable(tool.summary):
        return one_line(tool.summary(arguments), MAX_SUMMARY_CHARACTERS)
    if tool.summary is None:
        return generic_summary(tool, arguments)
    values = dict.fromkeys(tool.arguments.keys.values(), "") | dict(tool.defaults) | dict(arguments)
    summary = tool.summary.format_map({key: _quotable(value) for key, value in values.items()})
    named = [name for _, name, _, _ in Formatter().parse(tool.summary) if name]
    rest = _enumerate(
        {key: value for key, value in arguments.items() if key not in named and value != tool.defaults.get(key)}
    )
    return f"{summary} {'and' if named else 'with'} {rest}" if rest else summary


def generic_summary(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Return the tool's name and arguments: create ticket with subject “Lost card” and details “…”."""
    return " with ".join(part for part in (tool.spec.name.replace("_", " "), _enumerate(arguments)) if part)


def spoken_question(question: str) -> str:
    """Shorten the quoted values of a question at a word boundary for speech. The screen shows the whole question."""
    return re.sub(
        rf"“([^”]{{{MAX_SPOKEN_CHARACTERS}}})[^”]+”",
        lambda value: f"“{value[1].rpartition(' ')[0] or value[1]}…”",
        question,
    )


def one_line(text: str, limit: int) -> str:
    """Return `text` without line breaks and invisible characters, shortened to `limit` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _enumerate(arguments: Mapping[str, Any]) -> str:
    """Return: subject “Lost card” and details “…”. Empty values are left out."""
    values = {key.replace("_", " "): _quotable(value) for key, value in arguments.items()}
    return " and ".join(f"{key} “{value}”" for key, value in values.items() if value)


def _quotable(value: Any) -> str:
    """Format a value so that it cannot close the quotation marks around it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return one_line(", ".join(_quotable(item) for item in value), MAX_VALUE_CHARACTERS)
    return one_line(str(value), MAX_VALUE_CHARACTERS).translate(str.maketrans('“”„"', "‘’‚'"))
