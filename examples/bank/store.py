"""The SQLite file under the bank: connections, transactions, creation of tables. Safe for threads and processes."""

import functools
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from werkzeug.security import generate_password_hash

from examples.bank import demo_data, schema

BUSY_TIMEOUT_S = 4.0
"""How long a writer waits for another one: less than the 5 s that a tool may take."""

_creation = threading.Lock()
"""Held while a database is created, so that the threads of a process do not hash the passwords once each."""


class Store:
    """The database in one file, created with the demo data on first use. `clock` returns Unix seconds."""

    def __init__(self, path: Path | str, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock
        self._ready = False

    @contextmanager
    def of_a_new_bank(self) -> Iterator[None]:
        """Use a database with the demo data as on the first day, which is deleted afterwards. For tests of talks."""
        before = self._path, self._ready
        with TemporaryDirectory() as folder:
            self._path, self._ready = Path(folder) / "bank.sqlite3", False
            try:
                yield
            finally:
                self._path, self._ready = before

    def now(self) -> datetime:
        """Return the current time in UTC, to the second."""
        return datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0)

    def today(self) -> date:
        """Return the current day in UTC, which is the bank's time zone."""
        return self.now().date()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Open a new connection, because threads cannot share one."""
        if not self._ready:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            db.execute("PRAGMA foreign_keys = ON")
            if not self._ready:
                with _creation:
                    self._create(db)
                self._ready = True
            self._settle(db)
            yield db
        finally:
            db.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Open a connection in a transaction: everything in the block is stored, or nothing."""
        with self._connection() as db, transaction(db):
            yield db

    def _settle(self, db: sqlite3.Connection) -> None:
        """Do what fell due since the last connection."""

    @staticmethod
    def _outcome(db: sqlite3.Connection, customer_id: str, call_id: str | None) -> str | None:
        """Return the reference that an earlier attempt of the same tool call stored, or None."""
        if call_id is None:
            return None
        query = "SELECT reference FROM calls WHERE customer_id = ? AND call_id = ?"
        row = db.execute(query, (customer_id, call_id)).fetchone()
        return str(row[0]) if row else None

    @staticmethod
    def _keep_outcome(db: sqlite3.Connection, customer_id: str, call_id: str | None, reference: str | int) -> None:
        if call_id is not None:
            db.execute("INSERT INTO calls VALUES (?, ?, ?)", (customer_id, call_id, str(reference)))

    def _create(self, db: sqlite3.Connection) -> None:
        """Create the tables that are missing. The transaction ensures that only one process does."""
        # Hashing is slow on purpose: it is done before the database is locked for other processes.
        hashes = _password_hashes() if _version(db) < 5 else ()
        with transaction(db):
            version = _version(db)
            if version < 1:
                _run(db, schema.ACCOUNTS_AND_TICKETS)
            if version < 2:
                _run(db, schema.LOGINS)
                _insert_logins(db, hashes)
            if version < 3:
                _run(db, schema.BANKING)
                demo_data.insert_demo_data(db, self.today())
            if version < 4:
                _run(db, schema.CODES)
            if version < 5:
                _run(db, schema.STAFF)
                staff = [(staff_id, name, hashes[0]) for staff_id, name in demo_data.STAFF]
                db.executemany("INSERT INTO staff VALUES (?, ?, ?)", staff)
            if version < schema.VERSION:
                db.execute(f"PRAGMA user_version = {schema.VERSION:d}")
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:  # changing the journal mode does not wait for other connections
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@functools.cache
def _password_hashes() -> tuple[str, ...]:
    """Return a hash for each login, and one of a password that nobody has. It takes half a second, once a process."""
    passwords = [demo_data.PASSWORD for _ in demo_data.LOGINS]
    return tuple(generate_password_hash(password) for password in (*passwords, secrets.token_hex(16)))


def _insert_logins(db: sqlite3.Connection, hashes: Sequence[str]) -> None:
    *known, nobody = hashes
    logins = [(name, customer, hashed) for (name, customer), hashed in zip(demo_data.LOGINS, known, strict=True)]
    db.executemany("INSERT INTO logins VALUES (?, ?, ?)", logins)
    db.executemany("INSERT INTO secrets VALUES (?, ?)", [("cookies", secrets.token_hex(32)), ("nobody", nobody)])


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run several statements. `executescript` would commit the open transaction first."""
    for statement in script.split(";\n"):
        db.execute(statement)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Lock the database at the start, so that nothing changes between reading and writing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
