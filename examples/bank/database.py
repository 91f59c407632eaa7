"""The bank's books in SQLite: customers, logins, accounts and tickets; safe for many threads and processes."""

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

BUSY_SECONDS = 4.0
"""How long a writer waits for another one: less than a tool's time limit."""
SAME_TICKET_SECONDS = 120
_VERSION = 2
_LOGINS = (("dana", "demo-customer"), ("omar", "other-customer"))
DEMO_PASSWORD = "demo"  # noqa: S105 - published on the sign-in page, for customers who have nothing
_SCHEMA = """
CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    cents INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE INDEX accounts_of ON accounts (customer_id);
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    subject TEXT NOT NULL,
    details TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX tickets_of ON tickets (customer_id, created_at);
INSERT INTO sqlite_sequence (name, seq) VALUES ('tickets', 1041);
INSERT INTO customers VALUES ('demo-customer', 'Dana Demo'), ('other-customer', 'Omar Other');
INSERT INTO accounts VALUES
    ('acc-789', 'demo-customer', 'Everyday Checking', 'checking', 123456, 'USD', 'active'),
    ('acc-790', 'demo-customer', 'Rainy Day Savings', 'savings', 820000, 'USD', 'active'),
    ('acc-901', 'other-customer', 'Family Checking', 'checking', 77012, 'USD', 'active'),
    ('acc-902', 'other-customer', 'Holiday Savings', 'savings', 310099, 'USD', 'blocked');
"""
_LOGIN_SCHEMA = """
CREATE TABLE logins (
    name TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    password_hash TEXT NOT NULL
) STRICT;
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Customer:
    """Somebody who may sign in."""

    customer_id: str
    name: str


@dataclass(frozen=True)
class Account:
    """An account as its owner sees it."""

    account_id: str
    name: str
    type: str
    balance: Decimal
    currency: str
    status: str


@dataclass(frozen=True)
class Ticket:
    """A ticket of a customer."""

    ticket_id: str
    subject: str
    status: str
    created_at: datetime
    details: str = ""


class Bank:
    """The books in one file, made with the demo's data when it is first used. `clock` gives Unix seconds."""

    def __init__(self, path: Path | str, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock
        self._ready = False

    def sign_in(self, login: str, password: str) -> Customer | None:
        """The customer with this login and password; None for any other pair, after the same time."""
        with self._connection() as db:
            row = db.execute(
                "SELECT customers.id, customers.name, password_hash FROM logins"
                " JOIN customers ON customers.id = customer_id WHERE logins.name = ?",
                (login.strip().lower(),),
            ).fetchone()
            of_nobody = db.execute("SELECT value FROM secrets WHERE name = 'nobody'").fetchone()[0]
        right = check_password_hash(row[2] if row else of_nobody, password)
        return Customer(row[0], row[1]) if row and right else None

    def customer(self, customer_id: str) -> Customer | None:
        """A customer by id."""
        with self._connection() as db:
            row = db.execute("SELECT id, name FROM customers WHERE id = ?", (customer_id,)).fetchone()
        return Customer(*row) if row else None

    def cookie_key(self) -> str:
        """What signs the cookies: in the books, so that every process has the same and restarts sign nobody out."""
        with self._connection() as db:
            return str(db.execute("SELECT value FROM secrets WHERE name = 'cookies'").fetchone()[0])

    def accounts(self, customer_id: str) -> list[Account]:
        """All accounts of a customer, by number; none for an unknown customer."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, name, type, cents, currency, status FROM accounts WHERE customer_id = ? ORDER BY id",
                (customer_id,),
            ).fetchall()
        return [Account(row[0], row[1], row[2], Decimal(row[3]).scaleb(-2), row[4], row[5]) for row in rows]

    def account(self, customer_id: str, account_id: str) -> Account | None:
        """One account of a customer; None if it does not exist or is somebody else's."""
        return next((account for account in self.accounts(customer_id) if account.account_id == account_id), None)

    def open_ticket(self, customer_id: str, subject: str, details: str) -> Ticket:
        """Open a ticket, or return the one that says the same and is not two minutes old.

        Raises `LookupError` for an unknown customer.
        """
        now = self._clock()
        with self._connection() as db, _transaction(db):
            row = db.execute(
                "SELECT id, status, created_at FROM tickets"
                " WHERE customer_id = ? AND subject = ? AND details = ? AND created_at > ? ORDER BY id DESC LIMIT 1",
                (customer_id, subject, details, now - SAME_TICKET_SECONDS),
            ).fetchone()
            if row is None:
                try:
                    row = db.execute(
                        "INSERT INTO tickets (customer_id, subject, details, status, created_at)"
                        " VALUES (?, ?, ?, 'open', ?) RETURNING id, status, created_at",
                        (customer_id, subject, details, now),
                    ).fetchone()
                except sqlite3.IntegrityError:
                    raise LookupError("no such customer") from None
        return _ticket(row[0], subject, row[1], row[2], details)

    def tickets(self, customer_id: str) -> list[Ticket]:
        """All tickets of a customer, the newest first."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, subject, status, created_at, details FROM tickets WHERE customer_id = ? ORDER BY id DESC",
                (customer_id,),
            ).fetchall()
        return [_ticket(*row) for row in rows]

    def now(self) -> datetime:
        """The bank's time, to the second."""
        return datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own: they cannot be shared between threads."""
        if not self._ready:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            db.execute("PRAGMA foreign_keys = ON")
            if not self._ready:
                self._create(db)
                self._ready = True
            yield db
        finally:
            db.close()

    def _create(self, db: sqlite3.Connection) -> None:
        """Once for all processes: whoever comes second finds the version set."""
        with _transaction(db):
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version < 1:
                _run(db, _SCHEMA)
            if version < 2:
                _run(db, _LOGIN_SCHEMA)
                logins = [(name, customer, generate_password_hash(DEMO_PASSWORD)) for name, customer in _LOGINS]
                db.executemany("INSERT INTO logins VALUES (?, ?, ?)", logins)
                nobody = generate_password_hash(secrets.token_hex(16))
                kept = [("cookies", secrets.token_hex(32)), ("nobody", nobody)]
                db.executemany("INSERT INTO secrets VALUES (?, ?)", kept)
            db.execute(f"PRAGMA user_version = {_VERSION:d}")
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:  # changing the mode does not wait for other connections
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def _run(db: sqlite3.Connection, script: str) -> None:
    """`executescript` would commit the transaction that is open."""
    for statement in script.split(";\n"):
        db.execute(statement)


def _ticket(number: int, subject: str, status: str, created_at: float, details: str) -> Ticket:
    when = datetime.fromtimestamp(created_at, UTC).replace(microsecond=0)
    return Ticket(f"T-{number}", subject, status, when, details)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Takes the lock at the start, so that what was read is still so when it is written."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
