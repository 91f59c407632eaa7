"""A conversation with one user, from its greeting to its end: the entry points for the transport."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from banker.config.tenant import Tenant
from banker.conversation.calls.portal_updates import PortalUpdates
from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.consent import ConsentState
from banker.conversation.handover.messages import PersonWanted
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.mailbox import Mailbox
from banker.conversation.recovery import Recovery
from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords, Transport
from banker.conversation.turns.agent_speech import MANNER, AgentSpeech
from banker.conversation.turns.greeting import Greeting
from banker.conversation.turns.idle import IdleTimer
from banker.conversation.turns.turn_taking import TurnTaking
from banker.conversation.turns.user_turns import UserTurns
from banker.conversation.worker import ConversationWorker
from banker.errors import ApiError
from banker.sessions.store import StoreUnavailable
from banker.speech.tts.manner import Manner


@dataclass(frozen=True, eq=False)
class Conversation:
    """The parts of one conversation; `build_conversation` makes one. Belongs to the media loop.

    The transport calls `connected`, `receive` and `transport_changed`; the segmenter reports to `turn_taking`. One task
    answers what the user says, in order. Anything new interrupts the agent at once.
    """

    tenant: Tenant
    expires_at: str
    """The end of the session (RFC 3339), for `session.ready`."""
    transport: Transport
    records: SessionRecords
    consent: ConsentState
    transcript: Transcript
    tool_calls: ToolCalls
    mailbox: Mailbox
    greeting: Greeting
    speech: AgentSpeech
    idle: IdleTimer
    user_turns: UserTurns
    turn_taking: TurnTaking
    recovery: Recovery
    person: HandOverTracker
    portal: PortalUpdates
    worker: ConversationWorker
    clock: Callable[[], float]

    async def load(self) -> None:
        """Load what an earlier connection recorded. Call it once, first. Raises `StoreUnavailable`."""
        await self.transcript.load(self.clock())
        wishes = self.transcript.dialogue_state.get(MANNER, {})
        self.transport.manner = Manner(self.tenant.speech.rate).restored(wishes)
        self.greeting.is_over = bool(self.transcript.turns)
        await self.tool_calls.questions.load()
        self.mailbox.start(self.worker)
        await self.person.load()
        if self.greeting.is_over:
            self.transcript.start_catching_up()
            await self.recovery.start()

    def connected(self) -> None:
        """Send `session.ready` over a new connection, and show what is open."""
        self.transport.send(
            {
                "type": "session.ready",
                "synthetic": True,
                "consent_required": not self.consent.given,
                "consent_text": self.tenant.consent.text,
                "consent_version": self.tenant.consent.version,
                "expires_at": self.expires_at,
                "voice": self.transport.can_speak,
                "hearing": self.transport.can_listen,
                "history": self.transcript.turns,
            }
        )
        if self.consent.given:
            self.tool_calls.questions.show()
            self.tool_calls.step_up.show()
            self.person.show()
        self.greeting.wait()
        if self.greeting.is_over and not self.mailbox.busy:
            self.idle.user_acted()
            self.idle.start()

    def transport_changed(self) -> None:
        """The user can hear the agent now, or it has become clear that they will not."""
        self.greeting.transport_changed()

    async def receive(self, event: Mapping[str, Any]) -> None:
        """Act on a validated event from the client. Raises `ApiError` if it is not allowed now."""
        match event["type"]:
            case "consent.grant":
                await self.consent.grant(event["version"])
                self.greeting.wait()
            case "consent.revoke":
                await self._revoke_consent()
            case "speech.cancel":
                self.user_turns.cancel_speech()
            case _ if not self.consent.given:
                raise ApiError(400, "consent_required", "Nothing is heard or done before consent.grant.")
            case "message.send" if self.transcript.has_message(event.get("message_id")):
                pass  # a repetition after a reconnect
            case "message.send":
                self.turn_taking.typed()
                self.user_turns.typed(event["text"].strip(), event.get("message_id"))
            case "confirm":
                self.turn_taking.typed()
                self.user_turns.confirmed(event["call_id"], event["approved"])
            case "context.update":
                await self.portal.take(event["context"])
            case "handover.request":
                self.mailbox.put(PersonWanted(event.get("reason") or "asked for"))
            case "handover.cancel":
                if await self.person.cancel("by button"):
                    self.user_turns.announce(self.tenant.texts.handover_cancelled)

    async def close(self) -> None:
        """Stop speaking and wait until nothing of this conversation runs."""
        self.greeting.close()
        self.transcript.close()
        self.recovery.close()
        self.person.close()
        self.tool_calls.step_up.close()
        self.idle.stop()
        self.turn_taking.reset()
        self.speech.interrupt()
        await self.mailbox.close()
        await self.tool_calls.finish()

    async def _revoke_consent(self) -> None:
        self.consent.withdraw()
        self.turn_taking.reset()
        self.speech.interrupt()
        with suppress(StoreUnavailable):  # the session forgets it with the consent
            await self.tool_calls.questions.drop()
        await self.consent.revoke()
