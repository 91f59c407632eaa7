"""What the bank's people do for a customer: tickets, branches, appointments and the address."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from examples.bank.records import Address, Appointment, Branch, Refused, Ticket
from examples.bank.store import Store

DUPLICATE_TICKET_S = 120
"""Within this time the same ticket is not opened twice, should a tool call be repeated."""
OPENS, LAST_APPOINTMENT = time(9), time(16, 30)
"""Branches are open from nine to five, and an appointment takes half an hour."""
MAX_DAYS_AHEAD = 90
"""How far in the future an appointment may be."""

_BRANCHES = "SELECT branches.id, name, street, city, postcode, phone, hours, cash_machine FROM branches"
_APPOINTMENTS = (
    "SELECT appointments.id, topic, starts, branches.id, name, street, city, postcode, phone, hours, cash_machine"
    " FROM appointments JOIN branches ON branches.id = branch_id WHERE customer_id = ?"
)


class Service(Store):
    """Tickets, branches, appointments and addresses."""

    def open_ticket(self, customer_id: str, subject: str, details: str, call_id: str | None = None) -> Ticket:
        """Open a ticket, or return an identical one that was opened in the last two minutes.

        Raises `LookupError` for an unknown customer.
        """
        now = self._clock()
        query = "SELECT id, subject, status, created_at, details FROM tickets WHERE customer_id = ?"
        with self._change() as db:
            if (earlier := self._outcome(db, customer_id, call_id)) is not None:
                return _ticket(*db.execute(f"{query} AND id = ?", (customer_id, earlier)).fetchone())
            row = db.execute(
                f"{query} AND subject = ? AND details = ? AND created_at > ? ORDER BY id DESC LIMIT 1",
                (customer_id, subject, details, now - DUPLICATE_TICKET_S),
            ).fetchone()
            if row is None:
                try:
                    row = db.execute(
                        "INSERT INTO tickets (customer_id, subject, details, status, created_at)"
                        " VALUES (?, ?, ?, 'open', ?) RETURNING id, subject, status, created_at, details",
                        (customer_id, subject, details, now),
                    ).fetchone()
                except sqlite3.IntegrityError:
                    raise LookupError("no such customer") from None
            self._keep_outcome(db, customer_id, call_id, row[0])
        return _ticket(*row)

    def ticket_of_call(self, customer_id: str, call_id: str) -> Ticket | None:
        """Return the ticket that a tool call opened, or None if it opened none."""
        with self._connection() as db:
            number = self._outcome(db, customer_id, call_id)
        return next((t for t in self.tickets(customer_id) if t.ticket_id == f"T-{number}"), None)

    def tickets(self, customer_id: str) -> list[Ticket]:
        """Return a customer's tickets, newest first."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT id, subject, status, created_at, details FROM tickets WHERE customer_id = ? ORDER BY id DESC",
                (customer_id,),
            ).fetchall()
        return [_ticket(*row) for row in rows]

    def branches(self) -> list[Branch]:
        """Return all branches."""
        with self._connection() as db:
            return [Branch(*row) for row in db.execute(f"{_BRANCHES} ORDER BY id")]

    def appointments(self, customer_id: str) -> list[Appointment]:
        """Return a customer's appointments, the earliest first."""
        with self._connection() as db:
            return [_appointment(row) for row in db.execute(f"{_APPOINTMENTS} ORDER BY starts", (customer_id,))]

    def book_appointment(
        self, customer_id: str, topic: str, branch_id: str, starts: datetime, call_id: str | None = None
    ) -> Appointment:
        """Book half an hour at a branch. `starts` without a time zone is in the bank's. Raises `Refused`."""
        starts = starts.astimezone(UTC).replace(tzinfo=None) if starts.tzinfo else starts
        with self._change() as db:
            number: Any = self._outcome(db, customer_id, call_id)
            if number is None:
                if db.execute("SELECT 1 FROM branches WHERE id = ?", (branch_id,)).fetchone() is None:
                    raise Refused("I can't find that branch.")
                self._check_time(starts)
                number = _insert_appointment(db, customer_id, topic, branch_id, starts)
                self._keep_outcome(db, customer_id, call_id, number)
            row = db.execute(f"{_APPOINTMENTS} AND appointments.id = ?", (customer_id, number)).fetchone()
        return _appointment(row)

    def address(self, customer_id: str) -> Address | None:
        """Return where the bank sends a customer's letters and cards."""
        query = "SELECT street, city, postcode FROM addresses WHERE customer_id = ?"
        with self._connection() as db:
            row = db.execute(query, (customer_id,)).fetchone()
        return Address(*row) if row else None

    def change_address(self, customer_id: str, address: Address, call_id: str | None = None) -> Address:
        """Store a customer's new address. Raises `Refused`."""
        with self._change() as db:
            if self._outcome(db, customer_id, call_id) is not None:
                return address
            try:
                db.execute(
                    "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?, ?)",
                    (customer_id, address.street, address.city, address.postcode),
                )
            except sqlite3.IntegrityError:
                raise Refused("I can't find you among our customers.") from None
            self._keep_outcome(db, customer_id, call_id, "address")
        return address

    def _check_time(self, starts: datetime) -> None:
        now = self.now().replace(tzinfo=None)
        if not now < starts <= now + timedelta(MAX_DAYS_AHEAD):
            raise Refused("An appointment can be booked for the next three months.")
        if (problem := why_no_appointment(starts)) is not None:
            raise Refused(problem)


def why_no_appointment(starts: datetime) -> str | None:
    """Return why no appointment begins at this time in any week, or None."""
    if starts.weekday() > 4 or not OPENS <= starts.time() <= LAST_APPOINTMENT:
        return "Appointments are Monday to Friday, from nine to half past four."
    if starts.minute % 30 or starts.second or starts.microsecond:
        return "Appointments begin on the hour or at half past."
    return None


def _insert_appointment(db: sqlite3.Connection, customer_id: str, topic: str, branch_id: str, starts: datetime) -> int:
    try:
        row = db.execute(
            "INSERT INTO appointments (customer_id, branch_id, topic, starts) VALUES (?, ?, ?, ?) RETURNING id",
            (customer_id, branch_id, topic, starts.isoformat(timespec="minutes")),
        ).fetchone()
    except sqlite3.IntegrityError as error:
        taken = "UNIQUE" in str(error)
        problem = "That time is taken at this branch." if taken else "I can't find you among our customers."
        raise Refused(problem) from None
    return int(row[0])


def _appointment(row: Sequence[Any]) -> Appointment:
    return Appointment(f"A-{row[0]}", row[1], Branch(*row[3:]), datetime.fromisoformat(row[2]))


def _ticket(number: int, subject: str, status: str, created_at: float, details: str) -> Ticket:
    when = datetime.fromtimestamp(created_at, UTC).replace(microsecond=0)
    return Ticket(f"T-{number}", subject, status, when, details)
