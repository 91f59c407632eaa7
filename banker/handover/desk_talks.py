"""The colleague's side of hand-overs: taking a talk, writing, holding, returning it to the banker, and ending it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from banker.errors import ApiError, session_not_found
from banker.handover.attendance import PRESENT_S
from banker.handover.changes import HandOverChanges
from banker.handover.desk_store import presence
from banker.handover.record import Colleague, HandOver, HandOverState
from banker.sessions import Session

FREE_S = 15.0
"""A desk page without a sign of life for this long no longer counts as a free colleague."""


class DeskTalks:
    """Changes hand-overs for colleagues. Blocks: never call it in the media loop.

    Methods raise `StoreUnavailable`, and `session_not_found` (404) for a session that is over or of another tenant.
    """

    def __init__(self, changes: HandOverChanges) -> None:
        self._changes = changes
        self._desk = changes.desk
        self._queue = changes.queue
        self._sessions = changes.sessions
        self._metrics = changes.metrics
        self._clock = changes.clock
        self._attendance = changes.attendance

    def take(self, colleague: Colleague, session_id: str) -> HandOver:
        """Give a talk to a colleague. Of several who try, one gets it; the others get `ApiError` 409.

        The talk need not be in the queue. The customer hears first that a colleague joins.
        """
        now = self._clock()
        self._find(colleague, session_id)
        taken: list[HandOver] = []

        def change(session: Session) -> Session:
            taken.clear()
            handover = HandOver.of(session.handover)
            if handover is not None and handover.state in ("taken", "joined", "ending"):
                if handover.colleague_id != colleague.id:
                    raise ApiError(409, "already_taken", "Another colleague has taken this talk.")
                return session
            if handover is None or not handover.is_open:
                handover = HandOver("waiting", "", "normal", now)
            taken.append(handover)
            changed = replace(
                handover, state="taken", colleague_id=colleague.id, colleague=colleague.name, taken_at=now, read=""
            )
            return replace(session, handover=changed.as_record())

        session = self._sessions.change_live(session_id, change)
        self._attendance.attend(colleague.tenant_id, session_id)
        if taken:
            self._desk.enlist(session.tenant_id, "queue", session_id, session.expires_at)
            if taken[0].reason:
                self._metrics.handover_wait_seconds.observe(now - taken[0].since)
                self._desk.add_wait(session.tenant_id, (now - taken[0].since) / max(1, taken[0].place))
            self._metrics.handovers["taken"].inc()
            self._changes.record_colleague("handover.taken", session)
            self._changes.announce(session)
        return HandOver(**session.handover or {})

    def own(self, colleague: Colleague, session_id: str, *, joined: bool = True) -> Session:
        """Return a talk that this colleague has. Raises `ApiError` 404, and 409 before the announcement."""
        session = self._find(colleague, session_id)
        handover = HandOver.of(session.handover)
        if handover is None or handover.colleague_id != colleague.id or handover.state not in ("taken", "joined"):
            raise ApiError(404, "talk_not_found", "This talk is not yours.")
        if joined and handover.state != "joined":
            raise ApiError(409, "not_joined", "You are being announced to the customer; wait a moment.")
        return session

    def attend(self, colleague: Colleague, session_id: str) -> None:
        """Note that the colleague's page shows the talk."""
        self._attendance.attend(colleague.tenant_id, session_id)

    def send(self, colleague: Colleague, session_id: str, message: Mapping[str, Any]) -> None:
        """Send a message of the colleague to the customer's worker."""
        session = self.own(colleague, session_id)
        self._desk.send(session_id, message, session.expires_at - self._clock() + PRESENT_S)
        self._changes.announce(session)

    def hold(self, colleague: Colleague, session_id: str, held: bool) -> None:
        """Put the customer on hold, or resume. On hold, neither hears the other."""
        self.own(colleague, session_id)
        session, _ = self._changes.change(
            session_id, ("joined",), "joined", lambda handover: replace(handover, held=held)
        )
        self._changes.announce(session)

    def give_back(self, colleague: Colleague, session_id: str, outcome: str, note: str) -> None:
        """Return the talk to the banker."""
        self._finish(colleague, session_id, "returned", outcome, note)

    def end(self, colleague: Colleague, session_id: str, outcome: str, note: str) -> None:
        """End the talk. The customer's worker announces it and ends the session; without a customer it ends at once."""
        session = self._finish(colleague, session_id, "ending", outcome, note)
        if not self.is_customer_there(session):
            self._sessions.end(session_id, "ended")

    def set_available(self, colleague: Colleague, available: bool) -> None:
        """Count a colleague as free for customers from now on, or not. A page repeats it every second."""
        if available:
            self._desk.enlist(colleague.tenant_id, "colleagues", colleague.id, self._clock() + FREE_S)
        else:
            self._desk.delist(colleague.tenant_id, "colleagues", colleague.id)

    def of_tenant(self, tenant_id: str) -> list[Session]:
        """Return the live talks of a tenant. Those that wait come first: urgent ones, then the oldest."""
        return self._queue.talks(tenant_id)

    def is_customer_there(self, session: Session) -> bool:
        """Return whether the customer's worker has reported the customer lately."""
        return presence(session.session_id, "customer") in self._desk.listed(session.tenant_id, "present")

    def _finish(self, colleague: Colleague, session_id: str, state: HandOverState, outcome: str, note: str) -> Session:
        self.own(colleague, session_id, joined=False)
        session, is_changed = self._changes.change(
            session_id, ("taken", "joined"), state, lambda handover: replace(handover, outcome=outcome, note=note)
        )
        if is_changed:
            self._queue.leave(session)
            if state == "returned":
                self._metrics.handovers["returned"].inc()
            event = "handover.returned" if state == "returned" else "handover.ended"
            self._changes.record_colleague(event, session, outcome=outcome, note=note)
            self._changes.announce(session)
        return session

    def _find(self, colleague: Colleague, session_id: str) -> Session:
        session = self._sessions.find(session_id)
        if session.tenant_id != colleague.tenant_id:
            raise session_not_found()
        return session
