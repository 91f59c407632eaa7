"""The banker's audio track: plays Opus packets out on one clock and sends nothing in between."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import Packet

from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, PACKET_SECONDS, TIME_BASE, EncodedAudio

LATE_SECONDS = 0.2
"""A playout that is later than this goes on from now instead of sending the missed packets in a burst."""


class Playout:
    """One sound on its way out: how far it is, and a future that tells how far it came."""

    def __init__(self, sound: EncodedAudio, begun: Callable[[], None], grown: Callable[[], None]) -> None:
        self.sound = sound
        self.sent = 0
        self.finished: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._begun = begun
        self._grown = grown
        self._fraction = 0.0
        if not sound.whole:
            sound.listeners.add(grown)

    @property
    def fraction(self) -> float:
        """The part of the sound that was sent, 0 to 1; while it still grows, as well as its length is known."""
        self._fraction = max(self._fraction, self.sent / max(1, self.sound.length))
        return self._fraction

    @property
    def waits(self) -> bool:
        """Whether what comes next is still being made."""
        return self.sent == len(self.sound.packets)

    @property
    def is_over(self) -> bool:
        """Whether all of it was sent."""
        return self.waits and self.sound.whole

    def next(self) -> bytes:
        """The packet to send now."""
        self.sent += 1
        if self.sent == 1:
            self._begun()
        return self.sound.packets[self.sent - 1]

    def finish(self) -> None:
        """Tell whoever waits how far it came; telling twice does no harm."""
        self.sound.listeners.discard(self._grown)
        if not self.finished.done():
            self.finished.set_result(self.fraction)


class Speaker(MediaStreamTrack):
    """`recv` returns packets that are encoded already, 20 ms apart, and waits while there is nothing to say."""

    kind = "audio"

    def __init__(self, late: Callable[[float], None] = lambda seconds: None) -> None:
        super().__init__()
        self.changed: Callable[[], None] = lambda: None
        """Called when sound starts after silence, and when it is silenced or paused."""
        self.played = FarEndReference()
        self._now = asyncio.get_running_loop().time
        self._late = late
        self._queue: deque[Playout] = deque()
        self._something = asyncio.Event()
        self._origin: float | None = None
        self._due = 0.0
        self._quiet = True
        self._paused = False

    def play(self, sound: EncodedAudio, begun: Callable[[], None] = lambda: None) -> Playout:
        """Queue `sound` behind what is playing; the playout's future has the fraction that was sent.

        It may still grow. `begun` is called with its first packet.
        """
        playout = Playout(sound, begun, self._go_on)
        if self.readyState != "live" or playout.is_over:
            playout.finish()
            return playout
        self._queue.append(playout)
        self._go_on()
        return playout

    def silence(self) -> None:
        """Stop at once (with the packet that is under way) and forget what was queued."""
        while self._queue:
            self._queue.popleft().finish()
        self._fall_silent()

    def pause(self) -> None:
        """Stop at once (with the packet that is under way) and keep the place; what is played from now on waits."""
        self._paused = True
        self._fall_silent()

    def resume(self) -> None:
        """Go on with the packet behind the last one that was sent."""
        self._paused = False
        self._go_on()

    def mouth(self) -> float | None:
        """Loudness of what plays right now, 0 to 1; None in silence."""
        if not self._queue or self._quiet:
            return None
        playout = self._queue[0]
        levels = playout.sound.levels
        return levels[min(playout.sent, len(levels) - 1)] / 255 if levels else None

    async def recv(self) -> "Packet[Any]":
        """The next packet, when it is due. Raises `MediaStreamError` once the track has ended."""
        while True:
            while not self._has_next:
                if self.readyState != "live":
                    raise MediaStreamError
                self._quiet = True
                self._something.clear()
                await self._something.wait()
            await self._wait_until_due()
            if self._has_next and not self._quiet:
                return self._next_packet()

    def stop(self) -> None:
        """End the track; nobody is left waiting for a playout."""
        super().stop()
        self.silence()
        self._something.set()

    @property
    def _has_next(self) -> bool:
        return bool(self._queue) and not self._paused and not self._queue[0].waits

    def _go_on(self) -> None:
        """There may be something to send: it was queued, it has grown, or the pause is over."""
        self._leave_what_is_over()
        if self._has_next and not self._something.is_set():
            self._something.set()
            self.changed()

    def _leave_what_is_over(self) -> None:
        while self._queue and self._queue[0].is_over:
            self._queue.popleft().finish()

    def _fall_silent(self) -> None:
        self._something.clear()
        self._quiet = True
        self.changed()

    async def _wait_until_due(self) -> None:
        now = self._now()
        if self._origin is None:
            self._origin = now - now % PACKET_SECONDS  # all speakers' packets are due at once: one waking of the loop
        if self._quiet or now - self._due > LATE_SECONDS:
            # The RTP clock runs on through silence, in whole packets.
            passed = -(-(now - self._origin) // PACKET_SECONDS)
            self._due = max(self._due, self._origin + passed * PACKET_SECONDS)
            self._quiet = False
        if self._due > now:
            await asyncio.sleep(self._due - now)
        self._late(max(0.0, self._now() - self._due))

    def _next_packet(self) -> "Packet[Any]":
        assert self._origin is not None  # noqa: S101 - set by _wait_until_due
        playout = self._queue[0]
        self.played.add(self._due, playout.sound, playout.sent)
        packet: Packet[Any] = Packet(playout.next())
        packet.pts = round((self._due - self._origin) / PACKET_SECONDS) * PACKET_SAMPLES
        packet.time_base = TIME_BASE
        self._due += PACKET_SECONDS
        self._leave_what_is_over()
        return packet
