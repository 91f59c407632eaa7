"""One WebRTC connection: the offer's answer, the events channel, the speaker, and the one place that closes it all."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from banker.config.settings import MediaSettings
from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.ice import acceptable, govern_gathering
from banker.rtc.peer_tracks import add_tracks, guard_channels, take_over
from banker.rtc.sdp import MAX_CANDIDATES, BadOffer, finish_answer, parse_candidate, take_candidates
from banker.rtc.video.avatar_track import AvatarTrack
from banker.server.message_rate import MessageRateLimit

log = logging.getLogger(__name__)

CONNECT_SECONDS = 30.0
"""An offer that has not become a connection by then frees its place."""
CLOSE_SECONDS = 2.0
"""What a close is waited for; one whose TURN server is gone goes on by itself."""
UNREAD_BYTES = 1024 * 1024
"""A client that leaves this much unread is taken for gone."""
EVENT_BYTES = 64 * 1024
EVENTS, EVENTS_SECONDS = 100, 10.0
"""More events in so many seconds are no person's."""
WRONG_CHANNELS = 8
"""Channels that are refused before the client is hung up on."""
EVENTS_LABEL = "events"

_UNANSWERABLE = (ValueError, AssertionError, LookupError, AttributeError, TypeError, RuntimeError, OperationError)
"""What aiortc raises for offers that it cannot read; RuntimeError is a StopIteration inside of it."""
_closing_still: "set[asyncio.Future[Any]]" = set()


class NoCandidates(Exception):
    """There is no local port left to be reached at."""


