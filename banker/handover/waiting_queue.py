"""The customers of each tenant who wait for a colleague, and how long each of them still has to wait."""

from statistics import median
from typing import Literal

from banker.handover.desk_store import DeskStore
from banker.handover.record import HandOver
from banker.sessions import Session, Sessions


class WaitingQueue:
    """Orders waiting customers: urgent ones first, then by how long they have waited. Blocks.

    Methods raise `StoreUnavailable`.
    """

    def __init__(self, sessions: Sessions, desk: DeskStore) -> None:
        self._sessions = sessions
        self._desk = desk

    def talks(self, tenant_id: str) -> list[Session]:
        """Return all live sessions of a tenant: those that wait come first, in their order."""
        return sorted(self._live(tenant_id, "talks"), key=_rank)

    def waiting(self, tenant_id: str) -> list[Session]:
        """Return the sessions that wait, in their order."""
        found = (session for session in self._live(tenant_id, "queue") if _is_waiting(session))
        return sorted(found, key=_rank)

    def join(self, session: Session) -> None:
        """Add a session."""
        for listing in ("talks", "queue"):
            self._desk.enlist(session.tenant_id, listing, session.session_id, session.expires_at)

    def leave(self, session: Session) -> None:
        """Remove a session."""
        self._desk.delist(session.tenant_id, "queue", session.session_id)

    def position(self, session: Session) -> int:
        """Return a session's place, counted from 1."""
        waiting = [other.session_id for other in self.waiting(session.tenant_id)]
        return waiting.index(session.session_id) + 1 if session.session_id in waiting else 1

    def estimate(self, tenant_id: str, position: int) -> int | None:
        """Return how many seconds it takes to be served at a position; None before anybody was."""
        waits = self._desk.waits(tenant_id)
        return round(median(waits) * position) if waits else None

    def _live(self, tenant_id: str, listing: Literal["talks", "queue"]) -> list[Session]:
        names = self._desk.listed(tenant_id, listing)
        found = [session for name in names if (session := self._sessions.store.get(name)) is not None]
        now = self._sessions.clock()
        return [session for session in found if session.is_live(now) and session.tenant_id == tenant_id]


def _is_waiting(session: Session) -> bool:
    return session.handover is not None and session.handover["state"] == "waiting"


def _rank(session: Session) -> tuple[int, int, float]:
    handover = HandOver.of(session.handover)
    if handover is None or handover.state != "waiting":
        return 1, 0, session.created_at
    return 0, int(handover.urgency != "urgent"), handover.since
