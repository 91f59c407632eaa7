"""The user's turns, spoken or typed: each interrupts the agent and is put in the mailbox."""

import asyncio
from collections import deque
from typing import Any

from banker.conversation.consent import ConsentState
from banker.conversation.handover.person import PersonTalk
from banker.conversation.mailbox import Announcement, Confirmation, Mailbox, StopRequest, UserTurn
from banker.conversation.reply import ONE_MOMENT_AFTER_S
from banker.conversation.tool_calls import ToolCalls
from banker.conversation.transport import Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.greeting import Greeting
from banker.conversation.turns.idle import IdleTimer, confirms_presence
from banker.server.metrics import Metrics
from banker.text.redaction import SecretFilter

MAX_MESSAGE_IDS = 64
"""Typed messages whose ids are remembered until they are turns of the transcript."""


class UserTurns:
    """Accepts the turns of one conversation, and removes secrets from them. Belongs to the media loop."""

    def __init__(
        self,
        transport: Transport,
        consent: ConsentState,
        greeting: Greeting,
        speech: AgentSpeech,
        tool_calls: ToolCalls,
        idle: IdleTimer,
        person: PersonTalk,
        mailbox: Mailbox,
        secret_filter: SecretFilter,
        metrics: Metrics,
    ) -> None:
        self._transport = transport
        self._consent = consent
        self._greeting = greeting
        self._speech = speech
        self._tool_calls = tool_calls
        self._idle = idle
        self._person = person
        self._mailbox = mailbox
        self._secret_filter = secret_filter
        self._metrics = metrics
        self._message_ids: deque[str] = deque(maxlen=MAX_MESSAGE_IDS)

    def spoken(self, text: str, turn: int | None = None) -> None:
        """The user has said `text`, shown as `turn` so far. What the agent says or thinks is dropped."""
        if text and self._consent.given:
            self._greeting.is_over = True
            self._speech.cancel()
            self._metrics.turns["spoken"].inc()
            self._put(text, turn)

    def typed(self, text: str, message_id: str | None = None) -> None:
        """The user has typed `text`. A client that is not sure sends it again with the same `message_id`.

        That interrupts the agent. If it has not said anything yet, it has a moment to answer the earlier turn first.
        """
        if not text or message_id in self._message_ids:
            return
        if message_id is not None:
            self._message_ids.append(message_id)
        self._greeting.is_over = True
        reply = self._speech.reply
        if reply is None or reply.has_begun:
            self._speech.interrupt()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(ONE_MOMENT_AFTER_S, lambda: None if reply.has_begun else reply.interrupt())
        self._metrics.turns["typed"].inc()
        self._put(text, None, message_id)

    def stop_requested(self, text: str, turn: int | None = None) -> None:
        """The user has asked the agent to stop or to wait: the words are recorded and not answered."""
        self.cancel_speech()
        self._mailbox.put(StopRequest(self._secret_filter.final(text).text, turn))

    def cancel_speech(self) -> None:
        """The user has pressed stop."""
        self._idle.user_acted()
        self._speech.cancel()

    def confirmed(self, call_id: str, approved: bool) -> None:
        """The user has answered a question by button, or has taken back a call that waits for the bank's code."""
        open_calls = (self._tool_calls.question, None if approved else self._tool_calls.step_up.waiting)
        if all(call is None or call.call_id != call_id for call in open_calls):
            self._transport.send(question_closed())
            return
        self._idle.user_acted()
        self._speech.interrupt()
        self._mailbox.put(Confirmation(call_id, approved))

    @property
    def is_with_person(self) -> bool:
        """Whether the user talks with a colleague of the bank, who asks again what was not heard."""
        return self._person.is_on

    def announce(self, text: str) -> None:
        """Say a text of the tenant's configuration after everything that waits, unless a person is talking."""
        if not self.is_with_person:
            self._mailbox.put(Announcement(text))

    def _put(self, text: str, turn: int | None, message_id: str | None = None) -> None:
        question = self._tool_calls.question
        question_id = None if question is None else question.call_id
        is_present = self._idle.user_acted() and confirms_presence(text)
        if not self.is_with_person:
            self._speech.think()
        words = self._secret_filter.final(text)
        self._mailbox.put(UserTurn(words, turn, question_id, self._speech.cancellations, is_present, message_id))


def question_closed() -> dict[str, Any]:
    """The error event for an answer to a question that is no longer open."""
    message = "This question is no longer open: it was answered or replaced, or a minute has passed."
    return {"type": "error", "error": "not_pending", "message": message}
