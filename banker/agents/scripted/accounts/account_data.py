"""Reads what a bank's `get_account_status` returned: one account or several, under the usual names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from banker.agents.scripted.formats import amount, day

_MOST = 20
_NAME_LETTERS = 40
_USUAL = frozenset({"", "active", "open", "ok", "normal", "good", "good standing", "in good standing"})


@dataclass(frozen=True)
class Account:
    """An account from a tool result. Its texts are data, so they are shortened to the length of a name."""

    number: str
    name: str
    kind: str
    balance: Decimal | None
    available: Decimal | None
    currency: str
    status: str
    as_of: date | None

    @property
    def words(self) -> str:
        """What the user may call it by."""
        return self.name if self.kind.lower() in self.name.lower() else f"{self.name} {self.kind}"


def read_accounts(value: Any) -> list[Account]:
    """The accounts in a tool's result; an empty list if there is none."""
    if isinstance(value, Mapping) and isinstance(value.get("accounts"), list | tuple):
        value = value["accounts"]
    entries = value if isinstance(value, list | tuple) else [value]
    return [_account(entry) for entry in entries[:_MOST] if isinstance(entry, Mapping) and entry]


def _account(entry: Mapping[str, Any]) -> Account:
    balance, currency = _first(entry, "balance", "current_balance", "amount"), _first(entry, "currency")
    if isinstance(balance, Mapping):
        currency = currency or _first(balance, "currency")
        balance = _first(balance, "amount", "value")
    status = _clean(_first(entry, "status", "state"))
    return Account(
        number=_clean(_first(entry, "account_id", "id", "account_number", "number", "iban", "account")),
        name=_clean(_first(entry, "name", "label", "nickname", "type", "kind", "account_type", "product")),
        kind=_clean(_first(entry, "type", "kind", "account_type")),
        balance=amount(balance),
        available=amount(_first(entry, "available", "available_balance")),
        currency=str(currency).upper() if re.fullmatch(r"[A-Za-z]{3}", str(currency)) else "",
        status=""
        if status.lower() in _USUAL or not re.fullmatch(r"[a-z]+(?:[ _-][a-z]+)?", status.lower())
        else status,
        as_of=day(_first(entry, "as_of", "date", "updated_at", "timestamp")),
    )


def _first(entry: Mapping[str, Any], *keys: str) -> Any:
    return next((entry[key] for key in keys if entry.get(key) is not None), None)


def _clean(value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    return " ".join(re.sub(r"[^\w\s.,'&/-]", " ", str(value)).split())[:_NAME_LETTERS].strip()
