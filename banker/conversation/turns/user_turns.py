"""The user's turns, spoken or typed: each interrupts the agent and is put in the mailbox."""

import asyncio
from collections import deque
from typing import Any

from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.consent import ConsentState
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.mailbox import Announcement, Confirmation, Mailbox, StopRequest, UserTurn
from banker.conversation.reply import ONE_MOMENT_AFTER_S
from banker.conversation.transport import Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.greeting import Greeting
from banker.conversation.turns.idle import IdleTimer, confirms_presence
from banker.server.metrics import Metrics
from banker.text.redaction import SecretFilter

MAX_MESSAGE_IDS = 64
"""How many message ids are remembered until their messages are in the transcript."""


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
        person: HandOverTracker,
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
        """Accept a spoken turn, shown as `turn` so far. The agent's current reply is dropped."""
        if text and self._consent.given:
            self._greeting.is_over = True
            self._speech.cancel()
            self._metrics.turns["spoken"].inc()
            self._put(text, turn)

    def typed(self, text: str, message_id: str | None = None) -> None:
        """Accept a typed turn. A client may send it again with the same `message_id` after a lost connection.

        It interrupts the agent. An agent that has not begun to speak gets a moment to answer the earlier turn first.
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
        """Stop the agent, because the user asked it to stop or to wait. The words are recorded but not answered."""
        self.cancel_speech()
        self._mailbox.put(StopRequest(self._secret_filter.final(text).text, turn))

    def cancel_speech(self) -> None:
        """Stop the agent, because the user pressed stop."""
        self._idle.user_acted()
        self._speech.cancel()

    def confirmed(self, call_id: str, approved: bool) -> None:
        """Accept an answer by button to a question, or the cancellation of a call that waits for the bank's code."""
        open_calls = (self._tool_calls.questions.open, None if approved else self._tool_calls.step_up.waiting)
        if all(call is None or call.call_id != call_id for call in open_calls):
            self._transport.send(question_closed())
            return
        self._idle.user_acted()
        self._speech.interrupt()
        self._mailbox.put(Confirmation(call_id, approved))

    @property
    def is_with_person(self) -> bool:
        """Whether the user talks with a colleague of the bank. The colleague asks again for what was not heard."""
        return self._person.is_on

    def announce(self, text: str) -> None:
        """Say a text of the tenant's configuration after everything that waits, unless a colleague is talking."""
        if not self.is_with_person:
            self._mailbox.put(Announcement(text))

    def _put(self, text: str, turn: int | None, message_id: str | None = None) -> None:
        question = self._tool_calls.questions.open
        question_id = None if question is None else question.call_id
        is_present = self._idle.user_acted() and confirms_presence(text)
        if not self.is_with_person:
            self._speech.think()
        words = self._secret_filter.final(text)
        self._mailbox.put(UserTurn(words, turn, question_id, self._speech.cancellations, is_present, message_id))


def question_closed() -> dict[str, Any]:
    """Return the error event for an answer to a question that is no longer open."""
    message = "This question is no longer open: it was answered or replaced, or a minute has passed."
    return {"type": "error", "error": "not_pending", "message": message}
