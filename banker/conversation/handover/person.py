"""Follows the hand-over of one conversation, and puts what it brings into the mailbox in its order."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from banker.agents.base import TICKET_TOOL, PersonAnswer
from banker.config.tenant import Tenant
from banker.conversation.handover.line import HandOverLine
from banker.conversation.mailbox import Mailbox, MailboxMessage
from banker.conversation.transport import Transport
from banker.errors import ApiError
from banker.handover.record import HandOver, HandOverAnswer, HandOverView, Urgency
from banker.server.metrics import Metrics

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 4.0
"""How often the session is read while a person is waited for or there. Notices of changes come at once."""
SECONDS_PER_MINUTE = 60
MINUTE_BELOW_S = 90
"""A shorter wait is about a minute."""


class PersonState(Enum):
    """Who talks with the customer, as the customer knows it."""

    BANKER = auto()
    WAITING = auto()
    """The banker, until a colleague has time."""
    JOINED = auto()
    HELD = auto()
    """A colleague, who has put the customer on hold."""


@dataclass(frozen=True)
class PersonWanted(MailboxMessage):
    """Get a colleague: the customer has asked by button, or the bank's own rule has."""

    reason: str


@dataclass(frozen=True)
class PersonQueued(MailboxMessage):
    """Say that the bank's back end has put the customer in line."""

    answer: PersonAnswer


@dataclass(frozen=True)
class PersonJoining(MailboxMessage):
    """Say that a colleague joins, and let them hear and see the customer after that."""

    name: str


@dataclass(frozen=True)
class PersonHolds(MailboxMessage):
    """Say that the colleague has put the customer on hold, or is back."""

    held: bool


@dataclass(frozen=True)
class PersonSends(MailboxMessage):
    """Act on a message of the colleague: words, or a tool that they propose."""

    message_id: str
    message: Mapping[str, Any]


@dataclass(frozen=True)
class PersonSays(MailboxMessage):
    """Show what the recogniser has heard the colleague say."""

    text: str


@dataclass(frozen=True)
class PersonLeaves(MailboxMessage):
    """The colleague is gone: `returned` to the banker, `lost` (the customer is in line again), or `ending` it all."""

    how: str


def nothing_changes() -> None:
    """Do nothing."""


class PersonTalk:
    """The hand-over of one conversation. Belongs to the media loop."""

    def __init__(
        self, tenant: Tenant, line: HandOverLine, transport: Transport, mailbox: Mailbox, metrics: Metrics
    ) -> None:
        self.line = line
        self.state = PersonState.BANKER
        self.name = ""
        """The colleague's."""
        self.on_change: Callable[[], None] = nothing_changes
        """Called when somebody else talks with the customer from now on."""
        self._tenant = tenant
        self._transport = transport
        self._mailbox = mailbox
        self._metrics = metrics
        self._seen = ""
        """The state of the record that the mailbox knows of."""
        self._seen_held = False
        self._is_there = True
        self._last_message = ""
        self._shown: dict[str, Any] = {}
        self._is_requesting = False
        self._wake = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether a colleague talks with the customer, so that the agent does not answer."""
        return self.state in (PersonState.JOINED, PersonState.HELD)

    @property
    def is_heard(self) -> bool:
        """Whether customer and colleague hear each other, so that the banker has no voice."""
        return self.state is PersonState.JOINED

    @property
    def is_joining(self) -> bool:
        """Whether a colleague has taken the talk, and the customer is about to hear of it."""
        return self._seen == "taken"

    @property
    def is_busy(self) -> bool:
        """Whether a person is waited for or there: a silent customer is not idle then."""
        return self.state is not PersonState.BANKER

    async def load(self) -> None:
        """Go on with what an earlier connection left. Raises `StoreUnavailable`."""
        self._apply(await self.line.look(is_reachable=False), is_loading=True)
        if self._seen:
            self._follow()

    def notified(self) -> None:
        """Look now: something has changed, here or for those who wait before this customer."""
        self._wake.set()
        self._follow()

    def show(self) -> None:
        """Send how the hand-over stands, if there is one, to a client that has connected."""
        if self._shown and self.is_busy:
            self._transport.send(self._shown)

    async def request(self, reason: str, urgency: Urgency = "normal") -> PersonAnswer | None:
        """Get in line, and return what to say; None without a desk. Never raises."""
        if not self.line.is_offered:
            return None
        self._is_requesting = True
        try:
            answer = await self.line.request(reason, urgency)
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
        return self._words(answer)

    async def cancel(self, reason: str) -> bool:
        """Leave the line. Return whether the customer was in it, and is out. Raises `StoreUnavailable`."""
        if self.state is not PersonState.WAITING or not await self.line.cancel(reason):
            return False
        self._enter(PersonState.BANKER)
        self._seen = ""
        self._send("ended")
        return True

    def enter(self, state: PersonState) -> None:
        """The customer knows of a change: tell the client, too."""
        before, was_on = self.state, self.is_on
        self._enter(state)
        if state is PersonState.JOINED and before is not PersonState.HELD:
            self._send("joined")
        elif was_on and state is PersonState.BANKER:
            self._send("returned")

    def close(self) -> None:
        """Follow no more."""
        if self._following is not None:
            self._following.cancel()
        self._enter(PersonState.BANKER)

    def _follow(self) -> None:
        if self._following is None or self._following.done():
            self._following = asyncio.ensure_future(self._look_on())

    async def _look_on(self) -> None:
        """Look at every change, and now and then, until the hand-over is over."""
        while True:
            self._wake.clear()
            try:
                self._apply(await self.line.look(is_reachable=self._transport.reachable))
                if self._seen in ("taken", "joined") and not self._is_there:
                    await self.line.lost()
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
        """Put what is new into the mailbox. When loading, the customer knows of it already."""
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
            if self.is_on:  # another colleague hears nothing before the customer knows
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
            self._mailbox.put(PersonQueued(self._words(answer)))

    def _see_joined(self, view: HandOverView, handover: HandOver, before: str) -> None:
        self.name = handover.colleague
        if before not in ("taken", "joined"):  # the customer knows it from an earlier connection
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

    def _words(self, answer: HandOverAnswer) -> PersonAnswer:
        texts = self._tenant.texts
        has_ticket = TICKET_TOOL in self._tenant.config.allowed_tools
        if answer.state == "elsewhere":
            said = [texts.handover_phone.format(phone=answer.text)] if answer.text else []
            return PersonAnswer(" ".join([*said, *([texts.handover_link] if answer.link else [])]), link=answer.link)
        if answer.state != "waiting":
            said = [texts.handover_closed if answer.state == "closed" else texts.handover_nobody]
            return PersonAnswer(" ".join([*said, *([texts.ticket_instead] if has_ticket else [])]), has_ticket)
        first = answer.position <= 1
        said = [texts.handover_next if first else texts.handover_waiting.format(place=answer.position)]
        if answer.seconds is not None:
            minutes = round(answer.seconds / SECONDS_PER_MINUTE)
            is_short = answer.seconds < MINUTE_BELOW_S
            said.append(texts.handover_minute if is_short else texts.handover_minutes.format(minutes=minutes))
        said += [texts.handover_call_back] if has_ticket else []
        return PersonAnswer(" ".join(said), has_ticket, is_waiting=True)


def _number(message_id: str) -> tuple[int, int]:
    """Return the order of a message: a number, or the two of a stream's entry ("1700000000000-0")."""
    first, _, second = message_id.partition("-")
    return int(first or 0), int(second or 0)
