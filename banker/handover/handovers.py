"""The life of a hand-over over any store: asked for, taken by one colleague, joined, given back or ended."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median
from typing import Any, Protocol

from banker.audit import Audit
from banker.config.tenant import Tenant
from banker.errors import ApiError, session_not_found
from banker.handover.attendance import PRESENT_S, Attendance
from banker.handover.desk_store import DeskStore, presence
from banker.handover.record import Colleague, HandOver, HandOverAnswer, HandOverState, HandOverView, Urgency
from banker.opening_hours import is_open
from banker.server.metrics import Metrics
from banker.sessions import HandOverChanged, Session, Sessions

Change = Callable[[HandOver], HandOver]


class HandOverHook(Protocol):
    """The bank's own rule where a customer is sent who asks for a person."""

    @property
    def directs(self) -> bool:
        """Whether there is such a rule."""

    def direct(self, session: Session, reason: str, urgency: str) -> HandOverAnswer | None:
        """Return where the customer is sent, or None for the desk. Blocks for some seconds at most. Never raises."""


class HandOvers:
    """Changes hand-overs for conversations, desks and the host. Blocks, so never call it in the media loop.

    `has_desk`: whether anybody may use a desk. Methods raise `StoreUnavailable`, and `session_not_found` (404)
    for a session that is over or of another tenant.
    """

    def __init__(
        self,
        tenants: Mapping[str, Tenant],
        sessions: Sessions,
        desk: DeskStore,
        audit: Audit,
        metrics: Metrics,
        hook: HandOverHook,
        *,
        has_desk: bool,
    ) -> None:
        self._tenants = tenants
        self._sessions = sessions
        self.desk = desk
        self._audit = audit
        self._metrics = metrics
        self._hook = hook
        self._has_desk = has_desk
        self._clock = sessions.clock
        self.attendance = Attendance(desk, sessions.clock)

    @property
    def is_offered(self) -> bool:
        """Whether a customer can get a person: at the desk, or as the bank's own rule says."""
        return self._has_desk or self._hook.directs

    # The customer's side

    def request(self, session_id: str, reason: str, urgency: Urgency = "normal") -> HandOverAnswer:
        """Put the session in line for a colleague, or say why not. Repeating it returns the place."""
        session = self._sessions.find(session_id)
        known = HandOver.of(session.handover)
        if known is None or not known.is_open:
            answer = self._hook.direct(session, reason, urgency) or self._refusal(session.tenant_id)
            if answer is not None:
                if answer.state != "off":
                    self._metrics.handovers["elsewhere" if answer.state == "elsewhere" else "unavailable"].inc()
                    self._record("handover.unavailable", session, reason=reason, answer=answer.state)
                return answer
            until = session.expires_at
            self.desk.enlist(session.tenant_id, "talks", session_id, until)
            self.desk.enlist(session.tenant_id, "queue", session_id, until)
            place = 1 + len(self._waiting(session.tenant_id))
            fresh = HandOver("waiting", reason[:300], urgency, self._clock(), place)

            def begin(before: Session) -> Session:
                other = HandOver.of(before.handover)
                return before if other is not None and other.is_open else replace(before, handover=fresh.as_record())

            session = self._sessions.change_live(session_id, begin)
            self._record("handover.requested", session, reason=reason, urgency=urgency)
            self._announce(session)
        position = self._position(session)
        return HandOverAnswer("waiting", position, self._estimate(session.tenant_id, position))

    def look(self, session_id: str, *, is_reachable: bool) -> HandOverView:
        """Return the hand-over for the customer's worker, which says by this that it has the customer."""
        session = self._sessions.find(session_id)
        handover = HandOver.of(session.handover)
        if handover is None or not handover.is_open:
            return HandOverView(handover)
        tenant_id, now = session.tenant_id, self._clock()
        if is_reachable:
            self.desk.enlist(tenant_id, "present", presence(session_id, "customer"), now + PRESENT_S)
        if handover.state == "waiting":
            position = self._position(session)
            return HandOverView(handover, position, self._estimate(tenant_id, position))
        is_new = handover.taken_at is not None and now - handover.taken_at < PRESENT_S
        is_there = is_new or self.attendance.is_there(tenant_id, session_id)
        messages = self.desk.sent(session_id, handover.read) if handover.state == "joined" else []
        return HandOverView(handover, is_colleague_there=is_there, messages=tuple(messages))

    def cancel(self, session_id: str, reason: str) -> bool:
        """Take the session out of the line, unless a colleague has taken it. Return whether it is out."""
        session, is_changed = self._change(session_id, ("waiting",), "cancelled")
        if is_changed:
            self._leave_queue(session)
            self._metrics.handovers["cancelled"].inc()
            self._record("handover.cancelled", session, reason=reason)
            self._announce(session)
        return is_changed

    def joined(self, session_id: str) -> bool:
        """The customer knows that a colleague joins: from now on that colleague hears and sees them."""
        now = self._clock()
        session, is_changed = self._change(
            session_id, ("taken",), "joined", lambda handover: replace(handover, joined_at=now)
        )
        if is_changed:
            self._record_colleague("handover.joined", session)
            self._announce(session)
        return is_changed

    def lost(self, session_id: str) -> None:
        """The colleague's page is gone: put the customer back in line, where they have waited since the beginning."""
        found: list[HandOver] = []

        def requeue(handover: HandOver) -> HandOver:
            found[:] = [handover]
            return replace(handover, colleague="", colleague_id="", taken_at=None, joined_at=None, held=False)

        session, is_changed = self._change(session_id, ("taken", "joined"), "waiting", requeue)
        if is_changed:
            self._metrics.handovers["lost"].inc()
            self._record("handover.lost", session, colleague_id=found[0].colleague_id)
            self._announce(session)

    def handled(self, session_id: str, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        """The customer has got a message of the colleague; `proposal` says what became of a proposed tool."""

        def note(handover: HandOver) -> HandOver:
            return replace(handover, read=message_id, proposal=handover.proposal if proposal is None else proposal)

        self._change(session_id, ("joined",), "joined", note)

    def talk_began(self, session: Session) -> None:
        """A worker has taken the session's call up: the desk lists it."""
        if self._has_desk:
            self.desk.enlist(session.tenant_id, "talks", session.session_id, session.expires_at)

    def talk_ended(self, session: Session) -> None:
        """The session is over."""
        handover = HandOver.of(session.handover)
        if handover is None and not self._has_desk:
            return
        self.desk.delist(session.tenant_id, "talks", session.session_id)
        self._leave_queue(session)
        self.desk.forget(session.session_id)
        if handover is not None and handover.is_open:
            self._metrics.handovers["abandoned" if handover.state == "waiting" else "ended"].inc()

    # The colleague's side

    def take(self, colleague: Colleague, session_id: str) -> HandOver:
        """Give a talk to a colleague; of several who try, one gets it. Raises `ApiError` 409 for the others.

        The talk need not be in the queue: the customer hears first that a colleague joins.
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
        self.attendance.attend(colleague.tenant_id, session_id)
        if taken:
            self.desk.enlist(session.tenant_id, "queue", session_id, session.expires_at)
            if taken[0].reason:
                self._metrics.handover_wait_seconds.observe(now - taken[0].since)
                self.desk.add_wait(session.tenant_id, (now - taken[0].since) / max(1, taken[0].place))
            self._metrics.handovers["taken"].inc()
            self._record_colleague("handover.taken", session)
            self._announce(session)
        return HandOver(**session.handover or {})

    def own(self, colleague: Colleague, session_id: str, *, joined: bool = True) -> Session:
        """Return a talk that this colleague has. Raises `ApiError` 404, and 409 before the customer knows of it."""
        session = self._find(colleague, session_id)
        handover = HandOver.of(session.handover)
        if handover is None or handover.colleague_id != colleague.id or handover.state not in ("taken", "joined"):
            raise ApiError(404, "talk_not_found", "This talk is not yours, or no longer.")
        if joined and handover.state != "joined":
            raise ApiError(409, "not_joined", "The customer hears that you join; wait a moment.")
        return session

    def attend(self, colleague: Colleague, session_id: str) -> None:
        """The colleague's page has the talk before it."""
        self.attendance.attend(colleague.tenant_id, session_id)

    def send(self, colleague: Colleague, session_id: str, message: Mapping[str, Any]) -> None:
        """Send a message of the colleague to the customer's worker."""
        session = self.own(colleague, session_id)
        self.desk.send(session_id, message, session.expires_at - self._clock() + PRESENT_S)
        self._announce(session)

    def hold(self, colleague: Colleague, session_id: str, held: bool) -> None:
        """Put the customer on hold, or come back. Neither hears the other meanwhile."""
        self.own(colleague, session_id)
        session, _ = self._change(session_id, ("joined",), "joined", lambda handover: replace(handover, held=held))
        self._announce(session)

    def give_back(self, colleague: Colleague, session_id: str, outcome: str, note: str) -> None:
        """Return the talk to the banker."""
        self._finish(colleague, session_id, "returned", outcome, note)

    def end(self, colleague: Colleague, session_id: str, outcome: str, note: str) -> None:
        """End the talk: the customer's worker says so and ends the session; without a customer it ends at once."""
        session = self._finish(colleague, session_id, "ending", outcome, note)
        if presence(session_id, "customer") not in self.desk.listed(session.tenant_id, "present"):
            self._sessions.end(session_id, "ended")

    def sessions_of(self, tenant_id: str) -> list[Session]:
        """Return the live talks of a tenant, those that wait first: urgent before others, and the oldest first."""
        names = self.desk.listed(tenant_id, "talks")
        found = [session for name in names if (session := self._sessions.store.get(name)) is not None]
        live = [session for session in found if session.is_live(self._clock()) and session.tenant_id == tenant_id]
        return sorted(live, key=_rank)

    def _finish(self, colleague: Colleague, session_id: str, state: HandOverState, outcome: str, note: str) -> Session:
        self.own(colleague, session_id, joined=False)
        session, is_changed = self._change(
            session_id, ("taken", "joined"), state, lambda handover: replace(handover, outcome=outcome, note=note)
        )
        if is_changed:
            self._leave_queue(session)
            if state == "returned":
                self._metrics.handovers["returned"].inc()
            event = "handover.returned" if state == "returned" else "handover.ended"
            self._record_colleague(event, session, outcome=outcome, note=note)
            self._announce(session)
        return session

    # Both

    def _find(self, colleague: Colleague, session_id: str) -> Session:
        session = self._sessions.find(session_id)
        if session.tenant_id != colleague.tenant_id:
            raise session_not_found()
        return session

    def _refusal(self, tenant_id: str) -> HandOverAnswer | None:
        """Return why nobody can be waited for now, or None."""
        settings = self._tenants[tenant_id].handover
        if not self._has_desk:
            return HandOverAnswer("off")
        if not is_open(settings.hours, settings.time_zone, self._clock()):
            return HandOverAnswer("closed")
        return None if self.desk.listed(tenant_id, "colleagues") else HandOverAnswer("nobody")

    def _waiting(self, tenant_id: str) -> list[Session]:
        """Return the talks that wait, the next one first."""
        names = self.desk.listed(tenant_id, "queue")
        found = [session for name in names if (session := self._sessions.store.get(name)) is not None]
        return sorted((s for s in found if s.is_live(self._clock()) and _is_waiting(s)), key=_rank)

    def _position(self, session: Session) -> int:
        waiting = [other.session_id for other in self._waiting(session.tenant_id)]
        return waiting.index(session.session_id) + 1 if session.session_id in waiting else 1

    def _estimate(self, tenant_id: str, position: int) -> int | None:
        waits = self.desk.waits(tenant_id)
        return round(median(waits) * position) if waits else None

    def _leave_queue(self, session: Session) -> None:
        self.desk.delist(session.tenant_id, "queue", session.session_id)

    def _change(
        self,
        session_id: str,
        states: tuple[HandOverState, ...],
        state: HandOverState,
        change: Change = lambda handover: handover,
    ) -> tuple[Session, bool]:
        """Go from one of `states` to `state`, and return whether it was in one of them."""
        is_changed: list[bool] = [False]

        def apply(session: Session) -> Session:
            handover = HandOver.of(session.handover)
            is_changed[0] = handover is not None and handover.state in states
            if handover is None or not is_changed[0]:
                return session
            return replace(session, handover=replace(change(handover), state=state).as_record())

        return self._sessions.change_live(session_id, apply), is_changed[0]

    def _announce(self, session: Session) -> None:
        self._sessions.store.announce(HandOverChanged(session.session_id, session.tenant_id))

    def _record_colleague(self, event: str, session: Session, **details: Any) -> None:
        handover = session.handover or {}
        self._record(
            event, session, colleague_id=handover.get("colleague_id"), colleague=handover.get("colleague"), **details
        )

    def _record(self, event: str, session: Session, **details: Any) -> None:
        ids = {"tenant_id": session.tenant_id, "user_id": session.user_id, "session_id": session.session_id}
        self._audit.record(event, **ids, **details)


def _is_waiting(session: Session) -> bool:
    return session.handover is not None and session.handover["state"] == "waiting"


def _rank(session: Session) -> tuple[int, int, float]:
    handover = HandOver.of(session.handover)
    if handover is None or handover.state != "waiting":
        return 1, 0, session.created_at
    return 0, int(handover.urgency != "urgent"), handover.since
