"""What carries a call to its user: a peer connection with voice and events, a WebSocket with events, or both."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from banker.conversation.events import fit_in_message
from banker.conversation.transport import TransportError
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.rtc.audio_out.opus_encoder import SILENCE
from banker.rtc.audio_out.reply_latency import ReplyLatency
from banker.rtc.audio_out.synthesis import SpeechSynthesis, SynthesisFailed
from banker.rtc.background_tasks import BackgroundTasks
from banker.rtc.peers.peer import Peer
from banker.speech.tts.manner import USUAL

PROGRESS_INTERVAL_S = 0.2
"""How often a conversation learns how much of a sentence has been played. Captions follow the voice by the word."""
AUDIO_EXPECTED_S = 12.0
"""An offer that has not become audible by then is no longer waited for. ICE and DTLS take 1 to 5 s."""
PATH_EXPECTED_S = 5.0
"""A call without an ICE path by then is not waited for either: where UDP is blocked, the user reads the greeting."""

SendEvent = Callable[[Mapping[str, Any]], None]


class CallTransport:
    """Implements `conversation.transport.Transport` for one call. Belongs to the media loop."""

    def __init__(self, synthesis: SpeechSynthesis | None, latency: ReplyLatency, *, can_listen: bool) -> None:
        self.peer: Peer | None = None
        self.socket: SendEvent | None = None
        self.manner = USUAL
        self._synthesis = synthesis
        self._latency = latency
        self._can_listen = can_listen
        self._loop = asyncio.get_running_loop()
        self._offered_at: float | None = None
        self._answered_at: float | None = None
        self._cancelled_speech = 0
        self._is_paused = False
        self._preparing = BackgroundTasks("a call's speech")
        self._in_order = asyncio.Lock()

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
        return self._can_listen

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
            self._preparing.start(self._prepare(text, self._synthesis))

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        if self._synthesis is None:
            raise TransportError("This service has no voice.")
        cancelled = self._cancelled_speech
        try:
            audio = await self._synthesis.synthesise(text, self.manner)
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
        self._preparing.cancel()
        if self.peer is not None:
            self.peer.speaker.cancel()

    def pause_speaking(self) -> None:
        self._is_paused = True
        if self.peer is not None:
            self.peer.speaker.pause()

    def resume_speaking(self) -> None:
        self._is_paused = False
        if self.peer is not None:
            self.peer.speaker.resume()

    def far_end_reference(self) -> FarEndReference | None:
        """Return what the user's loudspeaker has played, which the microphone may have picked up."""
        return None if self.peer is None else self.peer.speaker.far_end

    def use_peer(self, peer: Peer) -> None:
        """Carry voice and events over this peer as soon as it is connected."""
        self.peer = peer
        if self._is_paused:
            peer.speaker.pause()
        self._offered_at, self._answered_at = self._loop.time(), None

    def peer_answered(self) -> None:
        """Start to wait for an ICE path, because the client now has the answer."""
        self._answered_at = self._loop.time()

    def peer_connected(self) -> None:
        """Play silence first, because the user can hear the banker from now on."""
        self._offered_at = None
        if self.peer is not None:
            self.peer.speaker.play(SILENCE)

    def peer_lost(self) -> None:
        """Break off speech. A WebSocket, if any, carries on in text."""
        self.peer = None
        self._offered_at = None

    async def close(self) -> None:
        """Say goodbye on the WebSocket and close the peer, whose media stops within a second."""
        if self.socket is not None:
            self.socket({"type": "bye"})
        self._preparing.cancel()
        peer, self.peer, self.socket = self.peer, None, None
        if peer is not None:
            await peer.close()

    async def _prepare(self, text: str, synthesis: SpeechSynthesis) -> None:
        """Synthesise one sentence after the other: side by side, the first one of a long reply would start late."""
        async with self._in_order:
            with suppress(SynthesisFailed):  # `speak` reports it
                await synthesis.synthesise_to_end(text, self.manner)
