"""How words are answered: by the agent, by a question's yes or no, and by the house's own texts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.registry import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.reply import Reply
from banker.conversation.tool_calls import EXCUSE_SECONDS, Question, ToolCalls
from banker.conversation.transcript import Transcript
from banker.conversation.transport import Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.text.en.assent import answer
from banker.tools.base import Caller, ToolResult
from banker.tools.confirmation_text import spoken_question


class Responder:
    """Of one conversation, which calls one of these after the other. Belongs to the media loop.

    `played` is told how much of each sentence the user has heard.
    """

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        tenant_agent: TenantAgent,
        transport: Transport,
        *,
        speech: AgentSpeech,
        actions: ToolCalls,
        transcript: Transcript,
        played: Callable[[str, float], None],
    ) -> None:
        self._tenant = tenant
        self._caller = caller
        self._tenant_agent = tenant_agent
        self._transport = transport
        self._speech = speech
        self._tool_calls = actions
        self._transcript = transcript
        self._played = played
        self._talking: TurnContext | None = None

    async def announce(self, text: str) -> None:
        """Say one of the house's own texts."""
        await self._say(_only(text))

    async def answer(self, text: str, turn: int | None, asked: str | None, silences: int, present: bool) -> None:
        """Answer the user's words; `asked` is the question that was open when they were said: they answer no other.

        Nothing is answered after more than `silences` pleas for silence. `present`: the user is still there, no more.
        """
        self._transcript.hear(text)
        await self._transcript.keep({"role": "user", "text": text}, turn)
        if self._speech.silences != silences:
            return
        question = self._tool_calls.question
        if present:  # a yes to "Are you still there?" is none to what was asked before
            again = "" if question is None else " " + self._tenant.texts.confirm.format(summary=question.summary)
            await self.announce(self._tenant.texts.go_ahead + spoken_question(again))
            return
        said = answer(text) if question is not None and question.call_id == asked else None
        if question is not None and said is not None:
            await self.settle(question.call_id, said == "yes")
            return
        await self._tool_calls.drop()
        self._speech.show("thinking")
        talk = self._talk(text)
        await self._say(self._tenant_agent.agent.reply(talk), talk)

    async def settle(self, call_id: str, approved: bool) -> None:
        """Act on the user's yes or no to a question."""
        self._speech.show("thinking")
        settling = asyncio.ensure_future(self._tool_calls.settle(call_id, approved))
        await asyncio.wait({settling}, timeout=EXCUSE_SECONDS)
        if not settling.done():
            await self.announce(self._tenant.texts.one_moment)
            self._speech.show("thinking")
        settled = await settling
        if settled is None:
            self._transport.send(not_open())
        else:
            await self.report(*settled)

    async def report(self, question: Question, outcome: ToolResult) -> None:
        """Tell how a call ended; in writing, where the user cut it off before its first word."""
        for aloud in (True, False):
            talk = self._talk("")
            words = self._tenant_agent.agent.report(talk, question.tool, question.arguments, outcome)
            if await self._say(words, talk, aloud=aloud):
                return

    async def _say(self, words: AsyncIterator[str], talk: TurnContext | None = None, *, aloud: bool = True) -> str:
        """Say a reply, keep what was heard of it and return that."""
        turn = self._speech.next_turn()
        reply = Reply(
            self._transport,
            check=self._transcript.check,
            show=lambda text: self._transport.send(
                {"type": "transcript", "turn": turn, "role": "banker", "text": text, "final": False}
            ),
            started=lambda: self._speech.show("speaking"),
            waiting=lambda: self._speech.show("thinking"),
            one_moment=self._tenant.texts.one_moment,
            sorry=self._tenant.texts.sorry,
            aloud=aloud,
            played=self._played,
        )
        self._speech.reply = reply
        self._talking = talk
        try:
            said = await reply.run(words)
        finally:
            self._speech.reply = None
        if talk is not None:
            self._transcript.memo = talk.dialogue_state
        if said.text:
            cut = {"interrupted": True} if said.interrupted else {}
            await self._transcript.keep({"role": "banker", "text": said.text, **cut}, turn)
        return said.text

    def _talk(self, said: str) -> TurnContext:
        async def use(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
            return await self._tool_calls.use(self._speech.reply if self._talking is talk else None, tool, arguments)

        specs = self._tenant_agent.toolbox.specs(self._tenant.config.allowed_tools)
        talk = TurnContext(
            self._tenant, self._caller, list(self._transcript.turns), said, dict(self._transcript.memo), specs, use
        )
        return talk


async def _only(text: str) -> AsyncIterator[str]:
    yield text


def not_open() -> dict[str, Any]:
    """The error for a question that cannot be answered any more."""
    message = "This question is not open any more: it was answered, replaced, or is older than a minute."
    return {"type": "error", "error": "not_pending", "message": message}
