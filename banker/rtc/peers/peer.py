"""One WebRTC connection to a client: answers an offer, reports events, and closes everything in one place."""

import asyncio
import enum
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceCandidate,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError

from banker.config.settings import MediaSettings
from banker.errors import ApiError
from banker.handover.voice import VoicePacket
from banker.rtc import aiortc_internals
from banker.rtc.audio_in.decoded_track import DecodedTrack, EncodingSink
from banker.rtc.audio_in.jitter_buffer import AudioSink, JitterBuffer
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.ice import acceptable
from banker.rtc.peers.events_channel import EventsChannel
from banker.rtc.peers.transceivers import add_tracks
from banker.rtc.sdp.answer import finish_answer
from banker.rtc.sdp.candidates import MAX_CANDIDATES, candidate_types, parse_candidate
from banker.rtc.sdp.description import BadOffer
from banker.rtc.sdp.offer import ParsedOffer
from banker.rtc.sockets.media_loop import refused_ports
from banker.rtc.video.avatar_track import AvatarTrack

T = TypeVar("T")
log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 30.0
"""An offer without a connection by then frees its place. Browsers give up at about the same time."""
CLOSE_TIMEOUT_S = 2.0
"""How long a close is awaited. With an unreachable TURN server it takes longer, and continues in the background."""
_background: "set[asyncio.Future[Any]]" = set()


class NoCandidates(Exception):
    """The service has no local address for this connection. The message says why."""


class PeerState(enum.Enum):
    """The state of a connection. `NEXT_STATES` has the transitions."""

    NEGOTIATING = enum.auto()
    CONNECTING = enum.auto()
    CONNECTED = enum.auto()
    CLOSED = enum.auto()


NEXT_STATES = {
    PeerState.NEGOTIATING: {PeerState.CONNECTING, PeerState.CLOSED},
    PeerState.CONNECTING: {PeerState.CONNECTED, PeerState.CLOSED},
    PeerState.CONNECTED: {PeerState.CLOSED},
    PeerState.CLOSED: set(),
}


class PeerObserver(Protocol):
    """What a peer reports, in the media loop."""

    def peer_connected(self, peer: "Peer") -> None:
        """Media flows from now on."""
        ...

    def peer_channel_opened(self, peer: "Peer") -> None:
        """Events can be sent from now on."""
        ...

    def peer_received(self, peer: "Peer", message: str | None) -> None:
        """A message came on the channel; None for one that is binary or larger than 64 KiB."""
        ...

    def peer_lost(self, peer: "Peer", reason: str) -> None:
        """The connection closed without a call of `Peer.close`. Called once at most."""
        ...


