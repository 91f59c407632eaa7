"""Builds what an agent gets for one turn: the talk so far, and its access to tools, pages and people."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from banker.agents.base import PersonAnswer, TurnContext
from banker.agents.knowledge import Finding
from banker.agents.tenant_agents import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.transcript import Transcript
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.server.metrics import Metrics
from banker.tools.base import Caller, Choice, ToolResult
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)


class AgentContexts:
    """Builds the turn contexts of one conversation. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        tenant_agent: TenantAgent,
        tool_calls: ToolCalls,
        transcript: Transcript,
        speech: AgentSpeech,
        person: HandOverTracker,
        metrics: Metrics,
    ) -> None:
        self.current: TurnContext | None = None
        """The context of the reply that is being said. Tool calls of any other are dropped."""
        self._tenant = tenant
        self._caller = caller
        self._tenant_agent = tenant_agent
        self._tool_calls = tool_calls
        self._transcript = transcript
        self._speech = speech
        self._person = person
        self._metrics = metrics

    def new(self, user_text: str) -> TurnContext:
        """Return the context of a turn in which the user said `user_text`; empty for a turn of the banker's own."""

        async def call_tool(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
            reply = self._speech.reply if self.current is context else None
            return await self._tool_calls.use(reply, tool, arguments)

        async def choices(tool: str, parameter: str) -> Sequence[Choice] | None:
            if (tool, parameter) not in offered:
                offered[tool, parameter] = await self._tool_calls.choices(tool, parameter)
            return offered[tool, parameter]

        def adjust_voice(wish: str) -> bool:
            return self._speech.adjust_voice(wish, context.dialogue_state)

        offered: dict[tuple[str, str], Sequence[Choice] | None] = {}
        # A colleague's proposal must not touch the forms that the banker returns to.
        state = {} if self._person.is_on else dict(self._transcript.dialogue_state)
        context = TurnContext(
            self._tenant,
            self._caller,
            list(self._transcript.turns),
            user_text,
            state,
            self._tenant_agent.toolbox.specs(self._tenant.config.allowed_tools),
            call_tool,
            choices,
            self._tool_calls.questions.proposed,
            self._tool_calls.questions.drop,
            self._look_up,
            not_understood=self._not_understood,
            may_say=self._transcript.learn,
            person_offered=self._metrics.person_offers.inc,
            hand_over=self._hand_over,
            has_person=self._person.handover.is_offered and not self._person.is_busy,
            adjust_voice=adjust_voice,
        )
        return context

    def _not_understood(self) -> None:
        self._metrics.not_understood.inc()
        self._transcript.note_missed()

    async def _hand_over(self, reason: str, urgency: Literal["normal", "urgent"] = "normal") -> PersonAnswer | None:
        """Implements `HandOverCall`. Allows the numbers in the answer to be said."""
        answer = await self._person.request(reason, urgency)
        if answer is not None:
            self._transcript.learn(answer.text)
        return answer

    async def _look_up(self, question: str, offered: Sequence[str] = (), about: str = "") -> Finding:
        """Implements `LookUp`. Allows the numbers on the pages found to be said."""
        knowledge = self._tenant_agent.knowledge
        if knowledge is None:
            return Finding()
        loop = asyncio.get_running_loop()
        try:
            finding = await loop.run_in_executor(None, knowledge.look_up, question, offered, about)
        except Exception as error:
            log.error("the pages could not be searched: %s", redacted_traceback(error))
            return Finding()
        for passage in finding.nearest:
            self._transcript.learn([passage.title, passage.text])
        return finding
