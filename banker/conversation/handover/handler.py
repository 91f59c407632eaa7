"""Handles the messages of a hand-over: announces the colleague, and shows what they say."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from banker.agents.base import PersonAnswer
from banker.config.tenant import Tenant
from banker.conversation.handover.messages import (
    PersonHolds,
    PersonJoining,
    PersonLeaves,
    PersonQueued,
    PersonSays,
    PersonSends,
    PersonWanted,
)
from banker.conversation.handover.tracker import HandOverTracker, PersonState
from banker.conversation.mailbox import MailboxMessage
from banker.conversation.transcript import Transcript
from banker.conversation.transport import Transport
from banker.errors import ApiError
from banker.text.redaction import redact
from banker.tools.base import ToolResult

PLAYOUT_DELAY_S = 0.5
"""The end of the goodbye takes up to this long to reach the user."""


RECHECK_S = 0.1
TEXT_ONLY_AFTER_S = 2.0
"""A customer who reconnects and makes no offer within this time is served in text."""


class BankerAnnouncer(Protocol):
    """Speaks for the banker."""

    async def announce(self, text: str, *, aloud: bool = True) -> str:
        """Say a text, or only show it. Returns what the user heard or read of it."""
        ...

    async def say_answer(self, answer: PersonAnswer) -> None:
        """Say what became of the wish for a person."""
        ...

    async def resume(self, text: str) -> None:
        """Say a text, and go on with what was open."""
        ...

    async def propose(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Ask the user about a tool that the colleague proposes."""
        ...


class HandOverHandler:
    """Handles the messages of `HandOverTracker` for one conversation.

    `interrupt` stops what the banker says; `on_end` ends the session.
    """

    def __init__(
        self,
        tenant: Tenant,
        person: HandOverTracker,
        announcer: BankerAnnouncer,
        transport: Transport,
        interrupt: Callable[[], None],
        transcript: Transcript,
        on_end: Callable[[], None] | None,
    ) -> None:
        self._texts = tenant.texts
        self._person = person
        self._announcer = announcer
        self._transport = transport
        self._interrupt = interrupt
        self._transcript = transcript
        self._on_end = on_end

    async def handle(self, message: MailboxMessage) -> None:
        """Do what `message` says. Ignore other messages."""
        person = self._person
        match message:
            case PersonWanted(reason):
                answer = await person.request(reason)
                if answer is not None:
                    await self._announcer.say_answer(answer)
            case PersonQueued(answer):
                await self._announcer.say_answer(answer)
            case PersonJoining(name):
                await self._join(name)
            case PersonHolds(held) if person.is_on:
                await self._hold(held)
            case PersonSends() if person.is_on:
                await self._take(message)
            case PersonSays(text) if person.is_on:
                await self._show(text)
            case PersonLeaves(how):
                await self._leave(how)

    async def _join(self, name: str) -> None:
        """Announce the colleague to the end. Only then do they hear and see the customer."""
        while self._person.is_joining and not await self._is_announced(name):
            await asyncio.sleep(RECHECK_S)
        with suppress(ApiError):
            if await self._person.handover.joined():
                self._person.enter(PersonState.JOINED)
                return
        await self._announce(self._texts.handover_lost.format(name=name))

    async def _is_announced(self, name: str) -> bool:
        """Announce the colleague once the customer is reachable, by voice if it will soon be connected."""
        transport = self._transport
        text_at = asyncio.get_running_loop().time() + TEXT_ONLY_AFTER_S
        while not transport.audible and transport.can_speak and self._person.is_joining:
            is_late = asyncio.get_running_loop().time() > text_at
            if transport.reachable and is_late and not transport.audio_expected:
                break
            await asyncio.sleep(RECHECK_S)
        if not transport.reachable or not self._person.is_joining:
            return False
        await self._announce(self._texts.handover_joins.format(name=name))
        return transport.reachable

    async def _hold(self, held: bool) -> None:
        text = self._texts.handover_held if held else self._texts.handover_resumed
        self._person.enter(PersonState.HELD)  # on hold, the banker may speak and the colleague is not heard
        await self._announce(text.format(name=self._person.name))
        if not held:
            self._person.enter(PersonState.JOINED)

    async def _take(self, sent: PersonSends) -> None:
        message, proposal = sent.message, None
        if message["type"] == "say" and not self._transcript.has_message(message["key"]):
            await self._show(str(message["text"]), message["key"])
        elif message["type"] == "propose":
            result = await self._announcer.propose(message["tool"], message["arguments"])
            proposal = {"tool": message["tool"], "status": result.status, "reason": result.reason}
        with suppress(ApiError):
            await self._person.handover.handled(sent.message_id, proposal)

    async def _show(self, text: str, key: str = "") -> None:
        shown = redact(text).text
        self._transcript.learn(shown)
        record = {"role": "banker", "text": shown, "speaker": self._person.name}
        await self._transcript.append(record | ({"message_id": key} if key else {}))

    async def _leave(self, how: str) -> None:
        person = self._person
        if how == "lost":
            was_on = person.is_on
            person.enter(PersonState.WAITING)
            if was_on:
                await self._announce(self._texts.handover_lost.format(name=person.name))
            person.notified()
            return
        was_on = person.is_on
        person.enter(PersonState.BANKER)
        if how == "ending":
            await self._announce(self._texts.handover_ended.format(name=person.name))
            await asyncio.sleep(PLAYOUT_DELAY_S)
            if self._on_end is not None:
                self._on_end()
        elif was_on:
            await self._announcer.resume(self._texts.handover_returned.format(name=person.name))

    async def _announce(self, text: str) -> None:
        """Say a text, and show it if the customer talks over it."""
        self._transcript.learn(text)
        self._interrupt()
        said = await self._announcer.announce(text)
        if said != text:
            await self._announcer.announce(text, aloud=False)
