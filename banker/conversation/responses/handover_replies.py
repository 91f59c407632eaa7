"""What the banker says around a hand-over: what became of the wish for a person, and that the banker is back."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from banker.agents.base import PersonAnswer
from banker.agents.scripted.forms.dialogue import note_ticket_offer
from banker.agents.tenant_agents import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.responses.agent_contexts import AgentContexts
from banker.conversation.responses.reply_delivery import ReplyDelivery, after, single
from banker.conversation.transcript import Transcript
from banker.tools.base import ToolResult


class HandOverReplies:
    """Implements `BankerAnnouncer` for one conversation. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        tenant_agent: TenantAgent,
        contexts: AgentContexts,
        delivery: ReplyDelivery,
        transcript: Transcript,
    ) -> None:
        self._tenant = tenant
        self._agent = tenant_agent.agent
        self._contexts = contexts
        self._delivery = delivery
        self._transcript = transcript

    async def announce(self, text: str, *, aloud: bool = True) -> str:
        return await self._delivery.announce(text, aloud=aloud)

    async def say_answer(self, answer: PersonAnswer) -> None:
        context = self._contexts.new("")
        self._transcript.learn(answer.text)
        if answer.offers_ticket:
            note_ticket_offer(context.dialogue_state, self._tenant.safety.call_back_subject)
        if answer.link:
            context.links.append({"text": answer.link, "url": answer.link})
        await self._delivery.say(single(answer.text), context)

    async def resume(self, text: str) -> None:
        context = self._contexts.new("")
        self._transcript.learn(text)
        words = after(text, self._agent.resume(context))
        await self._delivery.say(self._delivery.and_ask(words, again=True), context)

    async def propose(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        context = self._contexts.new("")
        results: list[ToolResult] = []

        async def words() -> AsyncIterator[str]:
            results.append(await context.call_tool(tool, arguments))
            if results[0].status == "ok":
                async for piece in self._agent.report(context, tool, arguments, results[0]):
                    yield piece

        await self._delivery.say(words(), context, sorry="")
        return results[0] if results else ToolResult("dropped")
