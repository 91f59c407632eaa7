"""Payees, and transfers between a customer's own accounts and to payees."""

import sqlite3
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from examples.bank.accounts import dollars
from examples.bank.records import Payee, Refused, Transfer
from examples.bank.store import Store

MAX_TRANSFER = Decimal("10000.00")
"""The largest amount of one transfer."""
MAX_DAYS_AHEAD = 365
"""How far in the future a transfer may be scheduled."""

_TRANSFERS = (
    "SELECT transfers.id, from_account, source.name, COALESCE(payee_id, to_account),"
    " COALESCE(payees.name, target.name), transfers.cents, source.currency, day, transfers.status FROM transfers"
    " JOIN accounts AS source ON source.id = from_account"
    " LEFT JOIN accounts AS target ON target.id = to_account"
    " LEFT JOIN payees ON payees.id = payee_id WHERE transfers.customer_id = ?"
)


class Payments(Store):
    """Transfers: each is one database transaction that checks the balance and writes the entries of both sides."""

    def payees(self, customer_id: str) -> list[Payee]:
        """Return the people and companies that a customer may transfer money to, by name."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, name, bank, account_ending FROM payees WHERE customer_id = ? ORDER BY name", (customer_id,)
            ).fetchall()
        return [Payee(*row) for row in rows]

    def transfers(self, customer_id: str) -> list[Transfer]:
        """Return a customer's transfers, newest first."""
        with self._connection() as db:
            rows = db.execute(f"{_TRANSFERS} ORDER BY transfers.id DESC", (customer_id,)).fetchall()
        return [_transfer(row) for row in rows]

    def transfer(
        self,
        customer_id: str,
        from_account: str,
        to: str,
        amount: Decimal,
        day: date | None = None,
        call_id: str | None = None,
    ) -> Transfer:
        """Transfer money to another account of the customer or to a payee, now or on a later `day`.

        A call with a `call_id` that was seen before returns the transfer made then. Raises `Refused`.
        """
        cents, day = _cents(amount), day or self.today()
        with self._change() as db:
            number: Any = self._outcome(db, customer_id, call_id)
            if number is None:
                if not 0 <= (day - self.today()).days <= MAX_DAYS_AHEAD:
                    raise Refused("A transfer can be made today or on a day within the next year.")
                target, payee = _recipient(db, customer_id, to)
                _check_source(db, customer_id, from_account, target)
                number = db.execute(
                    "INSERT INTO transfers (customer_id, from_account, to_account, payee_id, cents, day, status)"
                    " VALUES (?, ?, ?, ?, ?, ?, 'scheduled') RETURNING id",
                    (customer_id, from_account, target, payee, cents, day.isoformat()),
                ).fetchone()[0]
                if day == self.today():
                    _execute(db, number)
                self._keep_outcome(db, customer_id, call_id, number)
            row = db.execute(f"{_TRANSFERS} AND transfers.id = ?", (customer_id, number)).fetchone()
        return _transfer(row)

    def transfer_of_call(self, customer_id: str, call_id: str) -> Transfer | None:
        """Return the transfer that a tool call made, or None if it made none."""
        with self._connection() as db:
            number = self._outcome(db, customer_id, call_id)
            row = db.execute(f"{_TRANSFERS} AND transfers.id = ?", (customer_id, number)).fetchone()
        return None if row is None else _transfer(row)

    def _run_due_transfers(self, db: sqlite3.Connection) -> None:
        """Execute the scheduled transfers whose day has come. Needs an open transaction."""
        due = "SELECT id FROM transfers WHERE status = 'scheduled' AND day <= ? ORDER BY day, id"
        for (number,) in db.execute(due, (self.today().isoformat(),)).fetchall():
            try:
                _execute(db, number)
            except Refused:
                db.execute("UPDATE transfers SET status = 'failed' WHERE id = ?", (number,))


def _cents(amount: Decimal) -> int:
    if not amount.is_finite() or amount <= 0:
        raise Refused("The amount of a transfer must be more than zero.")
    if amount > MAX_TRANSFER:
        raise Refused(f"A transfer can be ${MAX_TRANSFER:,.2f} at most.")
    cents = amount.scaleb(2)
    if cents != int(cents):
        raise Refused("An amount can't have fractions of a cent.")
    return int(cents)


def _recipient(db: sqlite3.Connection, customer_id: str, to: str) -> tuple[str | None, str | None]:
    """Return the account in this bank, if there is one, and the payee, if it is one."""
    row = db.execute("SELECT account_id, id FROM payees WHERE customer_id = ? AND id = ?", (customer_id, to)).fetchone()
    if row is None:
        row = db.execute("SELECT id, NULL FROM accounts WHERE customer_id = ? AND id = ?", (customer_id, to)).fetchone()
    if row is None:
        raise Refused("I can't find that account or payee.")
    return row[0], row[1]


def _check_source(db: sqlite3.Connection, customer_id: str, source: str, target: str | None) -> None:
    query = "SELECT status FROM accounts WHERE customer_id = ? AND id = ?"
    row = db.execute(query, (customer_id, source)).fetchone()
    if row is None:
        raise Refused("I can't find the account that the money should come from.")
    if source == target:
        raise Refused("The money can't go to the account that it comes from.")


def _execute(db: sqlite3.Connection, number: int) -> None:
    """Move the money of a scheduled transfer and write the entries of both sides. Raises `Refused`."""
    source, target, cents, day, paid_to, paid_by = db.execute(
        "SELECT from_account, to_account, transfers.cents, day, COALESCE(payees.name, target.name),"
        " CASE WHEN payee_id IS NULL THEN source.name ELSE customers.name END"
        " FROM transfers JOIN accounts AS source ON source.id = from_account"
        " JOIN customers ON customers.id = transfers.customer_id"
        " LEFT JOIN accounts AS target ON target.id = to_account LEFT JOIN payees ON payees.id = payee_id"
        " WHERE transfers.id = ?",
        (number,),
    ).fetchone()
    state = "SELECT cents, status FROM accounts WHERE id = ?"
    balance, status = db.execute(state, (source,)).fetchone()
    if status != "active":
        raise Refused("The account that the money should come from is blocked.")
    if balance < cents:
        raise Refused(f"There isn't enough money in that account. Its balance is ${dollars(balance):,.2f}.")
    if target is not None and db.execute(state, (target,)).fetchone()[1] != "active":
        raise Refused("The account that the money should go to can't receive it.")
    move = "UPDATE accounts SET cents = cents + ? WHERE id = ?"
    entry = "INSERT INTO transactions (account_id, day, shop, category, cents, transfer_id) VALUES (?, ?, ?, ?, ?, ?)"
    db.execute(move, (-cents, source))
    db.execute(entry, (source, day, paid_to, "transfer", -cents, number))
    if target is not None:
        db.execute(move, (cents, target))
        db.execute(entry, (target, day, paid_by, "transfer", cents, number))
    db.execute("UPDATE transfers SET status = 'done' WHERE id = ?", (number,))


def _transfer(row: Sequence[Any]) -> Transfer:
    number, from_account, from_name, to, to_name, cents, currency, day, status = row
    return Transfer(
        f"TR-{number}",
        from_account,
        from_name,
        to,
        to_name,
        dollars(cents),
        currency,
        date.fromisoformat(day),
        status,
    )