class Peer:
    """Belongs to the media loop. The callbacks are called in the loop, `lost` once at most.

    `received` gets the text of a message; None for one that is binary or larger than 64 KiB.
    """

    def __init__(
        self,
        media: MediaSettings,
        ice_servers: list[RTCIceServer],
        *,
        speaker: Speaker,
        face: AvatarTrack | None,
        microphone: JitterBuffer | None,
        connected: Callable[[], None],
        channel_open: Callable[[], None],
        received: Callable[[str | None], None],
        lost: Callable[[str], None],
        dead_server: Callable[[str], None],
    ) -> None:
        self.speaker = speaker
        self._media = media
        self.face = face
        self._microphone = microphone
        if face is not None:
            speaker.changed = face.wake
        self._connected, self._channel_open, self._received, self._lost = connected, channel_open, received, lost
        self._dead_server = dead_server
        self._channel: RTCDataChannel | None = None
        self._closing: asyncio.Task[None] | None = None
        self._trickled: set[asyncio.Task[None]] = set()
        self._candidates = 0
        self._wrong_channels = 0
        self._pace = MessageRateLimit(EVENTS, EVENTS_SECONDS)
        self._sounds = False
        self._connections: set[Any] = set()
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("datachannel", self._on_channel)
        self._deadline = asyncio.get_running_loop().call_later(CONNECT_SECONDS, self._give_up)

    @property
    def is_connected(self) -> bool:
        """Whether sound can be heard at the other side."""
        return self._sounds and bool(self._pc.connectionState == "connected") and self._closing is None

    @property
    def has_channel(self) -> bool:
        """Whether events can be sent."""
        return self._channel is not None and self._channel.readyState == "open" and self._closing is None

    async def answer(self, offer: str) -> str:
        """The SDP that answers `offer`. Raises `BadOffer`, and `NoCandidates` when every port is taken."""
        description, candidates = take_candidates(offer)
        try:
            answer = await self._negotiate(description)
        except (InvalidAccessError, InvalidStateError) as error:
            raise BadOffer("The offer came while the connection was being closed.") from error
        except _UNANSWERABLE as error:
            log.info("offer refused: %s", type(error).__name__)
            raise BadOffer("The offer cannot be answered; send one that a browser's RTCPeerConnection made.") from error
        finally:
            if self._closing is not None:
                self._finish(self._close_connections())  # of what was gathered after the close
        if self._closing is not None:
            raise BadOffer("The offer came while the connection was being closed.")
        if "a=candidate:" not in answer:
            raise NoCandidates
        for candidate in candidates:
            self._trickle(candidate)
        return finish_answer(answer, self._media.public_address)

    def add_candidate(self, candidate: Mapping[str, Any] | None) -> None:
        """Take a trickled candidate. Raises `BadOffer`.

        The end of candidates is not passed on: an ICE agent that knows of it gives up before the client's own checks
        come in, and the deadline ends a hopeless connection anyway.
        """
        if candidate is None or not candidate["candidate"]:
            return
        self._trickle(parse_candidate(candidate["candidate"], candidate["sdpMid"], candidate["sdpMLineIndex"]))

    def send(self, event: Mapping[str, Any]) -> None:
        """Send one event on the channel, if it is open."""
        if self.has_channel and self._channel is not None:
            if self._channel.bufferedAmount > UNREAD_BYTES:
                self._drop("unread")
                return
            try:
                self._channel.send(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
            except ValueError:
                log.error("an event is larger than the client takes: %s", event["type"])

    def drop(self, why: str) -> None:
        """Hang up on the client, which is told by `lost` like any other loss."""
        self._drop(why)

    async def close(self) -> None:
        """Close and wait until nothing is left. May be called any number of times."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _negotiate(self, offer: str) -> str:
        add_tracks(self._pc, offer, self.speaker, self.face)
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        loopback = self._media.allow_private_candidates
        self._connections = govern_gathering(self._pc, loopback=loopback, dead_server=self._dead_server)
        take_over(self._pc, self.speaker, self.face, self._microphone)
        guard_channels(self._pc, self._drop)
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        ours = [t for t in self._pc.getTransceivers() if t.sender.track is self.speaker]
        self._sounds = any(t.currentDirection in ("sendrecv", "sendonly") for t in ours)
        return str(self._pc.localDescription.sdp)

    def _trickle(self, candidate: Any) -> None:
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES or self._closing is not None:
            return
        if not acceptable(candidate, allow_private=self._media.allow_private_candidates):
            return
        task = asyncio.ensure_future(self._pc.addIceCandidate(candidate))
        self._trickled.add(task)
        task.add_done_callback(self._trickle_done)

    def _trickle_done(self, task: "asyncio.Task[None]") -> None:
        self._trickled.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.info("candidate not taken: %s", type(task.exception()).__name__)

    def _on_state(self) -> None:
        state = self._pc.connectionState
        if state == "connected":
            self._deadline.cancel()
            self._connected()
        elif state in ("failed", "closed"):
            self._drop("vanished")

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label != EVENTS_LABEL or self.has_channel:
            channel.close()
            self._wrong_channels += 1
            if self._wrong_channels > WRONG_CHANNELS:
                self._drop("opened too many channels")
            return
        self._channel = channel
        channel.on("message", self._on_message)
        self._channel_open()

    def _on_message(self, message: str | bytes) -> None:
        if not self._pace.allows(asyncio.get_running_loop().time()):
            self._drop("sent too many events")
            return
        fits = isinstance(message, str) and len(message.encode()) <= EVENT_BYTES
        self._received(message if fits and isinstance(message, str) else None)

    def _give_up(self) -> None:
        self._drop("never connected")

    def _drop(self, why: str) -> None:
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
            self._lost(why)

    async def _close(self) -> None:
        self._deadline.cancel()
        self.speaker.stop()
        if self._microphone is not None:
            self._microphone.close()
        if self.face is not None:
            self.face.stop()
        for task in self._trickled:
            task.cancel()
        closing = self._finish(self._close_connections())
        await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
        if not closing.done():
            log.warning("a peer takes longer than %s s to close", CLOSE_SECONDS)

    async def _close_connections(self) -> None:
        try:
            await self._pc.close()
        except Exception as error:  # after an offer that aiortc took in halfway
            log.info("a peer closed badly: %s", type(error).__name__)
        for connection in self._connections:
            await connection.close()

    def _finish(self, work: Coroutine[Any, Any, None]) -> "asyncio.Future[None]":
        """Run to the end, whoever stops waiting for it."""
        task = asyncio.ensure_future(work)
        _closing_still.add(task)
        task.add_done_callback(_closing_still.discard)
        return task
