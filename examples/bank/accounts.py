"""Accounts, their transactions, spending and disputes."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from examples.bank.records import Account, Refused, Transaction
from examples.bank.store import Store

NOT_SPENDING = ("income", "transfer")
"""Categories that are not counted as spending."""

_TRANSACTIONS = (
    "SELECT transactions.id, account_id, accounts.name, day, shop, category, transactions.cents, currency, disputes.id"
    " FROM transactions JOIN accounts ON accounts.id = account_id"
    " LEFT JOIN disputes ON disputes.transaction_id = transactions.id WHERE customer_id = ?"
)


class Accounts(Store):
    """What a customer can see of their accounts, and the dispute of a charge."""

    def accounts(self, customer_id: str) -> list[Account]:
        """Return a customer's accounts in the order of their ids; none for an unknown customer."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, name, type, cents, currency, status FROM accounts WHERE customer_id = ? ORDER BY id",
                (customer_id,),
            ).fetchall()
        return [Account(row[0], row[1], row[2], dollars(row[3]), row[4], row[5]) for row in rows]

    def account(self, customer_id: str, account_id: str) -> Account | None:
        """Return a customer's account, or None if it does not exist or belongs to another customer."""
        return next((account for account in self.accounts(customer_id) if account.account_id == account_id), None)

    def transactions(
        self,
        customer_id: str,
        account_id: str | None = None,
        since: date | None = None,
        until: date | None = None,
        shop: str | None = None,
    ) -> list[Transaction]:
        """Return a customer's transactions, newest first.

        `since` and `until` are included. `shop` is the name of a shop or a category, in any case.
        """
        query, values = _TRANSACTIONS, [customer_id]
        for condition, value in (
            ("account_id = ?", account_id),
            ("day >= ?", since.isoformat() if since else None),
            ("day <= ?", until.isoformat() if until else None),
        ):
            if value is not None:
                query += f" AND {condition}"
                values.append(value)
        with self._connection() as db:
            rows = db.execute(f"{query} ORDER BY day DESC, transactions.id DESC", values).fetchall()
        found = [_transaction(row) for row in rows]
        if shop is None:
            return found
        return [one for one in found if shop.casefold() in (one.shop.casefold(), one.category.casefold())]

    def spending(self, customer_id: str, since: date, until: date, shop: str | None = None) -> Sequence[Transaction]:
        """Return what a customer spent on these days, at one shop or in one category if `shop` is given."""
        found = self.transactions(customer_id, since=since, until=until, shop=shop)
        return [one for one in found if one.amount < 0 and one.category not in NOT_SPENDING]

    def dispute(self, customer_id: str, transaction_id: str, reason: str, call_id: str | None = None) -> Transaction:
        """Dispute a charge, and return it with the dispute's id. Raises `Refused`."""
        number = transaction_id.removeprefix("tx-")
        with self._change() as db:
            if self._outcome(db, customer_id, call_id) is None:
                query = f"{_TRANSACTIONS} AND transactions.id = ?"
                row = db.execute(query, (customer_id, number)).fetchone()
                if row is None or f"tx-{number}" != transaction_id:
                    raise Refused("I can't find that charge.")
                charge = _transaction(row)
                if charge.amount >= 0 or charge.category in NOT_SPENDING:
                    raise Refused("Only a payment to a shop or a company can be disputed.")
                if charge.dispute_id is not None:
                    raise Refused(
                        f"You have disputed that charge already. Your dispute has the number {charge.dispute_id}."
                    )
                db.execute(
                    "INSERT INTO disputes (transaction_id, reason, created_at) VALUES (?, ?, ?)",
                    (number, reason, self._clock()),
                )
                self._keep_outcome(db, customer_id, call_id, transaction_id)
            row = db.execute(f"{_TRANSACTIONS} AND transactions.id = ?", (customer_id, number)).fetchone()
        return _transaction(row)


def dollars(cents: int) -> Decimal:
    """Convert cents to an amount with two decimals."""
    return Decimal(cents).scaleb(-2)


def _transaction(row: Sequence[Any]) -> Transaction:
    number, account_id, account, day, shop, category, cents, currency, dispute = row
    dispute_id = None if dispute is None else f"D-{dispute}"
    return Transaction(
        f"tx-{number}",
        account_id,
        account,
        date.fromisoformat(day),
        shop,
        category,
        dollars(cents),
        currency,
        dispute_id,
    )
