"""The customer's side of hand-overs: asking for a colleague, waiting, being joined, and losing the colleague."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from banker.config.tenant import Tenant
from banker.handover.attendance import PRESENT_S
from banker.handover.changes import HandOverChanges
from banker.handover.desk_store import presence
from banker.handover.record import HandOver, HandOverAnswer, HandOverView, Urgency
from banker.opening_hours import is_open
from banker.sessions import Session
from banker.sessions.conversation_records import RunInStore


class HandOverHook(Protocol):
    """The bank's own rule for where to send a customer who asks for a person."""

    @property
    def directs(self) -> bool:
        """Whether the bank has such a rule."""

    def direct(self, session: Session, reason: str, urgency: str) -> HandOverAnswer | None:
        """Return where the customer is sent, or None for the desk. Blocks for some seconds at most. Never raises."""


class HandOvers:
    """Changes hand-overs for conversations and for the host. Blocks: never call it in the media loop.

    `has_desk`: whether anybody may use a desk. Methods raise `StoreUnavailable`, and `session_not_found` (404)
    for a session that is over.
    """

    def __init__(
        self, tenants: Mapping[str, Tenant], changes: HandOverChanges, hook: HandOverHook, *, has_desk: bool
    ) -> None:
        self._tenants = tenants
        self._changes = changes
        self._desk = changes.desk
        self._queue = changes.queue
        self._sessions = changes.sessions
        self._metrics = changes.metrics
        self._clock = changes.clock
        self.attendance = changes.attendance
        self._hook = hook
        self._has_desk = has_desk

    @property
    def is_offered(self) -> bool:
        """Whether a customer can get a person: at the desk, or as the bank's own rule says."""
        return self._has_desk or self._hook.directs

    def request(self, session_id: str, reason: str, urgency: Urgency = "normal") -> HandOverAnswer:
        """Put the session into the queue, or say why not. Repeating it returns the position."""
        session = self._sessions.find(session_id)
        known = HandOver.of(session.handover)
        if known is None or not known.is_open:
            answer = self._hook.direct(session, reason, urgency) or self._refusal(session.tenant_id)
            if answer is not None:
                if answer.state != "off":
                    self._metrics.handovers["elsewhere" if answer.state == "elsewhere" else "unavailable"].inc()
                    self._changes.record("handover.unavailable", session, reason=reason, answer=answer.state)
                return answer
            self._queue.join(session)
            place = 1 + len(self._queue.waiting(session.tenant_id))
            fresh = HandOver("waiting", reason[:300], urgency, self._clock(), place)

            def begin(before: Session) -> Session:
                other = HandOver.of(before.handover)
                return before if other is not None and other.is_open else replace(before, handover=fresh.as_record())

            session = self._sessions.change_live(session_id, begin)
            self._changes.record("handover.requested", session, reason=reason, urgency=urgency)
            self._changes.announce(session)
        position = self._queue.position(session)
        return HandOverAnswer("waiting", position, self._queue.estimate(session.tenant_id, position))

    def look(self, session_id: str, *, is_reachable: bool) -> HandOverView:
        """Return the hand-over for the customer's worker, and note that it has the customer if `is_reachable`."""
        session = self._sessions.find(session_id)
        handover = HandOver.of(session.handover)
        if handover is None or not handover.is_open:
            return HandOverView(handover)
        tenant_id, now = session.tenant_id, self._clock()
        if is_reachable:
            self._desk.enlist(tenant_id, "present", presence(session_id, "customer"), now + PRESENT_S)
        if handover.state == "waiting":
            position = self._queue.position(session)
            return HandOverView(handover, position, self._queue.estimate(tenant_id, position))
        is_new = handover.taken_at is not None and now - handover.taken_at < PRESENT_S
        is_there = is_new or self.attendance.is_there(tenant_id, session_id)
        messages = self._desk.sent(session_id, handover.read) if handover.state == "joined" else []
        return HandOverView(handover, is_colleague_there=is_there, messages=tuple(messages))

    def cancel(self, session_id: str, reason: str) -> bool:
        """Remove the session from the queue, unless a colleague has taken it. Return whether it was removed."""
        session, is_changed = self._changes.change(session_id, ("waiting",), "cancelled")
        if is_changed:
            self._queue.leave(session)
            self._metrics.handovers["cancelled"].inc()
            self._changes.record("handover.cancelled", session, reason=reason)
            self._changes.announce(session)
        return is_changed

    def joined(self, session_id: str) -> bool:
        """Let the announced colleague join, who now hears and sees the customer. Return False if they have left."""
        now = self._clock()
        session, is_changed = self._changes.change(
            session_id, ("taken",), "joined", lambda handover: replace(handover, joined_at=now)
        )
        if is_changed:
            self._changes.record_colleague("handover.joined", session)
            self._changes.announce(session)
        return is_changed

    def lost(self, session_id: str) -> None:
        """Put the customer back into the queue at their old place, because the colleague's page is gone."""
        found: list[HandOver] = []

        def requeue(handover: HandOver) -> HandOver:
            found[:] = [handover]
            return replace(handover, colleague="", colleague_id="", taken_at=None, joined_at=None, held=False)

        session, is_changed = self._changes.change(session_id, ("taken", "joined"), "waiting", requeue)
        if is_changed:
            self._metrics.handovers["lost"].inc()
            self._changes.record("handover.lost", session, colleague_id=found[0].colleague_id)
            self._changes.announce(session)

    def handled(self, session_id: str, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        """Mark a colleague's message as delivered. `proposal` has the outcome of a proposed tool."""

        def note(handover: HandOver) -> HandOver:
            return replace(handover, read=message_id, proposal=handover.proposal if proposal is None else proposal)

        self._changes.change(session_id, ("joined",), "joined", note)

    def talk_began(self, session: Session) -> None:
        """List a session at the desk, because a worker has its call."""
        if self._has_desk:
            self._desk.enlist(session.tenant_id, "talks", session.session_id, session.expires_at)

    def talk_ended(self, session: Session) -> None:
        """Remove an ended session from the desk."""
        handover = HandOver.of(session.handover)
        if handover is None and not self._has_desk:
            return
        self._desk.delist(session.tenant_id, "talks", session.session_id)
        self._queue.leave(session)
        self._desk.forget(session.session_id)
        if handover is not None and handover.is_open:
            self._metrics.handovers["abandoned" if handover.state == "waiting" else "ended"].inc()

    def _refusal(self, tenant_id: str) -> HandOverAnswer | None:
        """Return why the customer cannot wait for a colleague now; None if they can."""
        settings = self._tenants[tenant_id].handover
        if not self._has_desk:
            return HandOverAnswer("off")
        if not is_open(settings.hours, settings.time_zone, self._clock()):
            return HandOverAnswer("closed")
        return None if self._desk.listed(tenant_id, "colleagues") else HandOverAnswer("nobody")


class StoredSessionHandOver:
    """Implements `conversation.handover.session_handover.SessionHandOver`: runs blocking calls in threads."""

    def __init__(self, run: RunInStore, handovers: HandOvers, session_id: str) -> None:
        self._run = run
        self._handovers = handovers
        self._id = session_id

    @property
    def is_offered(self) -> bool:
        return self._handovers.is_offered

    async def request(self, reason: str, urgency: Urgency) -> HandOverAnswer:
        answer: HandOverAnswer = await self._run(lambda: self._handovers.request(self._id, reason, urgency))
        return answer

    async def look(self, *, is_reachable: bool) -> HandOverView:
        view: HandOverView = await self._run(lambda: self._handovers.look(self._id, is_reachable=is_reachable))
        return view

    async def cancel(self, reason: str) -> bool:
        is_out: bool = await self._run(lambda: self._handovers.cancel(self._id, reason))
        return is_out

    async def joined(self) -> bool:
        is_there: bool = await self._run(lambda: self._handovers.joined(self._id))
        return is_there

    async def lost(self) -> None:
        await self._run(lambda: self._handovers.lost(self._id))

    async def handled(self, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        await self._run(lambda: self._handovers.handled(self._id, message_id, proposal))
