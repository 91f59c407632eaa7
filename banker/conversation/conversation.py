"""One session's talk, from its greeting to its end: what comes in, and in which order it is worked off."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from banker.agents.registry import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.greeting import Greeting
from banker.conversation.idle import IdleTimer, is_here
from banker.conversation.mailbox import Mailbox
from banker.conversation.reply import SILENCE_SECONDS
from banker.conversation.responder import Responder, not_open
from banker.conversation.tool_calls import Question, ToolCalls
from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords, Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.turn_taking import TurnTaking
from banker.errors import ApiError, unavailable
from banker.tools.base import Caller, ToolResult
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)

LAST_WORD_SECONDS = 0.5
"""What was sent last is still on its way to the user's ear."""


class Conversation:
    """Belongs to the media loop. The transport calls `connected`, `receive` and `transport_changed`; the segmenter
    calls `turn_taking`.

    Whatever is said to it is worked off in order by one task; what is new silences the voice at once. `deserted` is
    called when nobody has said a word for so long that the session is over; without it nobody is asked.
    """

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        tenant_agent: TenantAgent,
        *,
        expires_at: str,
        consented: bool,
        transport: Transport,
        records: SessionRecords,
        clock: Callable[[], float] = time.time,
        deserted: Callable[[], None] | None = None,
    ) -> None:
        self._tenant = tenant
        self._expires_at = expires_at
        self._consented = consented or not tenant.config.policy.require_consent
        self._transport = transport
        self._records = records
        self._clock = clock
        self._transcript = Transcript(tenant, caller, transport, records, lambda least: self._speech.next_turn(least))
        self._tool_calls = ToolCalls(
            tenant, caller, tenant_agent.toolbox, self._transcript.learn, self._tell_late, transport, records, clock
        )
        self._mailbox = Mailbox(lambda: self._idle.work(), self._failed, self._rest)
        self._greeting = Greeting(transport, lambda: self._consented, lambda: self._mailbox.put(self._greet))
        self._catching_up: asyncio.Task[None] | None = None
        self._speech = AgentSpeech(
            tenant, transport, self._tool_calls, self._transcript.turns, lambda: self._mailbox.busy
        )
        self.turn_taking = TurnTaking(tenant, self._speech, self)
        """Is told what the line hears."""
        self._responder = Responder(
            tenant,
            caller,
            tenant_agent,
            transport,
            speech=self._speech,
            actions=self._tool_calls,
            transcript=self._transcript,
            played=self.turn_taking.played,
        )
        self._deserted = deserted
        self._idle = IdleTimer(
            tenant.turns if deserted is not None else None,
            reading=lambda: not transport.audible,
            occupied=lambda: not (self._consented and transport.reachable) or self._tool_calls.busy,
            ask=lambda: self.announce(tenant.texts.still_there),
            leave=lambda: self._mailbox.put(self._leave),
        )

    async def load(self) -> None:
        """Read what an earlier connection left; once, before anything else."""
        await self._transcript.load(self._clock())
        self._greeting.over = bool(self._transcript.turns)
        await self._tool_calls.load()
        self._mailbox.start()
        if self._greeting.over:
            self._catching_up = asyncio.ensure_future(self._transcript.catch_up(self._mailbox.put))

    def connected(self) -> None:
        """A connection can carry events: its first one is `session.ready`."""
        self._transport.send(
            {
                "type": "session.ready",
                "consent_required": not self._consented,
                "consent_text": self._tenant.consent.text,
                "consent_version": self._tenant.consent.version,
                "expires_at": self._expires_at,
                "voice": self._transport.can_speak,
                "hearing": self._transport.can_listen,
                "history": self._transcript.turns,
            }
        )
        if self._consented:
            self._tool_calls.show_question()
        self._greeting.wait()
        if self._greeting.over and not self._mailbox.busy:
            self._idle.word()
            self._idle.rest()

    def transport_changed(self) -> None:
        """The line became audible, or will not: what waited for that goes on."""
        self._greeting.transport_changed()

    async def receive(self, event: Mapping[str, Any]) -> None:
        """Act on a client's event. Raises `ApiError` for what the state of the talk does not allow."""
        match event["type"]:
            case "consent.grant":
                await self._grant_consent(event["version"])
            case "consent.revoke":
                await self._revoke_consent()
            case "speech.cancel":
                self._idle.word()
                self._speech.silence()
            case _ if not self._consented:
                raise ApiError(400, "consent_required", "Nothing is heard or done before consent.grant.")
            case "message.send":
                self.turn_taking.typed()
                self._read(event["text"].strip())
            case "confirm":
                self.turn_taking.typed()
                self._press(event["call_id"], event["approved"])

    def submit_turn(self, text: str, turn: int | None = None) -> None:
        """The user's words, typed or recognised (with the turn they were shown under): a full turn, in order."""
        if text and self._consented:
            self._greeting.over = True
            self._speech.silence()
            self._take_turn(text, turn)

    def submit_stop_request(self, text: str, turn: int | None = None) -> None:
        """The user wants silence: their words are kept, and nothing is answered."""
        self._idle.word()
        self._speech.silence()
        self._mailbox.put(lambda: self._transcript.keep({"role": "user", "text": text}, turn))

    def announce(self, text: str) -> None:
        """Say one of the house's own texts, when it is its turn."""
        self._mailbox.put(lambda: self._responder.announce(text))

    @property
    def consented(self) -> bool:
        """Whether the user is listened to."""
        return self._consented

    async def close(self) -> None:
        """Stop talking and wait until nothing of this conversation is running."""
        self._greeting.close()
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._idle.work()
        self.turn_taking.reset()
        self._speech.cut()
        await self._mailbox.close()
        await self._tool_calls.finish()

    # What the worker does, one after another

    async def _greet(self) -> None:
        await self._responder.announce(self._tenant.config.greeting)

    async def _answer(self, text: str, turn: int | None, asked: str | None, silences: int, present: bool) -> None:
        if self._consented:
            await self._responder.answer(text, turn, asked, silences, present)

    async def _leave(self) -> None:
        """Say goodbye; a word of the user's meanwhile, and the talk goes on."""
        await self._responder.announce(self._tenant.texts.idle_goodbye)
        await asyncio.sleep(LAST_WORD_SECONDS)
        if self._idle.leaving and self._deserted is not None:
            self._deserted()

    def _failed(self, error: Exception) -> None:
        log.error("a turn failed: %s", redacted_traceback(error))
        self._transport.send({"type": "error", "error": "internal_error", "message": self._tenant.texts.sorry})

    def _rest(self) -> None:
        self._speech.show("listening")
        self._idle.rest()

    # The rest

    def _read(self, text: str) -> None:
        """The user typed: that stops the voice. What has found no word yet is answered first, if that comes soon."""
        if text:
            self._greeting.over = True
            reply = self._speech.reply
            if reply is None or reply.has_begun:
                self._speech.cut()
            else:
                loop = asyncio.get_running_loop()
                loop.call_later(SILENCE_SECONDS, lambda: None if reply.has_begun else reply.interrupt())
            self._take_turn(text)

    def _take_turn(self, text: str, turn: int | None = None) -> None:
        question = self._tool_calls.question
        asked = None if question is None else question.call_id
        present = self._idle.word() and is_here(text)
        self._speech.show("thinking")
        silences = self._speech.silences
        self._mailbox.put(lambda: self._answer(text, turn, asked, silences, present))

    def _press(self, call_id: str, approved: bool) -> None:
        """The user's answer by button."""
        question = self._tool_calls.question
        if question is None or question.call_id != call_id:
            self._transport.send(not_open())
            return
        self._idle.word()
        self._speech.cut()
        self._mailbox.put(lambda: self._responder.settle(call_id, approved))

    async def _grant_consent(self, version: str) -> None:
        if version != self._tenant.consent.version:
            raise ApiError(400, "consent_outdated", "This is not the consent text that is asked now; show the new one.")
        if not self._consented:
            if not await self._records.grant_consent(version):
                raise unavailable("The consent cannot be recorded; try again.")
            self._consented = True
        self._greeting.wait()

    async def _revoke_consent(self) -> None:
        self._consented = not self._tenant.config.policy.require_consent
        self.turn_taking.reset()
        self._speech.cut()
        await self._tool_calls.drop()
        await self._records.revoke_consent()

    def _tell_late(self, question: Question, outcome: ToolResult) -> None:
        """What had not answered in time has ended after all."""
        self._mailbox.put(lambda: self._responder.report(question, outcome))
