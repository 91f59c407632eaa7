"""Words what a tool is about to do, so that its arguments cannot distort the sentence."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from string import Formatter
from typing import Any

from banker.tools.declaration import Tool

MAX_SUMMARY_CHARACTERS = 4000
"""The longest summary. The user has to hear all of it, so longer ones are refused."""


def summarise(tool: Tool, values: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the tool's declared summary, or its name and arguments if it has none.

    `values` are the loaded arguments by key, and `names` how chosen ones are shown. Arguments that a summary template
    does not mention are appended, because a yes approves all of them. Exceptions of a summary function propagate.
    """
    if callable(tool.summary):
        return one_line(tool.summary({**values, **names}))
    shown = shown_values(tool, values, names)
    if tool.summary is None:
        return generic_summary(tool, shown)
    every = dict.fromkeys(tool.arguments.keys.values()) | shown_values(tool, tool.defaults, {}) | shown
    summary = _SummaryFormatter().vformat(tool.summary, (), every)
    named = [name for _, name, _, _ in Formatter().parse(tool.summary) if name]
    rest = _enumerate(
        {key: value for key, value in shown.items() if key not in named and values[key] != tool.defaults.get(key)}
    )
    return f"{summary} {'and' if named else 'with'} {rest}" if rest else summary


def generic_summary(tool: Tool, shown: Mapping[str, Any]) -> str:
    """Return the tool's name and arguments: create ticket with subject “Lost card” and details “…”.

    A name that may not be a verb, because the description begins differently, follows "go ahead with this".
    """
    name = tool.spec.name.replace("_", " ")
    first, described = name.split()[:1], re.findall(r"\w+", tool.spec.description.lower())[:1]
    if described and first and described[0] in (first[0], f"{first[0]}s", f"{first[0]}es"):
        return " with ".join(part for part in (name, _enumerate(shown)) if part)
    return "go ahead with this: " + ", ".join(part for part in (name, _enumerate(shown)) if part)


def fields_of(tool: Tool, values: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return non-empty arguments as label and value, in the order of `labels` and then of the signature.

    A summary function may say more than the arguments. Then fields are returned only if the tool has `labels`.
    """
    if callable(tool.summary) and not tool.presentation.labels:
        return []
    shown = shown_values(tool, values, names)
    labels = {key: key.replace("_", " ").capitalize() for key in tool.arguments.keys.values()}
    labels = dict(tool.presentation.labels) | labels | dict(tool.presentation.labels)
    fields = [{"label": label, "value": _quotable(shown[key])} for key, label in labels.items() if key in shown]
    return [field for field in fields if field["value"]]


def shown_values(tool: Tool, values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Replace chosen values, also members of enumerations and in lists, by their names."""
    listed = {
        key: next((choice.names[0] for choice in kind.choices if choice.value == _sent(values[key])), values[key])
        for key, kind in tool.arguments.types.items()
        if key in values and kind.kind == "choice"
    }
    return {**values, **listed, **names}


def one_line(text: str, limit: int | None = None) -> str:
    """Return `text` without line breaks and invisible characters, shortened to `limit` characters."""
    line = " ".join("".join(c if c.isprintable() or c in _EMOJI_PARTS else " " for c in text).split())
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


_EMOJI_PARTS = "\u200d"
"""The joiner of composed emoji. Arguments may contain it between emoji only."""


class _SummaryFormatter(Formatter):
    """Formats values so that they cannot distort the sentence."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Format a value. `format_spec` applies to dates, and to numbers if it keeps every digit."""
        plain = _quotable(value)
        if not format_spec or not isinstance(value, int | float | Decimal | date | time):
            return plain
        formatted = _quotable(format(value, format_spec))
        if isinstance(value, int | float | Decimal) and _number(formatted) != _number(str(value)):
            return plain
        return formatted


def _number(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.eE+-]", "", text))


def _sent(value: Any) -> Any:
    """Return the key from which a choice was loaded."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    return value


def _enumerate(values: Mapping[str, Any]) -> str:
    """Return: subject “Lost card” and details “…”. Empty values are left out."""
    quoted = {key.replace("_", " "): _quotable(value) for key, value in values.items()}
    return " and ".join(f"{key} “{value}”" for key, value in quoted.items() if value)


def _quotable(value: Any) -> str:
    """Format a loaded value so that it cannot close the quotation marks around it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_quotable(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_quotable(item)}" for key, item in value.items())
    if isinstance(value, Decimal | float):
        return _amount(Decimal(str(value)))
    if isinstance(value, datetime):
        return f"{_date(value)}, {_clock(value.timetz())}"
    if isinstance(value, date):
        return _date(value)
    if isinstance(value, time):
        return _clock(value)
    return one_line(str(value)).translate(str.maketrans('“”„"', "‘’‚'"))


def _amount(number: Decimal) -> str:
    """Return all digits of a number, with at least two decimals and without an exponent."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        number = number.quantize(Decimal("0.01"))
    return f"{number:,f}"


def _date(value: date) -> str:
    return f"{value:%A, %B} {value.day}, {value.year}"


def _clock(value: time) -> str:
    seconds = f":{value.second:02}" if value.second else ""
    zone = "" if value.tzinfo is None else " UTC" + value.isoformat()[-6:].replace("+00:00", "")
    return f"{value.hour % 12 or 12}:{value.minute:02}{seconds} {'a.m.' if value.hour < 12 else 'p.m.'}{zone}"
