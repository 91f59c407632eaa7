"""One session in this worker: its conversation, the transport that carries it, and the timer that ends it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from banker import strict_json
from banker.agents.registry import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.builder import build_conversation
from banker.conversation.events import fit_in_message, read_event
from banker.conversation.handover.line import HandOverLine
from banker.conversation.transport import SessionRecords, TransportError
from banker.errors import ApiError, invalid_request, too_many_events
from banker.handover.voice import VoicePacket, VoicePort, VoiceRelay
from banker.message_rate import MessageRateLimit
from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_in.speech_input import SpeechInput
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.rtc.audio_out.opus_encoder import SILENCE
from banker.rtc.audio_out.reply_latency import ReplyLatency
from banker.rtc.audio_out.synthesis import SpeechSynthesis, SynthesisFailed
from banker.rtc.peer import Peer
from banker.server.metrics import Metrics
from banker.sessions import Reason, Session
from banker.timestamps import rfc3339
from banker.tools.base import Caller

log = logging.getLogger(__name__)

PROGRESS_INTERVAL_S = 0.2
"""How often a conversation learns how far an utterance is: captions follow the voice by the word."""
AUDIO_EXPECTED_S = 12.0
"""An offer that has not become audible by then is no longer waited for: ICE and DTLS take 1 to 5 s."""
PATH_EXPECTED_S = 5.0
"""Nor is a call for which ICE has found no way by then: where UDP is blocked the user reads the greeting at once."""
EXPIRY_WARNING_S = 60
MAX_OFFERS, OFFERS_WINDOW_S = 6, 20.0
"""Offers cost CPU and ports that others share."""
MAX_PENDING_EVENTS = 32
"""Events of one client that are handled at once; a person does not send more."""
MAX_INVALID_EVENTS = 10
"""A client is dropped after this many invalid events in a row."""

Send = Callable[[Mapping[str, Any]], None]


class SessionEnder(Protocol):
    """Ends sessions for their calls."""

    def end_session(self, session_id: str, reason: Reason) -> None:
        """End a session here and in the store. Returns at once."""
        ...


class Call:
    """Implements `conversation.transport.Transport`. Belongs to the media loop."""

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
        line: HandOverLine | None = None,
        relay: VoiceRelay | None = None,
        host: int | None = None,
    ) -> None:
        """`now` is in Unix seconds; `ender` ends the session when it expires, or when the user stays away.

        `line` leads to the bank's colleagues, and `relay` to their voices. `host` is the number of the application that
        the user came through.
        """
        self.session = session
        self.session_id = session.session_id
        self.tenant = tenant
        self.user_id = session.user_id
        self.peer: Peer | None = None
        self.socket: Send | None = None
        self.ended: str | None = None
        """The reason, once the session is over."""
        self.offer_rate = MessageRateLimit(MAX_OFFERS, OFFERS_WINDOW_S)
        self.takeover_announced = False
        """Whether every worker knows by now that this one has the session."""
        self._synthesis = synthesis
        self._offered_at: float | None = None
        self._answered_at: float | None = None
        self._invalid_events = 0
        self._cancelled_speech = 0
        self._held = False
        self._events: set[asyncio.Task[Any]] = set()
        self._preparing: set[asyncio.Task[Any]] = set()
        self._in_order = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._latency = ReplyLatency(metrics, self._loop.time)
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
            transport=self,
            records=records,
            on_idle=lambda: ender.end_session(session.session_id, "idle"),
            line=line,
            on_end=lambda: ender.end_session(session.session_id, "ended"),
            metrics=metrics,
        )
        self.segmenter = None
        self._colleague_ear: JitterBuffer | None = None
        if speech_input is not None:
            self.segmenter = speech_input.segmenter(
                tenant, self.conversation.turn_taking, self._latency.heard, self._far_end_reference
            )
        self._speech_input = speech_input
        self._relay = relay
        self._voice: VoicePort | None = None
        self.conversation.person.on_change = self._person_changed
        self._timers: list[asyncio.TimerHandle] = []
        self._schedule_expiry(max(0.0, session.expires_at - now), ender)

    @property
    def reachable(self) -> bool:
        return self.socket is not None or (self.peer is not None and self.peer.has_channel)

    @property
    def audible(self) -> bool:
        return self.can_speak and self.peer is not None and self.peer.is_connected and self.reachable

    @property
    def audio_expected(self) -> bool:
        if not self.can_speak or self._offered_at is None:
            return False
        now = self._loop.time()
        is_stuck = (
            self._answered_at is not None
            and now - self._answered_at >= PATH_EXPECTED_S
            and not (self.peer is not None and self.peer.has_path)
        )
        return now - self._offered_at < AUDIO_EXPECTED_S and not is_stuck

    @property
    def can_speak(self) -> bool:
        return self._synthesis is not None

    @property
    def can_listen(self) -> bool:
        return self.segmenter is not None

    def send(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "state" and self.peer is not None and self.peer.avatar is not None:
            self.peer.avatar.state = event["state"]
        if event["type"] == "transcript" and event["role"] == "user" and event["final"] and event["text"]:
            self._latency.turn()
        event = fit_in_message(event)
        if self.peer is not None and self.peer.has_channel:
            self.peer.send(event)
        elif self.socket is not None:
            self.socket(event)

    def prepare(self, text: str) -> None:
        self._latency.sentence()
        if self._synthesis is not None:
            self._start(self._prepare(text, self._synthesis), self._preparing)

    async def _prepare(self, text: str, synthesis: SpeechSynthesis) -> None:
        """Synthesise one sentence after the other: side by side, the first one of a long reply would start late."""
        async with self._in_order:
            await synthesis.synthesise_to_end(text)

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        if self._synthesis is None:
            raise TransportError("This service has no voice.")
        cancelled = self._cancelled_speech
        try:
            audio = await self._synthesis.synthesise(text)
        except SynthesisFailed as error:
            raise TransportError(str(error)) from error
        if cancelled != self._cancelled_speech:
            return 0.0
        if self.peer is None:
            raise TransportError("The peer is gone.")
        self._latency.sound()
        playout = self.peer.speaker.play(audio, self._latency.sent)
        while not playout.finished.done():
            await asyncio.wait([playout.finished], timeout=PROGRESS_INTERVAL_S)
            progress(playout.fraction)
        if audio.failed and playout.is_over:
            raise TransportError("The speech synthesis broke off.")
        return playout.finished.result()

    def stop_speaking(self) -> None:
        self._cancelled_speech += 1
        for task in self._preparing:
            task.cancel()
        if self.peer is not None:
            self.peer.speaker.cancel()

    def pause_speaking(self) -> None:
        self._held = True
        if self.peer is not None:
            self.peer.speaker.pause()

    def resume_speaking(self) -> None:
        self._held = False
        if self.peer is not None:
            self.peer.speaker.resume()

    def voice_heard(self, packet: VoicePacket) -> None:
        """Pass the customer's voice on while a colleague hears it."""
        if self._voice is not None and self.conversation.consent.given:
            self._voice.send(packet)

    def _colleague_heard(self, packet: VoicePacket) -> None:
        """Pass a colleague's voice on to the customer, and to the recogniser for captions."""
        if self._voice is None or not self.conversation.consent.given:
            return
        if self.peer is not None:
            self.peer.speaker.relay(packet)
        if self._colleague_ear is None and self._speech_input is not None:
            self._colleague_ear = JitterBuffer(self._speech_input.colleague_segmenter(self.tenant, self.conversation))
        if self._colleague_ear is not None:
            self._colleague_ear.push(packet)

    def _person_changed(self) -> None:
        """Open the way between the voices when both know of each other, and close it at once when that is over."""
        is_open = self.conversation.person.is_heard
        if is_open and self._voice is None and self._relay is not None:
            self._voice = self._relay.open(self.session_id, "customer", self._colleague_heard)
        elif not is_open and self._voice is not None:
            self._voice.close()
            self._voice = None
            if self._colleague_ear is not None:
                self._colleague_ear.close()

    def attach(self, socket: Send) -> None:
        """Send events on this WebSocket while no data channel is open."""
        self.socket = socket
        self.conversation.connected()

    def detach(self, socket: Send) -> bool:
        """Forget a closed WebSocket. True when nothing connects this call to its user any more."""
        if self.socket == socket:
            self.socket = None
        return self.socket is None and self.peer is None

    def peer_offered(self, peer: Peer) -> None:
        """Use this peer from now on."""
        self.peer = peer
        if self._held:
            peer.speaker.pause()
        self._offered_at, self._answered_at = self._loop.time(), None
        self._timers.append(self._loop.call_later(AUDIO_EXPECTED_S, self.conversation.transport_changed))

    def peer_answered(self, peer: Peer) -> None:
        """The client has what it needs to find a way to this peer."""
        if self.peer is peer:
            self._answered_at = self._loop.time()
            self._timers.append(self._loop.call_later(PATH_EXPECTED_S, self.conversation.transport_changed))

    def peer_connected(self) -> None:
        """The user can hear the banker from now on."""
        self._offered_at = None
        if self.peer is not None:
            self.peer.speaker.play(SILENCE)
        self.conversation.transport_changed()

    def peer_lost(self) -> None:
        """Speech breaks off; a WebSocket, if there is one, carries on in text."""
        self.peer = None
        self._offered_at = None
        self.conversation.transport_changed()

    def channel_opened(self) -> None:
        """Events go over the data channel from now on."""
        self.conversation.connected()

    def channel_received(self, message: str | None) -> None:
        """Handle a message of the data channel; None for one that cannot be an event."""
        if len(self._events) >= MAX_PENDING_EVENTS and self.peer is not None:
            self.peer.refuse(too_many_events())
            return
        self._start(self._receive_text(message), self._events)

    async def receive(self, event: Mapping[str, Any]) -> None:
        """Handle a valid event. Raises `ApiError`."""
        if event["type"] == "ping":  # so that the client notices a lost worker before ICE does
            self.send({"type": "pong", "n": event["n"]})
            return
        await self.conversation.receive(event)

    async def close(self, reason: str | None = None) -> None:
        """End everything here. With a reason the session is over, and the client gets to know it."""
        for timer in self._timers:
            timer.cancel()
        if reason is not None and self.ended is None:
            self.ended = reason
            self.send({"type": "session.ended", "reason": reason})
        if self.socket is not None:
            self.socket({"type": "bye"})
        if self.segmenter is not None:
            self.segmenter.close()
        peer, self.peer, self.socket = self.peer, None, None
        if peer is not None:
            await peer.close()  # first: the media stops within a second
        await self.conversation.close()
        for task in self._events | self._preparing:
            task.cancel()

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
            self.send({"type": "error", **error.body()})
            if self._invalid_events >= MAX_INVALID_EVENTS and self.peer is not None:
                self.peer.drop("sent too many invalid events")

    def _far_end_reference(self) -> FarEndReference | None:
        return None if self.peer is None else self.peer.speaker.far_end

    def _schedule_expiry(self, remaining: float, ender: SessionEnder) -> None:
        self._timers.append(self._loop.call_later(remaining, ender.end_session, self.session_id, "expired"))
        if remaining > EXPIRY_WARNING_S:
            self._timers.append(self._loop.call_later(remaining - EXPIRY_WARNING_S, self._warn_of_expiry))

    def _warn_of_expiry(self) -> None:
        self.send({"type": "session.expiring", "seconds": EXPIRY_WARNING_S})

    def _start(self, coroutine: Coroutine[Any, Any, Any], tasks: "set[asyncio.Task[Any]]") -> None:
        task = asyncio.ensure_future(coroutine)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._log_failure)

    def _log_failure(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and task.exception() is not None:
            log.warning("a task of a call failed: %s", type(task.exception()).__name__)
