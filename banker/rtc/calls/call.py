"""One session in this worker: its conversation, the transport that carries it, and the timers that end it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from banker import strict_json
from banker.agents.tenant_agents import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.builder import build_conversation
from banker.conversation.events import read_event
from banker.conversation.handover.session_handover import SessionHandOver
from banker.conversation.transport import SessionRecords
from banker.errors import ApiError, invalid_request, too_many_events
from banker.handover.voice import VoiceRelay
from banker.message_rate import MessageRateLimit
from banker.rtc.audio_in.speech_input import SpeechInput
from banker.rtc.audio_out.reply_latency import ReplyLatency
from banker.rtc.audio_out.synthesis import SpeechSynthesis
from banker.rtc.background_tasks import BackgroundTasks
from banker.rtc.calls.call_transport import AUDIO_EXPECTED_S, PATH_EXPECTED_S, CallTransport, SendEvent
from banker.rtc.calls.colleague_voice import ColleagueVoice
from banker.rtc.peers.peer import Peer
from banker.server.metrics import Metrics
from banker.sessions import Reason, Session
from banker.timestamps import rfc3339
from banker.tools.base import Caller

EXPIRY_WARNING_S = 60
MAX_OFFERS, OFFERS_WINDOW_S = 6, 20.0
"""The most offers per time window: offers take CPU and ports from others."""
MAX_PENDING_EVENTS = 32
"""How many events of one client may wait. A person does not send more."""
MAX_INVALID_EVENTS = 10
"""A client is dropped after this many invalid events in a row."""


class SessionEnder(Protocol):
    """Ends sessions for their calls."""

    def end_session(self, session_id: str, reason: Reason) -> None:
        """End a session here and in the store. Returns at once."""
        ...


class Call:
    """Joins a session's conversation with its transport. Belongs to the media loop."""

    def __init__(
        self,
        session: Session,
        tenant: Tenant,
        tenant_agent: TenantAgent,
        records: SessionRecords,
        synthesis: SpeechSynthesis | None,
        speech_input: SpeechInput | None,
        metrics: Metrics,
        now: float,
        ender: SessionEnder,
        handover: SessionHandOver | None = None,
        relay: VoiceRelay | None = None,
        host: int | None = None,
    ) -> None:
        """`now` is in Unix seconds; `ender` ends the session when it expires, or when the user is idle.

        `handover` leads to the bank's colleagues, and `relay` to their voices. `host` is the number of the application
        that the user came through.
        """
        self.session = session
        self.session_id = session.session_id
        self.tenant = tenant
        self.ended: str | None = None
        """The reason why the session has ended, if it has."""
        self.offer_rate = MessageRateLimit(MAX_OFFERS, OFFERS_WINDOW_S)
        self.takeover_announced = False
        """Whether all workers have been notified that this one has the session."""
        self._loop = asyncio.get_running_loop()
        self._invalid_events = 0
        self._events = BackgroundTasks("a call's events")
        latency = ReplyLatency(metrics, self._loop.time)
        self.transport = CallTransport(synthesis, latency, can_listen=speech_input is not None)
        self.conversation = build_conversation(
            tenant,
            Caller(
                session.tenant_id,
                session.user_id,
                session.claims,
                session.portal_context,
                session.session_id,
                host=host,
            ),
            tenant_agent,
            expires_at=rfc3339(session.expires_at),
            consented=session.consent is not None,
            transport=self.transport,
            records=records,
            on_idle=lambda: ender.end_session(session.session_id, "idle"),
            handover=handover,
            on_end=lambda: ender.end_session(session.session_id, "ended"),
            metrics=metrics,
        )
        self.segmenter = None
        if speech_input is not None:
            self.segmenter = speech_input.segmenter(
                tenant, self.conversation.turn_taking, latency.heard, self.transport.far_end_reference
            )
        self.colleague_voice = ColleagueVoice(
            self.session_id, tenant, self.conversation, self.transport, speech_input, relay
        )
        self.conversation.person.on_change = self.colleague_voice.update
        self._timers: list[asyncio.TimerHandle] = []
        self._schedule_expiry(max(0.0, session.expires_at - now), ender)

    def attach(self, socket: SendEvent) -> None:
        """Send events on this WebSocket while no data channel is open."""
        self.transport.socket = socket
        self.conversation.connected()

    def detach(self, socket: SendEvent) -> bool:
        """Forget a closed WebSocket. Return whether nothing connects this call to its user any more."""
        transport = self.transport
        if transport.socket == socket:
            transport.socket = None
        return transport.socket is None and transport.peer is None

    def peer_offered(self, peer: Peer) -> None:
        """Use this peer from now on."""
        self.transport.use_peer(peer)
        self._timers.append(self._loop.call_later(AUDIO_EXPECTED_S, self.conversation.transport_changed))

    def peer_answered(self, peer: Peer) -> None:
        """Start to wait for an ICE path, because the client now has the answer."""
        if self.transport.peer is peer:
            self.transport.peer_answered()
            self._timers.append(self._loop.call_later(PATH_EXPECTED_S, self.conversation.transport_changed))

    def peer_connected(self) -> None:
        """Tell the conversation that the user can hear the banker."""
        self.transport.peer_connected()
        self.conversation.transport_changed()

    def peer_lost(self) -> None:
        """Tell the conversation that the user cannot hear the banker any more."""
        self.transport.peer_lost()
        self.conversation.transport_changed()

    def channel_opened(self) -> None:
        """Send `session.ready` over the new data channel."""
        self.conversation.connected()

    def channel_received(self, message: str | None) -> None:
        """Handle a message of the data channel; None for one that cannot be an event."""
        peer = self.transport.peer
        if len(self._events) >= MAX_PENDING_EVENTS and peer is not None:
            peer.refuse(too_many_events())
            return
        self._events.start(self._receive_text(message))

    async def receive(self, event: Mapping[str, Any]) -> None:
        """Handle a valid event. Raises `ApiError`."""
        if event["type"] == "ping":  # so that the client notices a lost worker before ICE does
            self.transport.send({"type": "pong", "n": event["n"]})
            return
        await self.conversation.receive(event)

    async def close(self, reason: str | None = None) -> None:
        """End everything here. With a reason the session is over, and the client learns it."""
        for timer in self._timers:
            timer.cancel()
        if reason is not None and self.ended is None:
            self.ended = reason
            self.transport.send({"type": "session.ended", "reason": reason})
        if self.segmenter is not None:
            self.segmenter.close()
        await self.transport.close()
        await self.conversation.close()
        self._events.cancel()

    async def _receive_text(self, message: str | None) -> None:
        try:
            try:
                if message is None:
                    raise ValueError("Send events as text of 64 KiB at most.")
                await self.receive(read_event(strict_json.loads(message)))
            except ValueError as error:
                raise invalid_request(str(error)) from None
            self._invalid_events = 0
        except ApiError as error:
            self._invalid_events += 1
            self.transport.send({"type": "error", **error.body()})
            if self._invalid_events >= MAX_INVALID_EVENTS and self.transport.peer is not None:
                self.transport.peer.drop("sent too many invalid events")

    def _schedule_expiry(self, remaining: float, ender: SessionEnder) -> None:
        self._timers.append(self._loop.call_later(remaining, ender.end_session, self.session_id, "expired"))
        if remaining > EXPIRY_WARNING_S:
            self._timers.append(self._loop.call_later(remaining - EXPIRY_WARNING_S, self._warn_of_expiry))

    def _warn_of_expiry(self) -> None:
        self.transport.send({"type": "session.expiring", "seconds": EXPIRY_WARNING_S})
