"""Responds to the user: by the agent, by running or declining a confirmed tool call, or by a text of the tenant."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Literal, TypeVar, cast

from banker.agents.base import TICKET_TOOL, PersonAnswer, TurnContext
from banker.agents.knowledge import Finding
from banker.agents.progress_questions import asks_for_progress
from banker.agents.registry import TenantAgent
from banker.agents.safety import SafetyTopic
from banker.agents.safety.memory import SafetyMemory
from banker.agents.safety.reply import answer_unless_held, let_offer_lapse, reply_with_safety
from banker.agents.scripted.forms.dialogue import note_ticket_offer
from banker.config.tenant import Tenant
from banker.conversation.calls.pending_call import PendingCall
from banker.conversation.consent import ConsentState
from banker.conversation.handover.person import PersonTalk
from banker.conversation.mailbox import UserTurn
from banker.conversation.reply import Reply
from banker.conversation.tool_calls import ONE_MOMENT_AFTER_S, ToolCalls
from banker.conversation.transcript import Transcript, TurnNumbers
from banker.conversation.transport import Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.spoken_echo import SpokenEcho
from banker.conversation.turns.user_turns import question_closed
from banker.server.metrics import Metrics
from banker.sessions.store import StoreUnavailable
from banker.text.en.assent import answer
from banker.text.en.on_off import switch_words
from banker.text.languages import package
from banker.tools.base import Caller, Choice, ToolResult
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_LINKS = 3
"""Links below one reply."""


class Responder:
    """Responds for one conversation, which calls one method after the other. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        tenant_agent: TenantAgent,
        transport: Transport,
        *,
        speech: AgentSpeech,
        tool_calls: ToolCalls,
        transcript: Transcript,
        turn_numbers: TurnNumbers,
        echo: SpokenEcho,
        consent: ConsentState,
        person: PersonTalk,
        metrics: Metrics,
    ) -> None:
        self._tenant = tenant
        self._caller = caller
        self._tenant_agent = tenant_agent
        self._transport = transport
        self._speech = speech
        self._tool_calls = tool_calls
        self._transcript = transcript
        self._turn_numbers = turn_numbers
        self._echo = echo
        self._consent = consent
        self._person = person
        self._metrics = metrics
        self._current: TurnContext | None = None

    async def announce(self, text: str, *, aloud: bool = True) -> str:
        """Say a text of the tenant's configuration, or only show it. Returns what the user heard or read of it."""
        return await self._say(_single(text), aloud=aloud)

    async def say_answer(self, answer: PersonAnswer) -> None:
        """Say what became of a wish for a person that no turn of the user was about."""
        context = self._context("")
        self._transcript.learn(answer.text)
        if answer.offers_ticket:
            note_ticket_offer(context.dialogue_state, self._tenant.safety.call_back_subject)
        if answer.link:
            context.links.append({"text": answer.link, "url": answer.link})
        await self._say(_single(answer.text), context)

    async def resume(self, text: str) -> None:
        """Say that the banker is back, and go on with what was open before a colleague talked with the user."""
        context = self._context("")
        self._transcript.learn(text)
        await self._say(self._and_ask(_after(text, self._tenant_agent.agent.resume(context)), again=True), context)

    async def propose(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Propose a tool for a colleague: the user is asked as always, in writing, and reads the result."""
        context = self._context("")
        results: list[ToolResult] = []

        async def words() -> AsyncIterator[str]:
            results.append(await context.call_tool(tool, arguments))
            if results[0].status == "ok":
                async for piece in self._tenant_agent.agent.report(context, tool, arguments, results[0]):
                    yield piece

        await self._say(words(), context, sorry="")
        return results[0] if results else ToolResult("dropped")

    async def answer(self, user_turn: UserTurn) -> None:
        """Answer the user's words."""
        words = user_turn.words
        has_agent_asked = self._speech.last_sentence.endswith("?")
        self._transcript.hear(words.text)
        record = {"role": "user", "text": words.text}
        if user_turn.message_id is not None:
            record["message_id"] = user_turn.message_id
        await self._transcript.append(record, user_turn.turn, needs_answer=not self._person.is_on)
        if self._person.is_on:
            self._tool_calls.show_question()  # a client takes words for an answer to it
            return
        if self._speech.cancellations != user_turn.cancellations:
            return
        if user_turn.confirms_presence:  # a yes to "Are you still there?" does not answer what was asked before it
            await self._say(self._and_ask(_single(self._tenant.texts.go_ahead), again=True))
            return
        question = self._tool_calls.answerable
        if question is not None and question.call_id == user_turn.question_id:
            decision = answer(words.text, f"{question.summary}, {switch_words(question.arguments)}")
            if decision is not None:
                await self.settle(question.call_id, decision == "yes")
                return
        if words.only_secrets:
            await self.announce(self._tenant.safety.secret)
            self._tool_calls.show_question()
            return
        waiting = self._tool_calls.step_up.waiting
        if waiting is not None and question is None and not has_agent_asked:
            decision = answer(words.text)
            if decision == "no":
                await self.settle(waiting.call_id, False)
                return
            if decision == "yes" or await self._in_thread(asks_for_progress, words.text):
                await self.announce(self._tenant.texts.step_up_waiting)
                return
        await self._reply_to(words.text, warning=self._tenant.safety.secret if words.kinds else "")

    async def answer_late(self, text: str) -> None:
        """Answer words that an earlier process has recorded. A plain yes or no is asked for again."""
        self._transcript.hear(text)
        if answer(text) is None:
            await self._reply_to(text)
        elif self._tool_calls.question is not None:
            await self._say(self._and_ask(_single(""), again=True))

    async def _reply_to(self, text: str, warning: str = "") -> None:
        """Reply by the agent, after the safety topics. `warning` is said first."""
        self._speech.think()
        context = self._context(text)
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
        agent = self._tenant_agent.agent
        reply = answer_unless_held(turn, agent) if topic is None else reply_with_safety(turn, agent, topic)
        await self._say(self._and_ask(self._and_remind(_after(warning, reply))), context)

    async def _safety_topic(self, text: str, earlier: str) -> SafetyTopic | None:
        """Look for a safety topic, beside the media loop. A plain yes or no has none."""
        topics = self._tenant_agent.safety
        if topics is None or answer(text) is not None:
            return None
        return await self._in_thread(partial(topics.check, earlier=earlier), text)

    async def _withdraw_consent(self) -> None:
        """Stop listening at once, record the withdrawal, and tell the user and the client."""
        with suppress(StoreUnavailable):  # the session forgets it with the consent
            await self._tool_calls.drop_question()
        await self._consent.revoke()
        self._transport.send({"type": "consent.revoked"})
        await self.announce(self._tenant.safety.withdraw_consent)

    async def settle(self, call_id: str, approved: bool) -> None:
        """Act on the user's yes or no to a question."""
        try:
            settled = await self._while_patient(self._tool_calls.settle(call_id, approved))
        except StoreUnavailable as error:  # nothing has run
            self._transport.send({"type": "error", **error.body()})
            await self._say(self._and_ask(_single(self._tenant.texts.not_recorded), again=True))
            return
        if settled is None:
            self._transport.send(question_closed())
        elif settled[1].status == "step_up":
            await self._announce_step_up(*settled)
        else:
            await self.report(*settled)

    async def _announce_step_up(self, call: PendingCall, result: ToolResult) -> None:
        """Tell the user what the call waits for, and the agent that it no longer has to ask."""
        context = self._context("")
        async for _ in self._tenant_agent.agent.report(context, call.tool, call.arguments, result):
            pass
        await self._say(self._and_ask(_single(self._tenant.texts.step_up)), context)

    async def end_step_up(self, call: PendingCall, is_authenticated: bool) -> None:
        """The bank has authenticated the user for a call, which runs now, or has not in time."""
        if not is_authenticated:
            if await self._tool_calls.expire_step_up():
                expired = self._tenant.texts.step_up_expired.format(summary=call.summary)
                await self._say(self._and_ask(_single(expired)))
            return
        with suppress(StoreUnavailable):  # the call waits on, and is tried again
            result = await self._while_patient(self._tool_calls.run_authenticated(call))
            if result is not None:
                await self.report(call, result)

    async def _while_patient(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns; the user hears "one moment" if it takes longer than a second."""
        self._speech.think()
        working = asyncio.ensure_future(work)
        await asyncio.wait({working}, timeout=ONE_MOMENT_AFTER_S)
        if not working.done():
            await self.announce(self._tenant.texts.one_moment)
            self._speech.think()
        return await working

    async def report(self, call: PendingCall, result: ToolResult) -> None:
        """Tell how a tool call ended. If the user interrupts before the first word, show it instead."""
        for aloud in (True, False):
            context = self._context("")
            words = self._tenant_agent.agent.report(context, call.tool, call.arguments, result)
            if await self._say(self._and_ask(words), context, aloud=aloud):
                break
        await self._tool_calls.reported(call)
        if call.tool == TICKET_TOOL and result.status == "ok" and self._is_call_back(call):
            with suppress(StoreUnavailable):
                await self._person.cancel("called back")

    def _is_call_back(self, call: PendingCall) -> bool:
        """Whether the ticket is the one that was offered instead of waiting for a person."""
        return str(call.arguments.get("subject", "")).lower() == self._tenant.safety.call_back_subject.lower()

    async def _say(
        self,
        words: AsyncIterator[str],
        context: TurnContext | None = None,
        *,
        aloud: bool = True,
        sorry: str | None = None,
    ) -> str:
        """Say a reply, record what the user heard of it, and return that. While a person speaks, it is only shown."""
        turn = self._turn_numbers.next()
        reply = Reply(
            self._transport,
            language=package(self._tenant.speech.language),
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
        self._current = context
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

    async def _and_ask(self, words: AsyncIterator[str], *, again: bool = False) -> AsyncIterator[str]:
        """Yield `words`, and then ask what is still open or waits. `again`: also if it was asked often enough."""
        said = ""
        async with aclosing(cast(AsyncGenerator[str, None], words)):
            async for piece in words:
                said += piece
                yield piece
        if self._speech.reply is not None:
            self._tool_calls.continue_asking(self._speech.reply, said, again=again)

    async def _and_remind(self, words: AsyncIterator[str]) -> AsyncIterator[str]:
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

    async def _in_thread(self, work: Callable[[str], T], text: str) -> T:
        """Do what takes some milliseconds beside the media loop."""
        return await asyncio.get_running_loop().run_in_executor(None, work, text)

    def _context(self, user_text: str) -> TurnContext:
        async def call_tool(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
            reply = self._speech.reply if self._current is context else None
            return await self._tool_calls.use(reply, tool, arguments)

        async def choices(tool: str, parameter: str) -> Sequence[Choice] | None:
            if (tool, parameter) not in offered:
                offered[tool, parameter] = await self._tool_calls.choices(tool, parameter)
            return offered[tool, parameter]

        offered: dict[tuple[str, str], Sequence[Choice] | None] = {}
        tools = self._tenant_agent.toolbox.specs(self._tenant.config.allowed_tools)
        # What a colleague proposes leaves the forms alone that the banker returns to.
        turns, state = list(self._transcript.turns), {} if self._person.is_on else dict(self._transcript.dialogue_state)
        context = TurnContext(
            self._tenant,
            self._caller,
            turns,
            user_text,
            state,
            tools,
            call_tool,
            choices,
            self._tool_calls.proposed,
            self._tool_calls.drop_question,
            self._look_up,
            not_understood=self._not_understood,
            person_offered=self._metrics.person_offers.inc,
            hand_over=self._hand_over,
            has_person=self._person.line.is_offered and not self._person.is_busy,
        )
        return context

    def _not_understood(self) -> None:
        self._metrics.not_understood.inc()
        self._transcript.note_missed()

    async def _hand_over(self, reason: str, urgency: Literal["normal", "urgent"] = "normal") -> PersonAnswer | None:
        """See `HandOverCall`. The place and the minutes may be said."""
        answer = await self._person.request(reason, urgency)
        if answer is not None:
            self._transcript.learn(answer.text)
        return answer

    async def _look_up(self, question: str, offered: Sequence[str] = ()) -> Finding:
        """See `LookUp`."""
        knowledge = self._tenant_agent.knowledge
        if knowledge is None:
            return Finding()
        loop = asyncio.get_running_loop()
        try:
            finding = await loop.run_in_executor(None, knowledge.look_up, question, offered)
        except Exception as error:
            log.error("the pages could not be searched: %s", redacted_traceback(error))
            return Finding()
        for passage in finding.nearest:
            self._transcript.learn([passage.title, passage.text])
        return finding


async def _after(text: str, words: AsyncIterator[str]) -> AsyncIterator[str]:
    """Say `text`, if there is any, and then `words`."""
    if text:
        yield f"{text} "
    async for piece in words:
        yield piece


async def _single(text: str) -> AsyncIterator[str]:
    yield text
