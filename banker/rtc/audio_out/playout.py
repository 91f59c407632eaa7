"""The banker's audio track: sends Opus packets on one clock, and no packets in silence."""

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
"""A playout that is later than this continues from now. Sending the missed packets in a burst would overflow a
receiver's jitter buffer (about 200 ms)."""


MAX_RELAYED = 25
"""How many packets of a colleague's voice may wait: half a second."""
MAX_DRIFT_SAMPLES = 2 * SAMPLE_RATE
"""A relayed voice whose clock deviates more than this is resynchronised."""


class RelayedPacket(Protocol):
    """A packet of a colleague's voice, with the relevant fields of its RTP header."""

    @property
    def ssrc(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


class Playout:
    """One utterance being played: its progress, and a future with the fraction that was spoken in the end."""

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
        """The spoken fraction of the text, 0 to 1; an estimate while the audio grows. Never decreases."""
        self._fraction = max(self._fraction, self.audio.said(self.sent))
        return self._fraction

    @property
    def is_starved(self) -> bool:
        """Whether the next packet does not exist, or not yet."""
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
    """An audio track whose `recv` returns encoded packets, 20 ms apart, and waits in silence.

    `observe_lateness` gets each packet's lateness in seconds.
    """

    kind = "audio"

    def __init__(self, observe_lateness: Callable[[float], None] = lambda seconds: None) -> None:
        super().__init__()
        self.changed: Callable[[], None] = lambda: None
        """Called when sound starts after silence, is cancelled or is paused."""
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
        """Send a packet of a colleague's voice at once, before queued audio."""
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
        """Stop after the current packet, and drop all queued audio."""
        while self._queue:
            self._queue.popleft().finish()
        self._fall_silent()

    def pause(self) -> None:
        """Pause after the current packet, and keep the position. New audio waits."""
        self._paused = True
        self._fall_silent()

    def resume(self) -> None:
        """Continue after the last packet that was sent."""
        self._paused = False
        self._continue()

    def mouth(self) -> float | str | None:
        """Return the viseme of the sound being played, or else its loudness, 0 to 1; None in silence."""
        if not self._queue or self._is_silent:
            return None
        playout = self._queue[0]
        viseme = playout.audio.viseme(playout.sent)
        if viseme is not None:
            return viseme
        levels = playout.audio.levels
        return levels[min(playout.sent, len(levels) - 1)] / 255 if levels else None

    async def recv(self) -> "Packet[Any]":
        """Return the next packet when it is due. Raises `MediaStreamError` once the track has ended."""
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
        """End the track, and resolve the future of every playout."""
        super().stop()
        self.cancel()
        self._playable.set()

    @property
    def _has_packet(self) -> bool:
        return bool(self._queue) and not self._paused and not self._queue[0].is_starved

    def _continue(self) -> None:
        """Wake `recv` if a packet is ready: audio was queued or has grown, or the pause is over."""
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
        """Return the next packet of a colleague's voice, in this track's clock."""
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
