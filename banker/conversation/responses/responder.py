"""Answers what the user says: by settling a question, by a safety topic, or by the agent."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from banker.agents.progress_questions import asks_for_progress
from banker.agents.safety import SafetyTopic
from banker.agents.safety.memory import SafetyMemory
from banker.agents.safety.reply import answer_unless_held, let_offer_lapse, reply_with_safety
from banker.agents.tenant_agents import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.consent import ConsentState
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.mailbox import UserTurn
from banker.conversation.responses.agent_contexts import AgentContexts
from banker.conversation.responses.call_outcomes import CallOutcomes
from banker.conversation.responses.reply_delivery import ReplyDelivery, after, single
from banker.conversation.transcript import Transcript
from banker.conversation.transport import Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.sessions.store import StoreUnavailable
from banker.text.en.assent import answer
from banker.text.en.on_off import switch_words
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)
T = TypeVar("T")


class Responder:
    """Answers the user's turns in one conversation, one after the other. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        tenant_agent: TenantAgent,
        transport: Transport,
        *,
        contexts: AgentContexts,
        delivery: ReplyDelivery,
        outcomes: CallOutcomes,
        speech: AgentSpeech,
        tool_calls: ToolCalls,
        transcript: Transcript,
        consent: ConsentState,
        person: HandOverTracker,
    ) -> None:
        self._tenant = tenant
        self._tenant_agent = tenant_agent
        self._transport = transport
        self._contexts = contexts
        self._delivery = delivery
        self._outcomes = outcomes
        self._speech = speech
        self._tool_calls = tool_calls
        self._transcript = transcript
        self._consent = consent
        self._person = person

    async def anticipate(self, text: str) -> bool:
        """Prepare to answer words that may be only the beginning of a turn. Nothing is done or said.

        Returns whether they are clear and an answer to them would change nothing. Never raises.
        """
        if self._person.is_on or self._tool_calls.questions.open is not None:
            return False
        try:
            if await self._safety_topic(text, "") is not None:
                return False
            return await self._tenant_agent.agent.anticipate(self._contexts.new(text))
        except Exception as error:
            log.warning("an answer was not prepared: %s", redacted_traceback(error))
            return False

    async def answer(self, user_turn: UserTurn) -> None:
        """Answer the user's words."""
        words, delivery = user_turn.words, self._delivery
        has_agent_asked = self._speech.last_sentence.endswith("?")
        self._transcript.hear(words.text)
        record = {"role": "user", "text": words.text}
        if user_turn.message_id is not None:
            record["message_id"] = user_turn.message_id
        await self._transcript.append(record, user_turn.turn, needs_answer=not self._person.is_on)
        if self._person.is_on:
            self._tool_calls.questions.show()  # a client takes words for an answer to it
            return
        if self._speech.cancellations != user_turn.cancellations:
            return
        if user_turn.confirms_presence:  # a yes to "Are you still there?" does not answer what was asked before it
            await delivery.say(delivery.and_ask(single(self._tenant.texts.go_ahead), again=True))
            return
        question = self._tool_calls.questions.answerable
        if question is not None and question.call_id == user_turn.question_id:
            decision = answer(words.text, f"{question.summary}, {switch_words(question.arguments)}")
            if decision is not None:
                await self._outcomes.settle(question.call_id, decision == "yes")
                return
        if words.only_secrets:
            await delivery.announce(self._tenant.safety.secret)
            self._tool_calls.questions.show()
            return
        waiting = self._tool_calls.step_up.waiting
        if waiting is not None and question is None and not has_agent_asked:
            decision = answer(words.text)
            if decision == "no":
                await self._outcomes.settle(waiting.call_id, False)
                return
            if decision == "yes" or await _in_thread(asks_for_progress, words.text):
                await delivery.announce(self._tenant.texts.step_up_waiting)
                return
        await self._reply_to(words.text, warning=self._tenant.safety.secret if words.kinds else "")

    async def answer_late(self, text: str) -> None:
        """Answer words that an earlier process has recorded. A plain yes or no is asked for again."""
        self._transcript.hear(text)
        if answer(text) is None:
            await self._reply_to(text)
        elif self._tool_calls.questions.open is not None:
            await self._delivery.say(self._delivery.and_ask(single(""), again=True))

    async def _reply_to(self, text: str, warning: str = "") -> None:
        """Reply by the agent, after the safety topics. `warning` is said first."""
        self._speech.think()
        context = self._contexts.new(text)
        turn = await let_offer_lapse(context)
        earlier = SafetyMemory(context.dialogue_state).begin_turn()
        topic = await self._safety_topic(text, earlier)
        if topic is None and earlier and answer(text) is None:
            topic = SafetyTopic(earlier, 0.0, again=True)  # "should I do the transfer?" is asked in fear of a scam
        if topic is not None:
            self._transcript.note_topic(topic.name)
        if topic is not None and topic.name == "withdraw_consent":
            await self._withdraw_consent()
            return
        agent, delivery = self._tenant_agent.agent, self._delivery
        reply = answer_unless_held(turn, agent) if topic is None else reply_with_safety(turn, agent, topic)
        await delivery.say(delivery.and_ask(delivery.and_remind(after(warning, reply))), context)

    async def _safety_topic(self, text: str, earlier: str) -> SafetyTopic | None:
        """Look for a safety topic, beside the media loop. A plain yes or no has none."""
        topics = self._tenant_agent.safety
        if topics is None or answer(text) is not None:
            return None
        return await _in_thread(partial(topics.check, earlier=earlier), text)

    async def _withdraw_consent(self) -> None:
        """Stop listening at once, record the withdrawal, and tell the user and the client."""
        with suppress(StoreUnavailable):  # the session forgets it with the consent
            await self._tool_calls.questions.drop()
        await self._consent.revoke()
        self._transport.send({"type": "consent.revoked"})
        await self._delivery.announce(self._tenant.safety.withdraw_consent)


async def _in_thread(work: Callable[[str], T], text: str) -> T:
    """Do what takes some milliseconds beside the media loop."""
    return await asyncio.get_running_loop().run_in_executor(None, work, text)
