"""The banker's audio track: plays Opus packets out on one clock and sends nothing in between."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import Packet

from banker.media.opus import PACKET_SAMPLES, PACKET_SECONDS, TIME_BASE, Sound

LATE_SECONDS = 0.2
"""A playout that is later than this goes on from now instead of sending the missed packets in a burst."""


class Playout:
    """One sound on its way out: how far it is, and a future that tells how far it came."""

    def __init__(self, sound: Sound) -> None:
        self.sound = sound
        self.sent = 0
        self.finished: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    @property
    def fraction(self) -> float:
        """The part of the sound that was sent, 0 to 1."""
        return self.sent / max(1, len(self.sound.packets))

    def finish(self) -> None:
        """Tell whoever waits how far it came; telling twice does no harm."""
        if not self.finished.done():
            self.finished.set_result(self.fraction)


class Speaker(MediaStreamTrack):
    """`recv` returns packets that are encoded already, 20 ms apart, and waits while there is nothing to say."""

    kind = "audio"

    def __init__(self, late: Callable[[float], None] = lambda seconds: None) -> None:
        super().__init__()
        self.changed: Callable[[], None] = lambda: None
        """Called when sound starts after silence, and when it is silenced or paused."""
        self._now = asyncio.get_running_loop().time
        self._late = late
        self._queue: deque[Playout] = deque()
        self._something = asyncio.Event()
        self._origin: float | None = None
        self._due = 0.0
        self._quiet = True
        self._paused = False

    def play(self, sound: Sound) -> Playout:
        """Queue `sound` behind what is playing; the playout's future has the fraction that was sent."""
        playout = Playout(sound)
        if self.readyState != "live" or not sound.packets:
            playout.finish()
            return playout
        self._queue.append(playout)
        if not self._something.is_set():
            self._something.set()
            self.changed()
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
        if self._queue:
            self._something.set()
            self.changed()

    def mouth(self) -> float | None:
        """Loudness of what plays right now, 0 to 1; None in silence."""
        if not self._queue or self._quiet:
            return None
        playout = self._queue[0]
        levels = playout.sound.levels
        return levels[min(playout.sent, len(levels) - 1)] / 255

    async def recv(self) -> "Packet[Any]":
        """The next packet, when it is due. Raises `MediaStreamError` once the track has ended."""
        while True:
            while not self._queue or self._paused:
                if self.readyState != "live":
                    raise MediaStreamError
                self._quiet = True
                self._something.clear()
                await self._something.wait()
            await self._wait_until_due()
            if self._queue and not self._quiet:
                return self._next_packet()

    def stop(self) -> None:
        """End the track; nobody is left waiting for a playout."""
        super().stop()
        self.silence()
        self._something.set()

    def _fall_silent(self) -> None:
        self._something.clear()
        self._quiet = True
        self.changed()

    async def _wait_until_due(self) -> None:
        now = self._now()
        if self._origin is None:
            self._origin = now
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
        packet: Packet[Any] = Packet(playout.sound.packets[playout.sent])
        packet.pts = round((self._due - self._origin) / PACKET_SECONDS) * PACKET_SAMPLES
        packet.time_base = TIME_BASE
        playout.sent += 1
        self._due += PACKET_SECONDS
        if playout.sent == len(playout.sound.packets):
            self._queue.popleft()
            playout.finish()
        return packet
