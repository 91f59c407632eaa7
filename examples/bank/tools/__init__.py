"""The bank's tools. Each works for the caller only, and each that changes something asks first.

A result has a `message` for the customer, beside the data that it is made of. Amounts are strings with two decimals.
"""

import os
from pathlib import Path
from typing import Any

from examples.bank.database import Bank
from examples.bank.tools.access import BankAccess
from examples.bank.tools.accounts import add_account_tools
from examples.bank.tools.cards import add_card_tools
from examples.bank.tools.payments import add_payment_tools
from examples.bank.tools.service import add_service_tools


def add_tools(banker: Any, bank: Bank, *, tenant_id: str | None = None) -> None:
    """Register the bank's tools with a `Banker` or a `Toolbox`. With a `tenant_id`, others have no accounts."""
    access = BankAccess(bank, tenant_id)
    add_account_tools(banker, access)
    add_payment_tools(banker, access)
    add_card_tools(banker, access)
    add_service_tools(banker, access)


def install(banker: Any, path: Path | str | None = None, *, tenant_id: str | None = None) -> Bank:
    """Register the tools without the pages. The database at `path` is opened on the first call."""
    bank = Bank(path or default_path())
    add_tools(banker, bank, tenant_id=tenant_id)
    return bank


def default_path() -> Path:
    """Return the path in the environment variable `BANK_DATABASE`, or `var/bank.sqlite3`."""
    return Path(os.environ.get("BANK_DATABASE") or Path("var") / "bank.sqlite3")