class Peer:
    """Belongs to the media loop.

    `sink` gets the client's decoded audio, `tap` its packets, and `avatar` is the video to send. Without them the
    connection has no microphone and no video.
    """

    def __init__(
        self,
        session_id: str,
        settings: MediaSettings,
        ice_servers: list[RTCIceServer],
        *,
        speaker: Speaker,
        avatar: AvatarTrack | None,
        sink: AudioSink | None,
        observer: PeerObserver,
        tap: Callable[[VoicePacket], None] | None = None,
    ) -> None:
        self.session_id = session_id
        self.speaker = speaker
        self.avatar = avatar
        self.candidate_types: set[str] | None = None
        """The types of our own candidates, once gathered."""
        self._settings = settings
        self._sink = sink
        self._tap = tap
        self._observer = observer
        self._state = PeerState.NEGOTIATING
        self._sends_audio = False
        self._microphone: JitterBuffer | DecodedTrack | None = None
        self._channel = EventsChannel(
            opened=lambda: observer.peer_channel_opened(self),
            received=lambda message: observer.peer_received(self, message),
            refuse=self.refuse,
            drop=self.drop,
        )
        self._candidates = 0
        self._adding: set[asyncio.Task[None]] = set()
        self._negotiation: asyncio.Future[str] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("datachannel", self._channel.offer)
        self._pc.on("track", self._on_track)
        self._deadline = asyncio.get_running_loop().call_later(CONNECT_TIMEOUT_S, self.drop, "never connected")

    @property
    def is_connected(self) -> bool:
        """Whether the client can hear the banker."""
        return self._sends_audio and self._state is PeerState.CONNECTED

    @property
    def has_path(self) -> bool:
        """Whether packets get through to the client: ICE has found a way, and DTLS follows."""
        return self._pc.iceConnectionState in ("connected", "completed")

    @property
    def has_channel(self) -> bool:
        """Whether events can be sent."""
        return self._channel.is_open and self._state is not PeerState.CLOSED

    async def answer(self, offer: ParsedOffer) -> str:
        """Return the SDP answer to `offer`. Raises `BadOffer`, and `NoCandidates` without a local address or port."""
        refused = refused_ports()
        self._negotiation = _in_background(self._negotiate(offer))
        try:
            answer = await asyncio.shield(self._negotiation)
        except (InvalidAccessError, InvalidStateError) as error:
            raise BadOffer("The offer came while the connection was being closed.") from error
        if not self._enter(PeerState.CONNECTING):
            raise BadOffer("The offer came while the connection was being closed.")
        if not self.candidate_types:
            ports_taken = refused_ports() > refused
            raise NoCandidates(
                "Every media port of this worker is in use; try again."
                if ports_taken
                else "This worker has no network address for media; try again later."
            )
        for candidate in offer.candidates:
            self._add_candidate(candidate)
        return finish_answer(offer, answer, self._settings.public_address, use_dtx=self._settings.fast_path)

    def add_candidate(self, candidate: Mapping[str, Any] | None) -> None:
        """Take a trickled candidate. Raises `BadOffer`.

        The end of candidates is not passed on: an ICE agent that knows of it gives up before the client's own checks
        arrive, and the deadline ends a hopeless connection anyway. A client without any address is dropped.
        """
        if candidate is None or not candidate["candidate"]:
            if not self._candidates:
                self.drop("the client has no address")
            return
        self._add_candidate(parse_candidate(candidate["candidate"], candidate["sdpMid"], candidate["sdpMLineIndex"]))

    def send(self, event: Mapping[str, Any]) -> None:
        """Send one event on the channel, if it is open."""
        if self.has_channel:
            self._channel.send(event)

    def refuse(self, error: ApiError) -> None:
        """Say what the client did wrong, and close the connection."""
        self.send({"type": "error", **error.body()})
        self.drop(error.error)

    def drop(self, reason: str) -> None:
        """Close the connection, and report it as lost."""
        if self._enter(PeerState.CLOSED):
            self._closing = asyncio.ensure_future(self._close())
            self._observer.peer_lost(self, reason)

    async def close(self) -> None:
        """Close the connection, and wait until it is closed. May be called repeatedly."""
        if self._enter(PeerState.CLOSED):
            self._closing = asyncio.ensure_future(self._close())
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def _enter(self, state: PeerState) -> bool:
        """Change the state, if the table allows it."""
        if state not in NEXT_STATES[self._state]:
            return False
        self._state = state
        return True

    async def _negotiate(self, offer: ParsedOffer) -> str:
        add_tracks(self._pc, offer.kinds, self.speaker, self.avatar, receives_audio=self._has_ear)
        sdp = offer.sdp
        if not self._settings.fast_path:
            # aiortc has no ECDHE-RSA suites to offer as DTLS client; as server it needs none.
            sdp = sdp.replace("a=setup:actpass", "a=setup:active")
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="offer"))
        if self._settings.fast_path:
            microphone = None if self._sink is None else JitterBuffer(self._sink)
            self._microphone = microphone
            use_loopback = self._settings.allow_private_candidates
            packets = self._take_packet if self._has_ear else None
            aiortc_internals.patch(self._pc, packets, self.drop, use_loopback=use_loopback)
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        answer = str(self._pc.localDescription.sdp)
        self.candidate_types = candidate_types(answer)
        ours = [t for t in self._pc.getTransceivers() if t.sender.track is self.speaker]
        self._sends_audio = any(t.currentDirection in ("sendrecv", "sendonly") for t in ours)
        return answer

    def _on_track(self, track: MediaStreamTrack) -> None:
        """Receive the microphone as a decoded track of aiortc, without the fast path."""
        is_ours = any(t.receiver.track is track and t.sender.track is self.speaker for t in self._pc.getTransceivers())
        if is_ours and self._has_ear and not self._settings.fast_path:
            sink = self._sink if self._tap is None else EncodingSink(self._sink, self._tap)
            if sink is not None:
                self._microphone = DecodedTrack(sink, track)

    @property
    def _has_ear(self) -> bool:
        return self._sink is not None or self._tap is not None

    def _take_packet(self, packet: aiortc_internals.ReceivedPacket) -> None:
        if self._tap is not None:
            self._tap(VoicePacket(packet.ssrc, packet.sequence_number, packet.timestamp, packet.payload))
        if isinstance(self._microphone, JitterBuffer):
            self._microphone.push(packet)

    def _add_candidate(self, candidate: RTCIceCandidate) -> None:
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES or self._state is PeerState.CLOSED:
            return
        if not acceptable(candidate, allow_private=self._settings.allow_private_candidates):
            return
        candidate.sdpMid, candidate.sdpMLineIndex = None, 0  # all sections share one transport
        task = asyncio.ensure_future(self._pc.addIceCandidate(candidate))
        self._adding.add(task)
        task.add_done_callback(self._candidate_added)

    def _candidate_added(self, task: "asyncio.Task[None]") -> None:
        self._adding.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.info("a candidate was refused: %s", type(task.exception()).__name__)

    def _on_state(self) -> None:
        state = self._pc.connectionState
        if state == "connected" and self._enter(PeerState.CONNECTED):
            self._deadline.cancel()
            self._observer.peer_connected(self)
        elif state in ("failed", "closed"):
            self.drop("vanished")

    async def _close(self) -> None:
        self._deadline.cancel()
        self.speaker.stop()
        if self._microphone is not None:
            self._microphone.close()
        if self.avatar is not None:
            self.avatar.stop()
        for task in self._adding:
            task.cancel()
        closing = _in_background(self._close_connection())
        await asyncio.wait({closing}, timeout=CLOSE_TIMEOUT_S)
        if not closing.done():
            log.warning("a peer takes longer than %.0f s to close", CLOSE_TIMEOUT_S)

    async def _close_connection(self) -> None:
        if self._negotiation is not None:  # sockets that gathering opens after a close would never be closed
            await asyncio.wait({self._negotiation})
        try:
            await self._pc.close()
        except Exception as error:  # after an offer that aiortc processed partially
            log.info("a peer closed badly: %s", type(error).__name__)


def _in_background(work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
    """Run `work` to its end, even if its caller stops waiting."""
    task = asyncio.ensure_future(work)
    _background.add(task)
    task.add_done_callback(_background.discard)
    return task
