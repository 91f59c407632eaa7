"""The users' keys of a file trail, in SQLite: processes can share it, and it overwrites deleted keys."""

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

BUSY_TIMEOUT_S = 2.0
"""How long a writer waits for another one, which needs a few milliseconds."""
_TABLE = "CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID"


class FileKeys:
    """Implements `KeyStore` in the file `path`, which only its owner can read. The first key creates it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str | None:
        if not self._path.exists():
            return None
        with self._open() as db:
            row = db.execute("SELECT text FROM keys WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def add(self, name: str, text: str) -> str:
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (name, text))
            return str(db.execute("SELECT text FROM keys WHERE name = ?", (name,)).fetchone()[0])

    def delete(self, names: Collection[str]) -> int:
        if not self._path.exists():
            return 0
        with self._open() as db:
            return db.executemany("DELETE FROM keys WHERE name = ?", [(name,) for name in names]).rowcount

    def all(self) -> Mapping[str, str]:
        if not self._path.exists():
            return {}
        with self._open() as db:
            return dict(db.execute("SELECT name, text FROM keys").fetchall())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open a connection, which threads cannot share, in a transaction."""
        if not self._path.exists():
            self._create()
        db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            db.execute("PRAGMA secure_delete = ON")  # overwrites deleted data with zeros
            db.execute("BEGIN IMMEDIATE")  # a later lock would fail instead of waiting
            db.execute(_TABLE)
            yield db
            db.execute("COMMIT")
        finally:
            db.close()

    def _create(self) -> None:
        """Create an empty file under a temporary name, and rename it unless the file exists by now.

        Opening and closing the file itself would release the locks of SQLite's connections to it
        (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, empty = tempfile.mkstemp(prefix=f".{self._path.name}", dir=self._path.parent)  # mode 0600
        os.close(descriptor)
        with suppress(FileExistsError):
            os.link(empty, self._path)
        os.unlink(empty)
