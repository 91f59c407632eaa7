"""What the banker may do at this bank: look at the caller's accounts, and open a ticket once the caller agrees."""

import os
from pathlib import Path
from typing import Annotated, Any

from marshmallow.validate import Length

from banker import Caller, ToolError
from examples.bank.database import Account, Bank


class BankTools:
    """`tenant_id`: callers of other tenants are strangers to this bank, whatever their user is called."""

    def __init__(self, bank: Bank, tenant_id: str | None = None) -> None:
        self._bank = bank
        self._tenant_id = tenant_id

    def get_account_status(self, caller: Caller, account_id: str | None = None) -> dict[str, Any]:
        """Balance and status of the caller's account, as of now.

        Without an account it is the one that the portal shows; if it shows none, all accounts under `accounts`.

        Args:
            account_id: The account's number as an earlier result gave it, such as acc-789. Leave it out if unknown.
        """
        customer = self._customer(caller)
        as_of = self._bank.now()
        wanted = account_id if account_id is not None else caller.portal_context.get("account_id")
        if not wanted:
            return {"accounts": [_shown(account) for account in self._bank.accounts(customer)], "as_of": as_of}
        account = self._bank.account(customer, wanted)
        if account is None:
            raise ToolError("I cannot find such an account of yours.")
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
            raise ToolError("I cannot find you among the customers of this bank.") from None
        return {
            "ticket_id": ticket.ticket_id,
            "subject": ticket.subject,
            "status": ticket.status,
            "created_at": ticket.created_at,
        }

    def _customer(self, caller: Caller) -> str:
        stranger = self._tenant_id is not None and caller.tenant_id != self._tenant_id
        return "" if stranger else caller.user_id


def add_tools(banker: Any, bank: Bank, *, tenant_id: str | None = None) -> None:
    """Give a `Banker` (or a `Toolbox`) the bank's tools."""
    tools = BankTools(bank, tenant_id)
    banker.tool(tools.get_account_status)
    banker.tool(confirm=True, summary="open a ticket with the subject “{subject}”")(tools.create_ticket)


def install(banker: Any, path: Path | str | None = None, *, tenant_id: str | None = None) -> Bank:
    """The tools alone, over the books at `path`; nothing is opened before the first call."""
    bank = Bank(path or default_path())
    add_tools(banker, bank, tenant_id=tenant_id)
    return bank


def default_path() -> Path:
    """The environment's `BANK_DATABASE`, or `var/bank.sqlite3`."""
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
