"""The bank: customers and their logins, on top of accounts, payments, cards and service, in one SQLite file."""

import sqlite3
import unicodedata

from werkzeug.security import check_password_hash

from examples.bank.accounts import Accounts
from examples.bank.cards import Cards
from examples.bank.codes import Codes
from examples.bank.payments import Payments
from examples.bank.records import Customer
from examples.bank.service import Service
from examples.bank.store import transaction

_DUE = (
    "SELECT EXISTS (SELECT 1 FROM transfers WHERE status = 'scheduled' AND day <= :today)"
    " OR EXISTS (SELECT 1 FROM cards WHERE status = 'ordered' AND arrives <= :today)"
)


class Bank(Accounts, Payments, Cards, Service, Codes):
    """The bank's database. Every method takes the customer's id and returns nothing of other customers."""

    def sign_in(self, login: str, password: str) -> Customer | None:
        """Return the customer with this login and password, or None. Both take the same time."""
        with self._connection() as db:
            row = db.execute(
                "SELECT customers.id, customers.name, password_hash FROM logins"
                " JOIN customers ON customers.id = customer_id WHERE logins.name = ?",
                (login_name(login),),
            ).fetchone()
            decoy_hash = db.execute("SELECT value FROM secrets WHERE name = 'nobody'").fetchone()[0]
        right = check_password_hash(row[2] if row else decoy_hash, password)
        return Customer(row[0], row[1]) if row and right else None

    def staff_sign_in(self, login: str, password: str) -> str | None:
        """Return the id of the colleague with this login and password, or None. Both take the same time."""
        with self._connection() as db:
            row = db.execute("SELECT id, password_hash FROM staff WHERE id = ?", (login_name(login),)).fetchone()
            decoy_hash = db.execute("SELECT value FROM secrets WHERE name = 'nobody'").fetchone()[0]
        right = check_password_hash(row[1] if row else decoy_hash, password)
        return str(row[0]) if row and right else None

    def colleague(self, staff_id: str) -> tuple[str, str] | None:
        """Return the id and the name of a colleague."""
        with self._connection() as db:
            row = db.execute("SELECT id, name FROM staff WHERE id = ?", (staff_id,)).fetchone()
        return (str(row[0]), str(row[1])) if row else None

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer by id."""
        with self._connection() as db:
            row = db.execute("SELECT id, name FROM customers WHERE id = ?", (customer_id,)).fetchone()
        return Customer(*row) if row else None

    def cookie_key(self) -> str:
        """Return the key that signs the cookies. All processes share it, and it survives restarts."""
        with self._connection() as db:
            return str(db.execute("SELECT value FROM secrets WHERE name = 'cookies'").fetchone()[0])

    def _settle(self, db: sqlite3.Connection) -> None:
        """Execute transfers that are due, and activate cards that have arrived."""
        if db.execute(_DUE, {"today": self.today().isoformat()}).fetchone()[0]:
            with transaction(db):
                self._run_due_transfers(db)
                self._activate_arrived_cards(db)


def login_name(typed: str) -> str:
    """Return the name under which a login is looked up: without regard to case, outer spaces and Unicode's variants.

    What counts guesses has to use it too, or each way of writing a name would bring guesses of its own.
    """
    folded = unicodedata.normalize("NFKC", typed).casefold()
    return unicodedata.normalize("NFKC", folded).strip()
