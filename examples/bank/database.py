"""The bank's database in SQLite: customers, logins, accounts and tickets. Safe for threads and processes."""

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

BUSY_TIMEOUT_S = 4.0
"""How long a writer waits for another one: less than the 5 s that a tool may take."""
DUPLICATE_TICKET_S = 120
"""Within this time the same ticket is not opened twice, should a tool call be repeated."""
_VERSION = 2
_LOGINS = (("dana", "demo-customer"), ("omar", "other-customer"))
DEMO_PASSWORD = "demo"  # noqa: S105 - published on the sign-in page
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
    """A customer who can sign in."""

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
    """The database in one file, created with the demo data on first use. `clock` returns Unix seconds."""

    def __init__(self, path: Path | str, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock
        self._ready = False

    def sign_in(self, login: str, password: str) -> Customer | None:
        """Return the customer with this login and password, or None. Both take the same time."""
        with self._connection() as db:
            row = db.execute(
                "SELECT customers.id, customers.name, password_hash FROM logins"
                " JOIN customers ON customers.id = customer_id WHERE logins.name = ?",
                (login.strip().lower(),),
            ).fetchone()
            decoy_hash = db.execute("SELECT value FROM secrets WHERE name = 'nobody'").fetchone()[0]
        right = check_password_hash(row[2] if row else decoy_hash, password)
        return Customer(row[0], row[1]) if row and right else None

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer by id."""
        with self._connection() as db:
            row = db.execute("SELECT id, name FROM customers WHERE id = ?", (customer_id,)).fetchone()
        return Customer(*row) if row else None

    def cookie_key(self) -> str:
        """Return the key that signs the cookies. All processes share it, and it survives restarts."""
        with self._connection() as db:
            return str(db.execute("SELECT value FROM secrets WHERE name = 'cookies'").fetchone()[0])

    def accounts(self, customer_id: str) -> list[Account]:
        """Return a customer's accounts in the order of their ids; none for an unknown customer."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, name, type, cents, currency, status FROM accounts WHERE customer_id = ? ORDER BY id",
                (customer_id,),
            ).fetchall()
        return [Account(row[0], row[1], row[2], Decimal(row[3]).scaleb(-2), row[4], row[5]) for row in rows]

    def account(self, customer_id: str, account_id: str) -> Account | None:
        """Return a customer's account, or None if it does not exist or belongs to another customer."""
        return next((account for account in self.accounts(customer_id) if account.account_id == account_id), None)

    def open_ticket(self, customer_id: str, subject: str, details: str) -> Ticket:
        """Open a ticket, or return an identical one that was opened in the last two minutes.

        Raises `LookupError` for an unknown customer.
        """
        now = self._clock()
        with self._connection() as db, _transaction(db):
            row = db.execute(
                "SELECT id, status, created_at FROM tickets"
                " WHERE customer_id = ? AND subject = ? AND details = ? AND created_at > ? ORDER BY id DESC LIMIT 1",
                (customer_id, subject, details, now - DUPLICATE_TICKET_S),
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
        """Return a customer's tickets, newest first."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, subject, status, created_at, details FROM tickets WHERE customer_id = ? ORDER BY id DESC",
                (customer_id,),
            ).fetchall()
        return [_ticket(*row) for row in rows]

    def now(self) -> datetime:
        """Return the current time in UTC, to the second."""
        return datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Open a new connection, because threads cannot share one."""
        if not self._ready:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            db.execute("PRAGMA foreign_keys = ON")
            if not self._ready:
                self._create(db)
                self._ready = True
            yield db
        finally:
            db.close()

    def _create(self, db: sqlite3.Connection) -> None:
        """Create the tables. The transaction ensures that only one process does."""
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
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:  # changing the journal mode does not wait for other connections
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run several statements. `executescript` would commit the open transaction first."""
    for statement in script.split(";\n"):
        db.execute(statement)


def _ticket(number: int, subject: str, status: str, created_at: float, details: str) -> Ticket:
    when = datetime.fromtimestamp(created_at, UTC).replace(microsecond=0)
    return Ticket(f"T-{number}", subject, status, when, details)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Lock the database at the start, so that nothing changes between reading and writing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
