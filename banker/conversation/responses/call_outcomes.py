"""Acts on the user's yes or no to a tool call, and tells how the call ended."""

from contextlib import suppress

from banker.agents.base import TICKET_TOOL
from banker.agents.tenant_agents import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.calls.pending_call import PendingCall
from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.responses.agent_contexts import AgentContexts
from banker.conversation.responses.reply_delivery import ReplyDelivery, single
from banker.conversation.transport import Transport
from banker.conversation.turns.user_turns import question_closed
from banker.sessions.store import StoreUnavailable
from banker.tools.base import ToolResult


class CallOutcomes:
    """Settles the confirmed tool calls of one conversation. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        tenant_agent: TenantAgent,
        transport: Transport,
        contexts: AgentContexts,
        delivery: ReplyDelivery,
        tool_calls: ToolCalls,
        person: HandOverTracker,
    ) -> None:
        self._tenant = tenant
        self._agent = tenant_agent.agent
        self._transport = transport
        self._contexts = contexts
        self._delivery = delivery
        self._tool_calls = tool_calls
        self._person = person

    async def settle(self, call_id: str, approved: bool) -> None:
        """Act on the user's yes or no to a question."""
        delivery = self._delivery
        try:
            settled = await delivery.while_patient(self._tool_calls.settle(call_id, approved))
        except StoreUnavailable as error:  # nothing has run
            self._transport.send({"type": "error", **error.body()})
            await delivery.say(delivery.and_ask(single(self._tenant.texts.not_recorded), again=True))
            return
        if settled is None:
            self._transport.send(question_closed())
        elif settled[1].status == "step_up":
            await self._announce_step_up(*settled)
        else:
            await self.report(*settled)

    async def end_step_up(self, call: PendingCall, is_authenticated: bool) -> None:
        """Run a call that the bank has authenticated the user for, or drop it because the time for that is over."""
        if not is_authenticated:
            if await self._tool_calls.step_up.cancel("step_up.expired"):
                expired = self._tenant.texts.step_up_expired.format(summary=call.summary)
                await self._delivery.say(self._delivery.and_ask(single(expired)))
            return
        with suppress(StoreUnavailable):  # the call waits on, and is tried again
            result = await self._delivery.while_patient(self._tool_calls.run_authenticated(call))
            if result is not None:
                await self.report(call, result)

    async def report(self, call: PendingCall, result: ToolResult) -> None:
        """Tell how a tool call ended. If the user interrupts before the first word, show it instead."""
        for aloud in (True, False):
            context = self._contexts.new("")
            words = self._agent.report(context, call.tool, call.arguments, result)
            if await self._delivery.say(self._delivery.and_ask(words), context, aloud=aloud):
                break
        await self._tool_calls.reported(call)
        if call.tool == TICKET_TOOL and result.status == "ok" and self._is_call_back(call):
            with suppress(StoreUnavailable):
                await self._person.cancel("called back")

    async def _announce_step_up(self, call: PendingCall, result: ToolResult) -> None:
        """Tell the user what the call waits for, and the agent that it no longer has to ask."""
        context = self._contexts.new("")
        async for _ in self._agent.report(context, call.tool, call.arguments, result):
            pass
        await self._delivery.say(self._delivery.and_ask(single(self._tenant.texts.step_up)), context)

    def _is_call_back(self, call: PendingCall) -> bool:
        """Whether the ticket is the one that was offered instead of waiting for a person."""
        return str(call.arguments.get("subject", "")).lower() == self._tenant.safety.call_back_subject.lower()
