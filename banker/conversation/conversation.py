"""One session's talk, from its greeting to its end: what comes in, and in which order it is worked off."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from banker.agents.base import Caller, Outcome
from banker.agents.registry import Mind
from banker.config.settings import Tenant
from banker.conversation.greeting import Welcome
from banker.conversation.idle import Idle, is_here
from banker.conversation.mailbox import Inbox
from banker.conversation.reply import SILENCE_SECONDS
from banker.conversation.responder import Answers, not_open
from banker.conversation.tool_calls import Actions, Question
from banker.conversation.transcript import Memory
from banker.conversation.transport import Line, Records
from banker.conversation.turns.agent_speech import Floor
from banker.conversation.turns.turn_taking import TurnTaking
from banker.errors import ApiError, unavailable
from banker.tools.results import trace

log = logging.getLogger(__name__)

LAST_WORD_SECONDS = 0.5
"""What was sent last is still on its way to the user's ear."""


class Conversation:
    """Belongs to the media loop. The line tells it what happens (`connected`, `receive`, `line_changed`), the ear tells
    its `turns`.

    Whatever is said to it is worked off in order by one task; what is new silences the voice at once. `deserted` is
    called when nobody has said a word for so long that the session is over; without it nobody is asked.
    """

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        mind: Mind,
        *,
        expires_at: str,
        consented: bool,
        line: Line,
        records: Records,
        clock: Callable[[], float] = time.time,
        deserted: Callable[[], None] | None = None,
    ) -> None:
        self._tenant = tenant
        self._expires_at = expires_at
        self._consented = consented or not tenant.config.policy.require_consent
        self._line = line
        self._records = records
        self._clock = clock
        self._memory = Memory(tenant, caller, line, records, lambda least: self._floor.next_turn(least))
        self._actions = Actions(tenant, caller, mind.toolbox, self._memory.learn, self._tell_late, line, records, clock)
        self._inbox = Inbox(lambda: self._idle.work(), self._failed, self._rest)
        self._welcome = Welcome(line, lambda: self._consented, lambda: self._inbox.put(self._greet))
        self._catching_up: asyncio.Task[None] | None = None
        self._floor = Floor(tenant, line, self._actions, self._memory.turns, lambda: self._inbox.busy)
        self.turns = TurnTaking(tenant, self._floor, self)
        """Is told what the line hears."""
        self._answers = Answers(
            tenant,
            caller,
            mind,
            line,
            floor=self._floor,
            actions=self._actions,
            memory=self._memory,
            played=self.turns.played,
        )
        self._deserted = deserted
        self._idle = Idle(
            tenant.turns if deserted is not None else None,
            reading=lambda: not line.audible,
            occupied=lambda: not (self._consented and line.reachable) or self._actions.busy,
            ask=lambda: self.announce(tenant.texts.still_there),
            leave=lambda: self._inbox.put(self._leave),
        )

    async def load(self) -> None:
        """Read what an earlier connection left; once, before anything else."""
        await self._memory.load(self._clock())
        self._welcome.over = bool(self._memory.turns)
        await self._actions.load()
        self._inbox.start()
        if self._welcome.over:
            self._catching_up = asyncio.ensure_future(self._memory.catch_up(self._inbox.put))

    def connected(self) -> None:
        """A connection can carry events: its first one is `session.ready`."""
        self._line.send(
            {
                "type": "session.ready",
                "consent_required": not self._consented,
                "consent_text": self._tenant.consent.text,
                "consent_version": self._tenant.consent.version,
                "expires_at": self._expires_at,
                "voice": self._line.has_voice,
                "hearing": self._line.hears,
                "history": self._memory.turns,
            }
        )
        if self._consented:
            self._actions.show_question()
        self._welcome.wait()
        if self._welcome.over and not self._inbox.busy:
            self._idle.word()
            self._idle.rest()

    def line_changed(self) -> None:
        """The line became audible, or will not: what waited for that goes on."""
        self._welcome.line_changed()

    async def receive(self, event: Mapping[str, Any]) -> None:
        """Act on a client's event. Raises `ApiError` for what the state of the talk does not allow."""
        match event["type"]:
            case "consent.grant":
                await self._grant_consent(event["version"])
            case "consent.revoke":
                await self._revoke_consent()
            case "speech.cancel":
                self._idle.word()
                self._floor.silence()
            case _ if not self._consented:
                raise ApiError(400, "consent_required", "Nothing is heard or done before consent.grant.")
            case "message.send":
                self.turns.typed()
                self._read(event["text"].strip())
            case "confirm":
                self.turns.typed()
                self._press(event["call_id"], event["approved"])

    def hear(self, text: str, turn: int | None = None) -> None:
        """The user's words, typed or recognised (with the turn they were shown under): a full turn, in order."""
        if text and self._consented:
            self._welcome.over = True
            self._floor.silence()
            self._take_turn(text, turn)

    def note(self, text: str, turn: int | None = None) -> None:
        """The user wants silence: their words are kept, and nothing is answered."""
        self._idle.word()
        self._floor.silence()
        self._inbox.put(lambda: self._memory.keep({"role": "user", "text": text}, turn))

    def announce(self, text: str) -> None:
        """Say one of the house's own texts, when it is its turn."""
        self._inbox.put(lambda: self._answers.announce(text))

    @property
    def consented(self) -> bool:
        """Whether the user is listened to."""
        return self._consented

    async def close(self) -> None:
        """Stop talking and wait until nothing of this conversation is running."""
        self._welcome.close()
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._idle.work()
        self.turns.reset()
        self._floor.cut()
        await self._inbox.close()
        await self._actions.finish()

    # What the worker does, one after another

    async def _greet(self) -> None:
        await self._answers.announce(self._tenant.config.greeting)

    async def _answer(self, text: str, turn: int | None, asked: str | None, silences: int, present: bool) -> None:
        if self._consented:
            await self._answers.answer(text, turn, asked, silences, present)

    async def _leave(self) -> None:
        """Say goodbye; a word of the user's meanwhile, and the talk goes on."""
        await self._answers.announce(self._tenant.texts.idle_goodbye)
        await asyncio.sleep(LAST_WORD_SECONDS)
        if self._idle.leaving and self._deserted is not None:
            self._deserted()

    def _failed(self, error: Exception) -> None:
        log.error("a turn failed: %s", trace(error))
        self._line.send({"type": "error", "error": "internal_error", "message": self._tenant.texts.sorry})

    def _rest(self) -> None:
        self._floor.show("listening")
        self._idle.rest()

    # The rest

    def _read(self, text: str) -> None:
        """The user typed: that stops the voice. What has found no word yet is answered first, if that comes soon."""
        if text:
            self._welcome.over = True
            reply = self._floor.reply
            if reply is None or reply.has_begun:
                self._floor.cut()
            else:
                loop = asyncio.get_running_loop()
                loop.call_later(SILENCE_SECONDS, lambda: None if reply.has_begun else reply.interrupt())
            self._take_turn(text)

    def _take_turn(self, text: str, turn: int | None = None) -> None:
        question = self._actions.question
        asked = None if question is None else question.call_id
        present = self._idle.word() and is_here(text)
        self._floor.show("thinking")
        silences = self._floor.silences
        self._inbox.put(lambda: self._answer(text, turn, asked, silences, present))

    def _press(self, call_id: str, approved: bool) -> None:
        """The user's answer by button."""
        question = self._actions.question
        if question is None or question.call_id != call_id:
            self._line.send(not_open())
            return
        self._idle.word()
        self._floor.cut()
        self._inbox.put(lambda: self._answers.settle(call_id, approved))

    async def _grant_consent(self, version: str) -> None:
        if version != self._tenant.consent.version:
            raise ApiError(400, "consent_outdated", "This is not the consent text that is asked now; show the new one.")
        if not self._consented:
            if not await self._records.grant_consent(version):
                raise unavailable("The consent cannot be recorded; try again.")
            self._consented = True
        self._welcome.wait()

    async def _revoke_consent(self) -> None:
        self._consented = not self._tenant.config.policy.require_consent
        self.turns.reset()
        self._floor.cut()
        await self._actions.drop()
        await self._records.revoke_consent()

    def _tell_late(self, question: Question, outcome: Outcome) -> None:
        """What had not answered in time has ended after all."""
        self._inbox.put(lambda: self._answers.report(question, outcome))
