"""Delivers replies: says or shows them, and records what the user heard or read."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar, cast

from banker.agents.base import TurnContext
from banker.config.tenant import Tenant
from banker.conversation.calls.tool_calls import ONE_MOMENT_AFTER_S, ToolCalls
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.reply import Reply
from banker.conversation.responses.agent_contexts import AgentContexts
from banker.conversation.transcript import Transcript, TurnNumbers
from banker.conversation.transport import Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.spoken_echo import SpokenEcho

T = TypeVar("T")

MAX_LINKS = 3
"""Links below one reply."""


class ReplyDelivery:
    """Delivers the replies of one conversation, one after the other. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        transport: Transport,
        contexts: AgentContexts,
        speech: AgentSpeech,
        tool_calls: ToolCalls,
        transcript: Transcript,
        turn_numbers: TurnNumbers,
        echo: SpokenEcho,
        person: HandOverTracker,
    ) -> None:
        self._tenant = tenant
        self._transport = transport
        self._contexts = contexts
        self._speech = speech
        self._tool_calls = tool_calls
        self._transcript = transcript
        self._turn_numbers = turn_numbers
        self._echo = echo
        self._person = person

    async def say(
        self,
        words: AsyncIterator[str],
        context: TurnContext | None = None,
        *,
        aloud: bool = True,
        sorry: str | None = None,
    ) -> str:
        """Say a reply, record what the user heard of it, and return that.

        If not `aloud`, and while a colleague talks with the user, the reply is only shown. `sorry` replaces the
        tenant's apology for an agent that fails.
        """
        turn = self._turn_numbers.next()
        reply = Reply(
            self._transport,
            language=self._tenant.speech.normalisation,
            check=self._transcript.check,
            show=lambda text: self._transport.send(
                {"type": "transcript", "turn": turn, "role": "banker", "text": text, "final": False}
            ),
            started=self._speech.speak,
            waiting=self._speech.think,
            one_moment=self._tenant.texts.one_moment,
            sorry=self._tenant.texts.sorry if sorry is None else sorry,
            aloud=aloud and not self._person.is_heard,
            played=self._echo.played,
        )
        self._speech.reply = reply
        self._contexts.current = context
        try:
            spoken = await reply.run(words)
        finally:
            self._speech.reply = None
        if context is not None and not self._person.is_on:
            self._transcript.dialogue_state = context.dialogue_state
        if spoken.text:
            record: dict[str, Any] = {"role": "banker", "text": spoken.text}
            if spoken.interrupted:
                record["interrupted"] = True
            if context is not None and context.links:
                record["links"] = context.links[:MAX_LINKS]
            await self._transcript.append(record, turn)
        return spoken.text

    async def announce(self, text: str, *, aloud: bool = True) -> str:
        """Say a text of the tenant's configuration, or only show it. Returns what the user heard or read of it."""
        return await self.say(single(text), aloud=aloud)

    async def while_patient(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns. The user hears "one moment" if it takes longer than a second."""
        self._speech.think()
        working = asyncio.ensure_future(work)
        await asyncio.wait({working}, timeout=ONE_MOMENT_AFTER_S)
        if not working.done():
            await self.announce(self._tenant.texts.one_moment)
            self._speech.think()
        return await working

    async def and_ask(self, words: AsyncIterator[str], *, again: bool = False) -> AsyncIterator[str]:
        """Yield `words`, and then ask the question that is open or waits. `again`: even if it was asked twice."""
        said = ""
        async with aclosing(cast(AsyncGenerator[str, None], words)):
            async for piece in words:
                said += piece
                yield piece
        if self._speech.reply is not None:
            self._tool_calls.questions.continue_asking(self._speech.reply, said, again=again)

    async def and_remind(self, words: AsyncIterator[str]) -> AsyncIterator[str]:
        """Yield `words`, and then say that a call still waits for the bank's code, unless the agent asks something."""
        waiting, said = self._tool_calls.step_up.waiting, ""
        async with aclosing(cast(AsyncGenerator[str, None], words)):
            async for piece in words:
                said += piece
                yield piece
        reply = self._speech.reply
        is_waiting = waiting is not None and self._tool_calls.step_up.waiting is waiting
        if is_waiting and reply is not None and not reply.asks and said.strip() and not said.rstrip().endswith("?"):
            yield f" {self._tenant.texts.step_up_waiting}"


async def after(text: str, words: AsyncIterator[str]) -> AsyncIterator[str]:
    """Yield `text`, if there is any, and then `words`."""
    if text:
        yield f"{text} "
    async for piece in words:
        yield piece


async def single(text: str) -> AsyncIterator[str]:
    """Yield `text` alone."""
    yield text
