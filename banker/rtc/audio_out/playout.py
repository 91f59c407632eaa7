"""The banker's audio track: sends Opus packets on one clock, and nothing in silence."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import Packet

from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, PACKET_SECONDS, SAMPLE_RATE, TIME_BASE, EncodedAudio

MAX_LATENESS_S = 0.2
"""A playout later than this continues from now, instead of sending the missed packets in a burst that a receiver's
jitter buffer (about 200 ms) would drop."""


MAX_RELAYED = 25
"""Packets of somebody else's voice that wait: half a second."""
MAX_DRIFT_SAMPLES = 2 * SAMPLE_RATE
"""The clock of a relayed voice that is further off than this is taken anew."""


class RelayedPacket(Protocol):
    """A packet of somebody else's voice, with what of its RTP header matters."""

    @property
    def ssrc(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


class Playout:
    """One utterance being played: how far it is, and a future with the fraction that was said in the end."""

    def __init__(self, audio: EncodedAudio, started: Callable[[], None], extended: Callable[[], None]) -> None:
        self.audio = audio
        self.sent = 0
        self.finished: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._started = started
        self._extended = extended
        self._fraction = 0.0
        if not audio.complete:
            audio.listeners.add(extended)

    @property
    def fraction(self) -> float:
        """The fraction of the text that was said, 0 to 1; an estimate while the audio grows. Never decreases."""
        self._fraction = max(self._fraction, self.audio.said(self.sent))
        return self._fraction

    @property
    def is_starved(self) -> bool:
        """Whether the next packet does not exist yet, or never will."""
        return self.sent == len(self.audio.packets)

    @property
    def is_over(self) -> bool:
        """Whether all of it was sent."""
        return self.is_starved and self.audio.complete

    def next_packet(self) -> bytes:
        """The packet to send now."""
        self.sent += 1
        if self.sent == 1:
            self._started()
        return self.audio.packets[self.sent - 1]

    def finish(self) -> None:
        """Resolve `finished`, unless it is resolved already."""
        self.audio.listeners.discard(self._extended)
        if not self.finished.done():
            self.finished.set_result(self.fraction)


class Speaker(MediaStreamTrack):
    """`recv` returns encoded packets, 20 ms apart, and waits while there is nothing to play.

    `observe_lateness` gets each packet's lateness in seconds.
    """

    kind = "audio"

    def __init__(self, observe_lateness: Callable[[float], None] = lambda seconds: None) -> None:
        super().__init__()
        self.changed: Callable[[], None] = lambda: None
        """Called when sound starts after silence, and when it is cancelled or paused."""
        self.far_end = FarEndReference()
        self._now = asyncio.get_running_loop().time
        self._observe_lateness = observe_lateness
        self._queue: deque[Playout] = deque()
        self._playable = asyncio.Event()
        self._origin: float | None = None
        self._due = 0.0
        self._is_silent = True
        self._paused = False
        self._relayed: deque[RelayedPacket] = deque(maxlen=MAX_RELAYED)
        self._relay_offset: tuple[int, int] | None = None
        self._last_pts = -1

    def relay(self, packet: RelayedPacket) -> None:
        """Send a packet of somebody else's voice at once, before what is queued."""
        if self.readyState == "live":
            self._relayed.append(packet)
            self._playable.set()

    def play(self, audio: EncodedAudio, started: Callable[[], None] = lambda: None) -> Playout:
        """Queue `audio`, which may still grow, behind what is playing. `started` is called with its first packet."""
        playout = Playout(audio, started, self._continue)
        if self.readyState != "live" or playout.is_over:
            playout.finish()
            return playout
        self._queue.append(playout)
        self._continue()
        return playout

    def cancel(self) -> None:
        """Stop after the packet that is being sent, and drop what is queued."""
        while self._queue:
            self._queue.popleft().finish()
        self._fall_silent()

    def pause(self) -> None:
        """Stop after the packet that is being sent, and keep the position; what is played from now on waits."""
        self._paused = True
        self._fall_silent()

    def resume(self) -> None:
        """Continue with the packet after the last one that was sent."""
        self._paused = False
        self._continue()

    def mouth(self) -> float | str | None:
        """The viseme of what is playing right now, or else its loudness, 0 to 1; None in silence."""
        if not self._queue or self._is_silent:
            return None
        playout = self._queue[0]
        viseme = playout.audio.viseme(playout.sent)
        if viseme is not None:
            return viseme
        levels = playout.audio.levels
        return levels[min(playout.sent, len(levels) - 1)] / 255 if levels else None

    async def recv(self) -> "Packet[Any]":
        """The next packet, when it is due. Raises `MediaStreamError` once the track has ended."""
        while True:
            while not self._has_packet:
                if (relayed := self._next_relayed()) is not None:
                    return relayed
                if self.readyState != "live":
                    raise MediaStreamError
                self._is_silent = True
                self._playable.clear()
                await self._playable.wait()
            await self._wait_until_due()
            if self._has_packet and not self._is_silent:
                return self._next_packet()

    def stop(self) -> None:
        """End the track; every playout's future is resolved."""
        super().stop()
        self.cancel()
        self._playable.set()

    @property
    def _has_packet(self) -> bool:
        return bool(self._queue) and not self._paused and not self._queue[0].is_starved

    def _continue(self) -> None:
        """Wake `recv` if there is a packet: audio was queued or has grown, or the pause is over."""
        self._drop_finished()
        if self._has_packet and not self._playable.is_set():
            self._playable.set()
            self.changed()

    def _drop_finished(self) -> None:
        while self._queue and self._queue[0].is_over:
            self._queue.popleft().finish()

    def _fall_silent(self) -> None:
        self._playable.clear()
        self._is_silent = True
        self.changed()

    def _next_relayed(self) -> "Packet[Any] | None":
        """Return the next packet of somebody else's voice that follows the last one, in this track's clock."""
        while self._relayed:
            relayed = self._relayed.popleft()
            now = round((self._now() - self._start_clock()) / PACKET_SECONDS) * PACKET_SAMPLES
            ssrc, offset = self._relay_offset or (-1, 0)
            pts = (relayed.timestamp + offset) & 0xFFFFFFFF
            if ssrc != relayed.ssrc or abs(pts - now) > MAX_DRIFT_SAMPLES:  # another voice, or a jump of its clock
                pts = max(now, self._last_pts + PACKET_SAMPLES)
                self._relay_offset = relayed.ssrc, (pts - relayed.timestamp) & 0xFFFFFFFF
            if pts <= self._last_pts:
                continue  # it was overtaken
            packet: Packet[Any] = Packet(relayed.payload)
            packet.pts, packet.time_base, self._last_pts = pts, TIME_BASE, pts
            self._due = max(self._due, self._start_clock() + (pts + PACKET_SAMPLES) / SAMPLE_RATE)
            return packet
        return None

    def _start_clock(self) -> float:
        if self._origin is None:
            now = self._now()
            self._origin = now - now % PACKET_SECONDS  # the packets of all speakers are due together: one loop wake-up
        return self._origin

    async def _wait_until_due(self) -> None:
        now = self._now()
        origin = self._start_clock()
        if self._is_silent or now - self._due > MAX_LATENESS_S:
            # The RTP clock runs on through silence, in whole packets.
            passed = -(-(now - origin) // PACKET_SECONDS)
            self._due = max(self._due, origin + passed * PACKET_SECONDS)
            self._is_silent = False
        if self._due > now:
            await asyncio.sleep(self._due - now)
        self._observe_lateness(max(0.0, self._now() - self._due))

    def _next_packet(self) -> "Packet[Any]":
        assert self._origin is not None  # noqa: S101 - set by _wait_until_due
        playout = self._queue[0]
        self.far_end.add(self._due, playout.audio, playout.sent)
        packet: Packet[Any] = Packet(playout.next_packet())
        packet.pts = self._last_pts = round((self._due - self._origin) / PACKET_SECONDS) * PACKET_SAMPLES
        packet.time_base = TIME_BASE
        self._due += PACKET_SECONDS
        self._drop_finished()
        return packet
