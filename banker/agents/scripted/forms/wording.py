"""Words a tool's result, with the bank's template or in general terms."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from string import Formatter
from types import MappingProxyType
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal

from banker.agents.scripted.skills.skill_files import Skill
from banker.tools.base import ToolSpec

MAX_ROWS = 5
"""How many rows of a list are said. If there are more, their number is said too."""
MAX_ROWS_REMEMBERED, MAX_ID_CHARACTERS = 20, 40
"""How many rows "the second one" may mean, and the longest value that identifies one."""
MAX_GENERAL_FIELDS = 8
"""How many fields of a result are said in general terms."""

_LOCALE = "en_US"
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,4}")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
_ISO_TIME = re.compile(r"\d\d:\d\d(?::\d\d)?")


def say_result(
    spec: ToolSpec, skill: Skill, arguments: Mapping[str, Any], value: Any, names: Mapping[str, str]
) -> list[str]:
    """Return sentences for a tool's result. `names` are what the customer calls the values of choices."""
    rows = rows_of(value)
    says = spec.says or skill.says
    fields = {**_said_arguments(spec, arguments, names), **(value if isinstance(value, Mapping) else {})}
    opening = _filled(says, fields) if says else None
    if opening is not None and spec.says and any(name for _, name, _, _ in Formatter().parse(spec.says)):
        return [opening]  # the bank's sentence tells the result
    if rows is not None and not rows:
        return [skill.says_none or "I found nothing for that."]
    if rows:
        return _say_rows(rows, skill.each, opening, fields)
    if opening is not None:
        return [opening]
    if isinstance(value, Mapping):
        return _say_fields(value)
    if value is None or value is True:
        return ["That's done."]
    if value is False:
        return ["The answer is no."]
    return [_sentence(shown(value))]


def listed_rows(value: Any, each: str | None) -> list[dict[str, Any]]:
    """Return what to remember of the rows of a result: the `values` that may be an id, and the `line` that says it."""
    rows = [row for row in rows_of(value) or () if isinstance(row, Mapping)]
    return [
        {
            "values": [item for item in row.values() if isinstance(item, str) and len(item) <= MAX_ID_CHARACTERS],
            "line": say_row(row, each),
        }
        for row in rows[:MAX_ROWS_REMEMBERED]
    ]


def shown(value: Any, currency: Any = None) -> str:
    """Format a value of a tool's result for speech: amounts, dates, times, yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _money(value, currency) if currency else format_decimal(Decimal(str(value)), locale=_LOCALE)
    if isinstance(value, str):
        return _shown_text(value.strip(), currency)
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(key)} {shown(item, value.get('currency'))}" for key, item in value.items())
    if isinstance(value, Sequence):
        return ", ".join(shown(item) for item in value)
    return "" if value is None else str(value)


def shown_argument(kind: str, value: Any, names: Mapping[str, str]) -> str:
    """Write an argument that the customer has given as it is said back: "Thursday, December 3"."""
    if kind in ("date", "datetime"):
        moment = datetime.fromisoformat(str(value))
        day = format_date(moment, "EEEE, MMMM d", locale=_LOCALE)
        return f"{day}, at {format_time(moment, 'h:mm a', locale=_LOCALE)}" if "T" in str(value) else day
    if kind == "amount":
        return f"{Decimal(str(value)):,.2f}"
    return names.get(value, value) if isinstance(value, str) and kind == "choice" else shown(value)


def _said_arguments(spec: ToolSpec, arguments: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments for use in a sentence: a choice by its name, an amount with its decimals."""
    said: dict[str, Any] = {}
    for key, value in arguments.items():
        kind = spec.parameter_types[key].kind if key in spec.parameter_types else "text"
        if kind == "amount":
            said[key] = f"{Decimal(str(value)):.2f}"
        else:
            said[key] = names.get(value, value) if isinstance(value, str) else value
    return said


def _shown_text(text: str, currency: Any) -> str:
    try:
        if _DECIMAL.fullmatch(text):
            return _money(text, currency) if currency else format_decimal(Decimal(text), locale=_LOCALE)
        if _ISO_DATE.fullmatch(text):
            return format_date(date.fromisoformat(text), "long", locale=_LOCALE)
        if _ISO_MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            day = format_date(moment, "long", locale=_LOCALE)
            return f"{day} at {format_time(moment, 'h:mm a', locale=_LOCALE)}"
        if _ISO_TIME.fullmatch(text):
            return format_time(datetime.fromisoformat(f"2000-01-01T{text}"), "h:mm a", locale=_LOCALE)
    except ValueError:
        return text
    return text


def _money(value: Any, currency: Any) -> str:
    return format_currency(Decimal(str(value)), str(currency), locale=_LOCALE, currency_digits=True)


def rows_of(value: Any) -> list[Any] | None:
    """Return the list in a result: the result itself, or the only value of it that is a list."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        lists = [item for item in value.values() if isinstance(item, list)]
        if len(lists) == 1:
            return lists[0]
    return None


def _say_rows(rows: Sequence[Any], each: str | None, opening: str | None, fields: Mapping[str, Any]) -> list[str]:
    sentences = [opening] if opening else []
    if len(rows) > MAX_ROWS:
        sentences.append(f"I found {len(rows)}. The first {MAX_ROWS} are:")
    common = {key: item for key, item in fields.items() if not isinstance(item, list | Mapping)}
    return [*sentences, *(say_row(row, each, common) for row in rows[:MAX_ROWS])]


def say_row(row: Any, each: str | None, common: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return the sentence for a row of a list. `common` are values of the result beside the list."""
    if not isinstance(row, Mapping):
        return _sentence(shown(row))
    if each and (line := _filled(each, {**common, **row})) is not None:
        return _sentence(line)
    if (balance := _say_balance(row)) is not None:
        return balance
    return _sentence(", ".join(shown(item, row.get("currency")) for key, item in _sayable(row).items()))


def _say_fields(value: Mapping[str, Any]) -> list[str]:
    if (balance := _say_balance(value)) is not None:
        return [balance]
    sayable = {key: item for key, item in _sayable(value).items() if item is not True}  # "Booked: yes." says nothing
    fields = list(sayable.items())[:MAX_GENERAL_FIELDS]
    sentences = [_sentence(f"{_label(key)}: {shown(item, value.get('currency'))}") for key, item in fields]
    return sentences or ["That's done."]


def _say_balance(value: Mapping[str, Any]) -> str | None:
    balance = value.get("balance")
    if not isinstance(balance, str | int | float) or isinstance(balance, bool):
        return None
    currency = value.get("currency")
    name = str(value.get("name") or value.get("account_name") or "account")
    kind = name if name.lower().endswith("account") else f"{name} account"
    status = str(value.get("status") or "active").lower()
    suffix = "" if status in ("active", "open", "ok", "normal") else f" The account is {status}."
    return f"Your {kind} has a balance of {shown(str(balance), currency)}.{suffix}"


def _sayable(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item not in (None, "", [], {}) and key != "currency"}


def _filled(template: str, fields: Mapping[str, Any]) -> str | None:
    """Return a template with the fields of a result, or None if one of them is missing."""
    names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    values: dict[str, str] = {}
    for name in names:
        root = name.split(".")[0].split("[")[0]
        if fields.get(root) is None:
            return None
        values[root] = shown(fields[root], fields.get("currency"))
    try:
        return Formatter().vformat(template, (), values)
    except (KeyError, IndexError, AttributeError, ValueError):
        return None


def _label(key: str) -> str:
    text = key.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
