"""Changes the hand-over in a session record atomically, and notifies the workers and the audit trail."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from banker.audit import Audit
from banker.handover.attendance import Attendance
from banker.handover.desk_store import DeskStore
from banker.handover.record import HandOver, HandOverState
from banker.handover.waiting_queue import WaitingQueue
from banker.server.metrics import Metrics
from banker.sessions import HandOverChanged, Session, Sessions

Change = Callable[[HandOver], HandOver]


class HandOverChanges:
    """The common part of the customer's and the colleague's side. Blocks: never call it in the media loop.

    Methods raise `StoreUnavailable`, and `session_not_found` (404) for a session that is over.
    """

    def __init__(self, sessions: Sessions, desk: DeskStore, audit: Audit, metrics: Metrics) -> None:
        self.sessions = sessions
        self.desk = desk
        self.queue = WaitingQueue(sessions, desk)
        self.attendance = Attendance(desk, sessions.clock)
        self.metrics = metrics
        self.clock = sessions.clock
        self._audit = audit

    def change(
        self,
        session_id: str,
        states: tuple[HandOverState, ...],
        state: HandOverState,
        change: Change = lambda handover: handover,
    ) -> tuple[Session, bool]:
        """Go from one of `states` to `state`, and return whether it was in one of them."""
        is_changed = False

        def apply(session: Session) -> Session:
            nonlocal is_changed
            handover = HandOver.of(session.handover)
            is_changed = handover is not None and handover.state in states
            if handover is None or not is_changed:
                return session
            return replace(session, handover=replace(change(handover), state=state).as_record())

        return self.sessions.change_live(session_id, apply), is_changed

    def announce(self, session: Session) -> None:
        """Notify every worker that the hand-over of a session has changed."""
        self.sessions.store.announce(HandOverChanged(session.session_id, session.tenant_id))

    def record(self, event: str, session: Session, **details: Any) -> None:
        """Write to the audit trail."""
        self._audit.record(event, **session.ids, **details)

    def record_colleague(self, event: str, session: Session, **details: Any) -> None:
        """Write to the audit trail, with the colleague who has the talk."""
        handover = session.handover or {}
        colleague = {name: handover.get(name) for name in ("colleague_id", "colleague")}
        self.record(event, session, **colleague, **details)
