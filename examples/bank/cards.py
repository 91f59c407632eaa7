"""Payment cards: freeze, unfreeze and replace them."""

import sqlite3
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from examples.bank.records import Card, Refused
from examples.bank.store import Store

DELIVERY_DAYS = 7
"""A new card arrives after a week: production and the post."""

_CARDS = (
    "SELECT cards.id, account_id, accounts.name, kind, ending, expires, cards.status, replaces, arrives"
    " FROM cards JOIN accounts ON accounts.id = account_id WHERE customer_id = ?"
)


class Cards(Store):
    """A customer's cards. Freezing a frozen card and unfreezing an active one change nothing and succeed."""

    def cards(self, customer_id: str) -> list[Card]:
        """Return a customer's cards in the order in which they were issued."""
        with self._connection() as db:
            return [_card(row) for row in db.execute(f"{_CARDS} ORDER BY cards.rowid", (customer_id,))]

    def set_frozen(self, customer_id: str, card_id: str, frozen: bool, call_id: str | None = None) -> Card:
        """Freeze or unfreeze a card. Raises `Refused`."""
        with self._change() as db:
            card = _own_card(db, customer_id, card_id)
            if self._outcome(db, customer_id, call_id) is not None:
                return card
            if card.status not in ("active", "frozen"):
                raise Refused(f"That card can't be {'frozen' if frozen else 'unfrozen'}, because it is {card.status}.")
            db.execute("UPDATE cards SET status = ? WHERE id = ?", ("frozen" if frozen else "active", card_id))
            self._keep_outcome(db, customer_id, call_id, card_id)
            return _own_card(db, customer_id, card_id)

    def replace_card(self, customer_id: str, card_id: str, reason: str, call_id: str | None = None) -> Card:
        """Order a new card and return it. Raises `Refused`.

        A card that is lost or stolen is cancelled at once; a damaged one works until the new one arrives.
        """
        with self._change() as db:
            if (earlier := self._outcome(db, customer_id, call_id)) is not None:
                return _own_card(db, customer_id, earlier)
            card = _own_card(db, customer_id, card_id)
            if card.status not in ("active", "frozen"):
                raise Refused(f"That card can't be replaced, because it is {card.status}.")
            if reason != "damaged":
                db.execute("UPDATE cards SET status = 'cancelled' WHERE id = ?", (card_id,))
            ordered = db.execute("SELECT id FROM cards WHERE replaces = ?", (card_id,)).fetchone()
            if ordered is not None and reason == "damaged":
                raise Refused("A new card is on its way to you already.")
            new_id = ordered[0] if ordered is not None else self._order(db, card)
            self._keep_outcome(db, customer_id, call_id, new_id)
            return _own_card(db, customer_id, new_id)

    def _order(self, db: sqlite3.Connection, card: Card) -> str:
        """Insert a card with a new number. Its ending follows from the old one, so that demonstrations repeat."""
        ending = int(card.ending)
        while db.execute("SELECT 1 FROM cards WHERE ending = ?", (f"{ending:04d}",)).fetchone():
            ending = (ending + 1913) % 10_000
        arrives = self.today() + timedelta(DELIVERY_DAYS)
        expires = f"{arrives:%m}/{(arrives.year + 4) % 100:02d}"
        db.execute(
            "INSERT INTO cards VALUES (?, ?, ?, ?, ?, 'ordered', ?, ?)",
            (
                f"card-{ending:04d}",
                card.account_id,
                card.kind,
                f"{ending:04d}",
                expires,
                card.card_id,
                arrives.isoformat(),
            ),
        )
        return f"card-{ending:04d}"

    def _activate_arrived_cards(self, db: sqlite3.Connection) -> None:
        """Activate the cards that arrive today, and cancel those that they replace. Needs an open transaction."""
        today = (self.today().isoformat(),)
        db.execute(
            "UPDATE cards SET status = 'cancelled'"
            " WHERE id IN (SELECT replaces FROM cards WHERE status = 'ordered' AND arrives <= ?)",
            today,
        )
        db.execute(
            "UPDATE cards SET status = 'active', arrives = NULL WHERE status = 'ordered' AND arrives <= ?", today
        )


def _own_card(db: sqlite3.Connection, customer_id: str, card_id: str) -> Card:
    row = db.execute(f"{_CARDS} AND cards.id = ?", (customer_id, card_id)).fetchone()
    if row is None:
        raise Refused("I can't find that card.")
    return _card(row)


def _card(row: Sequence[Any]) -> Card:
    arrives = None if row[8] is None else date.fromisoformat(row[8])
    return Card(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], arrives)
