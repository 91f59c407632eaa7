"""How amounts, dates and lists are written in a sentence."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "ISK", "HUF", "CLP"})


def amount(value: Any) -> Decimal | None:
    """The amount that a tool returned as a number or as a decimal text; nothing if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def money(value: Decimal, currency: str) -> str:
    """`$1,234.56`, `-$12.00`, `1,234.56 CHF`; halves round to even."""
    figures = f"{abs(value):,.0f}" if currency in _WITHOUT_CENTS else f"{abs(value):,.2f}"
    minus = "-" if value < 0 else ""
    return f"{minus}{_SIGNS[currency]}{figures}" if currency in _SIGNS else f"{minus}{figures} {currency}".strip()


def day(value: Any) -> date | None:
    """The day of an ISO 8601 date or time; nothing if it is none."""
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def written_day(value: date) -> str:
    """`November 24, 2026`."""
    return f"{value:%B} {value.day}, {value.year}"


def listed(items: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
