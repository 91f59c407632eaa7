"""One session in this worker: its conversation, the line that carries it, and the clock that ends it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from banker import strict_json as strict_json
from banker.agents.registry import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.conversation import Conversation
from banker.conversation.events import read_event, within_a_frame
from banker.conversation.transport import SessionRecords, TransportError
from banker.errors import ApiError, invalid_request
from banker.rtc.audio_in.speech_input import SpeechInput
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.rtc.audio_out.opus_encoder import SILENCE
from banker.rtc.audio_out.synthesis import SpeechSynthesis, SynthesisFailed
from banker.rtc.peer import Peer
from banker.rtc.reply_latency import ReplyLatency
from banker.server.message_rate import MessageRateLimit
from banker.server.metrics import Metrics
from banker.sessions import Session
from banker.timestamps import rfc3339
from banker.tools.base import Caller

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.2
AUDIO_EXPECTED_S = 12.0
"""An offer that has not become sound by then is not waited for any longer."""
EXPIRING_SECONDS = 60
OFFERS, OFFERS_SECONDS = 6, 20.0
"""Offers cost CPU and ports that others share."""
WAITING_EVENTS = 32
"""Events of one client that may be in work at once; more come from no person."""
WRONG_IN_A_ROW = 10
"""Wrong events in a row after which a client is hung up on."""

Send = Callable[[Mapping[str, Any]], None]


class Call:
    """Implements `dialogue.Line`. Belongs to the media loop."""

    def __init__(
        self,
        session: Session,
        tenant: Tenant,
        tenant_agent: TenantAgent,
        records: SessionRecords,
        voice: SpeechSynthesis | None,
        hearing: SpeechInput | None,
        metrics: Metrics,
        now: float,
        expired: Callable[[], None],
        deserted: Callable[[], None],
    ) -> None:
        self.session_id = session.session_id
        self.tenant = tenant
        self.user_id = session.user_id
        self.peer: Peer | None = None
        self.socket: Send | None = None
        self.ended: str | None = None
        self._voice = voice
        self._offered_at: float | None = None
        self._wrong = 0
        self._hushed = 0
        self._held = False
        self.offers = MessageRateLimit(OFFERS, OFFERS_SECONDS)
        self.taken = False
        """Whether every worker knows by now that this one has the session."""
        self._jobs: set[asyncio.Task[Any]] = set()
        self._preparing: set[asyncio.Task[Any]] = set()
        caller = Caller(session.tenant_id, session.user_id, session.claims, session.portal_context)
        self.conversation = Conversation(
            tenant,
            caller,
            tenant_agent,
            expires_at=rfc3339(session.expires_at),
            consented=session.consent is not None,
            transport=self,
            records=records,
            deserted=deserted,
        )
        self._loop = asyncio.get_running_loop()
        self._times = ReplyLatency(metrics, self._loop.time)
        self.segmenter = None
        if hearing is not None:
            self.segmenter = hearing.segmenter(tenant, self.conversation.turn_taking, self._times.heard, self._played)
        left = max(0.0, session.expires_at - now)
        self._timers = [self._loop.call_later(left, expired)]
        if left > EXPIRING_SECONDS:
            self._timers.append(self._loop.call_later(left - EXPIRING_SECONDS, self._tell_expiring))

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
        return self._loop.time() - self._offered_at < AUDIO_EXPECTED_S

    @property
    def can_speak(self) -> bool:
        return self._voice is not None

    @property
    def can_listen(self) -> bool:
        return self.segmenter is not None

    def send(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "state" and self.peer is not None and self.peer.face is not None:
            self.peer.face.state = event["state"]
        if event["type"] == "transcript" and event["role"] == "user" and event["final"] and event["text"]:
            self._times.turn()
        event = within_a_frame(event)
        if self.peer is not None and self.peer.has_channel:
            self.peer.send(event)
        elif self.socket is not None:
            self.socket(event)

    def prepare(self, text: str) -> None:
        self._times.sentence()
        if self._voice is not None:
            self._start(self._voice.utter(text), self._preparing)

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        if self._voice is None:
            raise TransportError("there is no voice")
        hushed = self._hushed
        try:
            sound = await self._voice.utter(text)
        except SynthesisFailed as error:
            raise TransportError(str(error)) from error
        if hushed != self._hushed:
            return 0.0
        if self.peer is None:
            raise TransportError("the peer is gone")
        self._times.sound()
        playout = self.peer.speaker.play(sound, self._times.sent)
        while not playout.finished.done():
            await asyncio.wait([playout.finished], timeout=PROGRESS_SECONDS)
            progress(playout.fraction)
        if sound.failed and playout.is_over:
            raise TransportError("the voice broke off")
        return playout.finished.result()

    def stop_speaking(self) -> None:
        self._hushed += 1
        if self.peer is not None:
            self.peer.speaker.silence()

    def pause_speaking(self) -> None:
        self._held = True
        if self.peer is not None:
            self.peer.speaker.pause()

    def resume_speaking(self) -> None:
        self._held = False
        if self.peer is not None:
            self.peer.speaker.resume()

    def attach(self, socket: Send) -> None:
        """A WebSocket can carry events now; it is the line while no data channel is open."""
        self.socket = socket
        self.conversation.connected()

    def detach(self, socket: Send) -> bool:
        """The WebSocket is gone; true when nothing connects this call to its user any more."""
        if self.socket == socket:
            self.socket = None
        return self.socket is None and self.peer is None

    def offered(self, peer: Peer) -> None:
        """A new peer takes over from an earlier one."""
        self.peer = peer
        if self._held:
            peer.speaker.pause()
        self._offered_at = self._loop.time()
        self._timers.append(self._loop.call_later(AUDIO_EXPECTED_S, self.conversation.transport_changed))

    def peer_connected(self) -> None:
        """Sound reaches the user from now on."""
        self._offered_at = None
        if self.peer is not None:
            self.peer.speaker.play(SILENCE)
        self.conversation.transport_changed()

    def peer_lost(self) -> None:
        """What was being said breaks off; a WebSocket, if there is one, carries on in text."""
        self.peer = None
        self._offered_at = None
        self.conversation.transport_changed()

    def channel_open(self) -> None:
        """The data channel is the line from now on."""
        self.conversation.connected()

    def heard(self, message: str | None) -> None:
        """A message on the data channel; None for one that is no event whatever it holds."""
        if len(self._jobs) >= WAITING_EVENTS and self.peer is not None:
            self.peer.drop("sent events faster than they can be acted on")
            return
        self._start(self._receive_text(message), self._jobs)

    async def receive(self, event: Mapping[str, Any]) -> None:
        """An event, validated already. Raises `ApiError`."""
        await self.conversation.receive(event)

    async def close(self, reason: str | None = None) -> None:
        """End everything here; with a reason the session is over and the client is told so."""
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
            await peer.close()  # before anything is waited for: the media stops within a second
        await self.conversation.close()
        for job in self._jobs | self._preparing:
            job.cancel()

    async def _receive_text(self, message: str | None) -> None:
        try:
            try:
                if message is None:
                    raise ValueError("Send events as text of 64 KiB at most.")
                await self.receive(read_event(strict_json.loads(message)))
            except ValueError as error:
                raise invalid_request(str(error)) from None
            self._wrong = 0
        except ApiError as error:
            self._wrong += 1
            self.send({"type": "error", **error.body()})
            if self._wrong >= WRONG_IN_A_ROW and self.peer is not None:
                self.peer.drop("sent too many wrong events")

    def _played(self) -> FarEndReference | None:
        return None if self.peer is None else self.peer.speaker.played

    def _tell_expiring(self) -> None:
        self.send({"type": "session.expiring", "seconds": EXPIRING_SECONDS})

    def _start(self, coroutine: Any, jobs: "set[asyncio.Task[Any]]") -> None:
        task = asyncio.ensure_future(coroutine)
        jobs.add(task)
        task.add_done_callback(jobs.discard)
        task.add_done_callback(self._log_failure)

    def _log_failure(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and task.exception() is not None:
            log.warning("a job of a call failed: %s", type(task.exception()).__name__)
