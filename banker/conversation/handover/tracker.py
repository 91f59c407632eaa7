"""Tracks the hand-over in the session record, and puts every change into the mailbox as a message."""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from banker.agents.base import PersonAnswer
from banker.config.tenant import Tenant
from banker.conversation.handover.messages import PersonHolds, PersonJoining, PersonLeaves, PersonQueued, PersonSends
from banker.conversation.handover.session_handover import SessionHandOver
from banker.conversation.handover.wording import word_answer
from banker.conversation.mailbox import Mailbox
from banker.conversation.transport import Transport
from banker.errors import ApiError
from banker.handover.record import HandOver, HandOverAnswer, HandOverView, Urgency
from banker.server.metrics import Metrics

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 4.0
"""How often the session is read during a hand-over. Notices of changes arrive at once."""


class PersonState(Enum):
    """Who talks with the customer, as the customer knows it."""

    BANKER = auto()
    WAITING = auto()
    """The banker, until a colleague is free."""
    JOINED = auto()
    HELD = auto()
    """A colleague, who has put the customer on hold."""


def nothing_changes() -> None:
    """Do nothing."""


class HandOverTracker:
    """The hand-over of one conversation, as the customer knows it. Belongs to the media loop."""

    def __init__(
        self, tenant: Tenant, handover: SessionHandOver, transport: Transport, mailbox: Mailbox, metrics: Metrics
    ) -> None:
        self.handover = handover
        self.state = PersonState.BANKER
        self.name = ""
        """The colleague's name."""
        self.on_change: Callable[[], None] = nothing_changes
        """Called when somebody else begins to talk with the customer."""
        self._tenant = tenant
        self._transport = transport
        self._mailbox = mailbox
        self._metrics = metrics
        self._seen = ""
        """The state of the record that was last put into the mailbox."""
        self._seen_held = False
        self._is_there = True
        self._last_message = ""
        self._shown: dict[str, Any] = {}
        self._is_requesting = False
        self._wake = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether a colleague talks with the customer. The agent does not answer then."""
        return self.state in (PersonState.JOINED, PersonState.HELD)

    @property
    def is_heard(self) -> bool:
        """Whether customer and colleague hear each other. The banker does not speak then."""
        return self.state is PersonState.JOINED

    @property
    def is_joining(self) -> bool:
        """Whether a colleague has taken the talk but has not been announced yet."""
        return self._seen == "taken"

    @property
    def is_busy(self) -> bool:
        """Whether the customer waits for or talks with a colleague. A silent customer is not idle then."""
        return self.state is not PersonState.BANKER

    async def load(self) -> None:
        """Resume the hand-over of an earlier connection. Raises `StoreUnavailable`."""
        self._apply(await self.handover.look(is_reachable=False), is_loading=True)
        if self._seen:
            self._follow()

    def notified(self) -> None:
        """Read the record now: it has changed, or the queue before this customer has."""
        self._wake.set()
        self._follow()

    def show(self) -> None:
        """Send the state of the hand-over, if any, to a newly connected client."""
        if self._shown and self.is_busy:
            self._transport.send(self._shown)

    async def request(self, reason: str, urgency: Urgency = "normal") -> PersonAnswer | None:
        """Put the customer in the queue, and return what to say; None without a desk. Never raises."""
        if not self.handover.is_offered:
            return None
        self._is_requesting = True
        try:
            answer = await self.handover.request(reason, urgency)
        except ApiError:
            return None
        finally:
            self._is_requesting = False
        if answer.state == "off":
            return None
        if answer.state == "waiting":
            self._wait(answer.position, answer.seconds)
        else:
            self._send("unavailable")
        return word_answer(answer, self._tenant)

    async def cancel(self, reason: str) -> bool:
        """Leave the queue. Return whether the customer was in it and has left. Raises `StoreUnavailable`."""
        if self.state is not PersonState.WAITING or not await self.handover.cancel(reason):
            return False
        self._enter(PersonState.BANKER)
        self._seen = ""
        self._send("ended")
        return True

    def enter(self, state: PersonState) -> None:
        """Enter a state that the customer has heard of, and send it to the client."""
        before, was_on = self.state, self.is_on
        self._enter(state)
        if state is PersonState.JOINED and before is not PersonState.HELD:
            self._send("joined")
        elif was_on and state is PersonState.BANKER:
            self._send("returned")

    def close(self) -> None:
        """Stop tracking."""
        if self._following is not None:
            self._following.cancel()
        self._enter(PersonState.BANKER)

    def _follow(self) -> None:
        if self._following is None or self._following.done():
            self._following = asyncio.ensure_future(self._look_on())

    async def _look_on(self) -> None:
        """Read the record at every change, and every few seconds, until the hand-over is over."""
        while True:
            self._wake.clear()
            try:
                self._apply(await self.handover.look(is_reachable=self._transport.reachable))
                if self._seen in ("taken", "joined") and not self._is_there:
                    await self.handover.lost()
                    continue
            except ApiError as error:
                if error.status == 404:
                    return
            if not self._seen and not self._wake.is_set():
                return
            try:
                await asyncio.wait_for(self._wake.wait(), LOOK_INTERVAL_S)
            except TimeoutError:
                continue

    def _apply(self, view: HandOverView, *, is_loading: bool = False) -> None:
        """Put each change into the mailbox. While loading, the customer already knows of it."""
        self._is_there = view.is_colleague_there
        handover, before = view.handover, self._seen
        self._seen = handover.state if handover is not None and handover.is_open else ""
        if handover is None or not self._seen:
            if before in ("taken", "joined"):
                self._mailbox.put(PersonLeaves("returned"))
            elif before == "waiting" and self.state is PersonState.WAITING:
                self._enter(PersonState.BANKER)
                self._send("ended")
        elif handover.state == "waiting":
            self._see_waiting(view, before, is_loading)
        elif handover.state == "taken" and before != "taken":
            self.name = handover.colleague
            if self.is_on:  # another colleague must not hear the customer before being announced
                self._enter(PersonState.WAITING)
            self._mailbox.put(PersonJoining(handover.colleague))
        elif handover.state == "joined":
            self._see_joined(view, handover, before)
        elif handover.state == "ending" and before != "ending":
            self.name = handover.colleague
            self._mailbox.put(PersonLeaves("ending"))

    def _see_waiting(self, view: HandOverView, before: str, is_loading: bool) -> None:
        if before in ("taken", "joined"):
            self._mailbox.put(PersonLeaves("lost"))
        is_new = self.state is PersonState.BANKER and not self._is_requesting and not is_loading
        self._wait(view.position, view.seconds, is_lost=before in ("taken", "joined"))
        if is_new and before == "":
            answer = HandOverAnswer("waiting", view.position, view.seconds)
            self._mailbox.put(PersonQueued(word_answer(answer, self._tenant)))

    def _see_joined(self, view: HandOverView, handover: HandOver, before: str) -> None:
        self.name = handover.colleague
        if before not in ("taken", "joined"):  # announced in an earlier connection
            self._seen_held, self._last_message = handover.held, handover.read
            self._enter(PersonState.HELD if handover.held else PersonState.JOINED)
            self._send("joined")
        if handover.held != self._seen_held:
            self._seen_held = handover.held
            self._mailbox.put(PersonHolds(handover.held))
        for message_id, message in view.messages:
            if _number(message_id) > _number(self._last_message):
                self._last_message = message_id
                self._mailbox.put(PersonSends(message_id, message))

    def _wait(self, position: int, seconds: int | None, *, is_lost: bool = False) -> None:
        self._seen, self._seen_held = "waiting", False
        if self.state is PersonState.BANKER:
            self._enter(PersonState.WAITING)
        if not is_lost:
            self._send("waiting", position=position, **({} if seconds is None else {"wait_seconds": seconds}))
        self._follow()

    def _enter(self, state: PersonState) -> None:
        was_waiting, is_waiting = self.state is PersonState.WAITING, state is PersonState.WAITING
        self._metrics.handovers_waiting.inc(is_waiting - was_waiting)
        self.state = state
        self.on_change()

    def _send(self, state: str, **more: Any) -> None:
        named = {"name": self.name} if state == "joined" else {}
        event = {"type": "handover", "state": state, **named, **more}
        if event != self._shown:
            self._shown = event
            self._transport.send(event)


def _number(message_id: str) -> tuple[int, int]:
    """Return the sort key of a message id: a number, or that of a Redis stream entry ("1700000000000-0")."""
    first, _, second = message_id.partition("-")
    return int(first or 0), int(second or 0)
