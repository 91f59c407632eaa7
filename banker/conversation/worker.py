"""Handles the messages of a conversation, one after the other."""

import asyncio
import logging
from collections.abc import Callable

from banker.config.tenant import Tenant
from banker.conversation.calls.call_runner import LateToolResult
from banker.conversation.calls.step_up import StepUpEnded
from banker.conversation.consent import ConsentState
from banker.conversation.handover.handler import HandOverHandler
from banker.conversation.mailbox import (
    AdoptedTurn,
    Announcement,
    Confirmation,
    IdleGoodbye,
    MailboxMessage,
    StopRequest,
    UnansweredTurn,
    UserTurn,
)
from banker.conversation.responses.call_outcomes import CallOutcomes
from banker.conversation.responses.reply_delivery import ReplyDelivery
from banker.conversation.responses.responder import Responder
from banker.conversation.transcript import Transcript
from banker.conversation.transport import Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.idle import IdleTimer
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)

PLAYOUT_DELAY_S = 0.5
"""The end of the goodbye takes up to this long to reach the user."""


class ConversationWorker:
    """Implements `MessageHandler`. Belongs to the media loop. `on_idle` ends the session of an idle user."""

    def __init__(
        self,
        tenant: Tenant,
        transport: Transport,
        consent: ConsentState,
        transcript: Transcript,
        speech: AgentSpeech,
        idle: IdleTimer,
        delivery: ReplyDelivery,
        responder: Responder,
        outcomes: CallOutcomes,
        handover: HandOverHandler,
        on_idle: Callable[[], None] | None,
    ) -> None:
        self._texts = tenant.texts
        self._transport = transport
        self._consent = consent
        self._transcript = transcript
        self._speech = speech
        self._idle = idle
        self._delivery = delivery
        self._responder = responder
        self._outcomes = outcomes
        self._handover = handover
        self._on_idle = on_idle

    async def handle(self, message: MailboxMessage) -> None:
        """Do what `message` says."""
        self._idle.stop()
        match message:
            case UserTurn() if self._consent.given:
                await self._responder.answer(message)
            case UnansweredTurn(text) if self._consent.given:
                await self._responder.answer_late(text)
            case StopRequest(text, turn):
                await self._transcript.append({"role": "user", "text": text}, turn, needs_answer=False)
            case Confirmation(call_id, approved):
                await self._outcomes.settle(call_id, approved)
            case StepUpEnded(call, is_authenticated):
                await self._outcomes.end_step_up(call, is_authenticated)
            case LateToolResult(call, result):
                await self._outcomes.report(call, result)
            case Announcement(text):
                await self._delivery.announce(text)
            case AdoptedTurn(record):
                self._transcript.adopt(record)
            case IdleGoodbye():
                await self._leave()
            case _:
                await self._handover.handle(message)

    def handling_failed(self, error: Exception) -> None:
        """Apologise: the conversation goes on."""
        log.error("a turn failed: %s", redacted_traceback(error))
        self._transport.send({"type": "error", "error": "internal_error", "message": self._texts.sorry})

    def mailbox_empty(self) -> None:
        """Wait for the user."""
        self._speech.finish()
        self._idle.start()

    async def _leave(self) -> None:
        """Say goodbye and end the session, unless the user reacts."""
        await self._delivery.announce(self._texts.idle_goodbye)
        await asyncio.sleep(PLAYOUT_DELAY_S)
        if self._idle.is_leaving and self._on_idle is not None:
            self._on_idle()
