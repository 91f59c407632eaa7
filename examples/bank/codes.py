"""One-time codes: each is made for one call that the banker's service waits with, and good for that alone."""

import secrets
from dataclasses import dataclass

from examples.bank.records import Refused
from examples.bank.store import Store

MAX_TRIES = 3
"""Wrong codes until no code helps: guessing one of a million is hopeless then."""


@dataclass(frozen=True)
class OneTimeCode:
    """A code, and the hash of the call that it was made for."""

    code: str
    hash: str


class Codes(Store):
    """Sends codes and checks them. The table stands for the customer's phone: a real bank would keep a hash only."""

    def code_for(self, customer_id: str, call_id: str, call_hash: str, expires_at: float) -> OneTimeCode:
        """Return the code of a call, a new one the first time: a page that is loaded again sends no second message."""
        with self._change() as db:
            db.execute("DELETE FROM codes WHERE expires_at < ?", (self._clock(),))
            db.execute(
                "INSERT OR IGNORE INTO codes VALUES (?, ?, ?, ?, 0, ?)",
                (customer_id, call_id, call_hash, f"{secrets.randbelow(1_000_000):06d}", expires_at),
            )
            query = "SELECT code, hash FROM codes WHERE customer_id = ? AND call_id = ?"
            return OneTimeCode(*db.execute(query, (customer_id, call_id)).fetchone())

    def check_code(self, customer_id: str, call_id: str, code: str) -> str:
        """Return the hash that a right code was made for. The service accepts it once. Raises `Refused`."""
        with self._change() as db:
            row = db.execute(
                "UPDATE codes SET tries = tries + 1 WHERE customer_id = ? AND call_id = ? AND expires_at >= ?"
                " RETURNING code, hash, tries",
                (customer_id, call_id, self._clock()),
            ).fetchone()
        if row is None:
            raise Refused("This code is no longer needed.")
        if row[2] <= MAX_TRIES and secrets.compare_digest(code.strip().encode(), row[0].encode()):
            return str(row[1])
        if row[2] >= MAX_TRIES:
            raise Refused("That was the third wrong code. Nothing has been done; please ask the banker again.")
        raise Refused("That code is wrong. Please look at the message again.")
