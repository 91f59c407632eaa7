"""The bank's tools: look up the caller's accounts, and open a ticket after the caller has confirmed it."""

import os
from pathlib import Path
from typing import Annotated, Any

from marshmallow.validate import Length

from banker import Caller, ToolError
from examples.bank.database import Bank
from examples.bank.records import Account


class BankTools:
    """The tools as methods. With a `tenant_id`, callers of other tenants have no accounts."""

    def __init__(self, bank: Bank, tenant_id: str | None = None) -> None:
        self._bank = bank
        self._tenant_id = tenant_id

    def get_account_status(self, caller: Caller, account_id: str | None = None) -> dict[str, Any]:
        """Balance and status of one of the caller's accounts, as of now.

        Without an account id it is the account that the portal shows; if it shows none, all accounts are listed.

        Args:
            account_id: The account's id from an earlier result, such as acc-789. Leave it out if unknown.
        """
        customer = self._customer(caller)
        as_of = self._bank.now()
        wanted = account_id if account_id is not None else caller.portal_context.get("account_id")
        if not wanted:
            return {"accounts": [_shown(account) for account in self._bank.accounts(customer)], "as_of": as_of}
        account = self._bank.account(customer, wanted)
        if account is None:
            raise ToolError("I can't find that account.")
        return _shown(account) | {"as_of": as_of}

    def create_ticket(
        self,
        caller: Caller,
        subject: Annotated[str, Length(1, 200), "What it is about, in a few words."],
        details: Annotated[str, "Everything else that helps the bank's staff."] = "",
    ) -> dict[str, Any]:
        """Open a ticket for the bank's staff, who call the customer back."""
        subject, details = " ".join(subject.split()), details.strip()
        if not subject:
            raise ToolError("A ticket needs a subject.")
        try:
            ticket = self._bank.open_ticket(self._customer(caller), subject, details)
        except LookupError:
            raise ToolError("I can't find you among our customers.") from None
        return {
            "ticket_id": ticket.ticket_id,
            "subject": ticket.subject,
            "status": ticket.status,
            "created_at": ticket.created_at,
        }

    def _customer(self, caller: Caller) -> str:
        is_foreign = self._tenant_id is not None and caller.tenant_id != self._tenant_id
        return "" if is_foreign else caller.user_id


def add_tools(banker: Any, bank: Bank, *, tenant_id: str | None = None) -> None:
    """Register the bank's tools with a `Banker` or a `Toolbox`."""
    tools = BankTools(bank, tenant_id)
    banker.tool(tools.get_account_status)
    banker.tool(confirm=True, summary="open a ticket with the subject “{subject}”")(tools.create_ticket)


def install(banker: Any, path: Path | str | None = None, *, tenant_id: str | None = None) -> Bank:
    """Register the tools without the pages. The database at `path` is opened on the first call."""
    bank = Bank(path or default_path())
    add_tools(banker, bank, tenant_id=tenant_id)
    return bank


def default_path() -> Path:
    """Return the path in the environment variable `BANK_DATABASE`, or `var/bank.sqlite3`."""
    return Path(os.environ.get("BANK_DATABASE") or Path("var") / "bank.sqlite3")


def _shown(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "name": account.name,
        "type": account.type,
        "balance": account.balance,
        "currency": account.currency,
        "status": account.status,
    }
