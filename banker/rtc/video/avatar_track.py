"""The banker's video track: it encodes nothing and only picks which of the avatar's frames goes next."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Literal, Protocol

from aiortc import MediaStreamTrack
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, MediaStreamError
from av import Packet

from banker.rtc.video.avatar import Avatar

FaceState = Literal["idle", "listening", "thinking", "speaking"]

TICK_SECONDS = 1 / 16
"""How often the mouth is looked at while speaking: never 80 ms off. Not every look sends: about 12 a second do."""
REPEAT_SECONDS = 1.0
"""A picture that stays is sent again so often, for receivers that joined late or lost it."""
BLINK_EVERY_SECONDS = (2.5, 6.0)
SILENT = 0.12
"""Loudness below which the mouth is closed."""
LOUD = 0.9
"""Loudness of the loudest moments; each mouth has an equal part of the way from `SILENT` to it."""


class Playhead(Protocol):
    """What the sound tells the face."""

    def mouth(self) -> float | str | None:
        """Loudness (0 to 1) or viseme of what is played out right now, in steps of 20 ms; None while silent."""


class AvatarTrack(MediaStreamTrack):
    """`recv` returns VP8 key frames that are encoded already: a few a second, about 12 a second while speaking.

    Every frame is a key frame, so a receiver's request for one (PLI, FIR) needs no answer. To be used in the media loop
    alone; `clock` gives seconds, by default the loop's own time.
    """

    kind = "video"

    def __init__(
        self,
        avatar: Avatar,
        playhead: Playhead,
        clock: Callable[[], float] | None = None,
        chance: random.Random | None = None,
    ) -> None:
        super().__init__()
        self._avatar = avatar
        self._playhead = playhead
        self._clock = clock or asyncio.get_running_loop().time
        self._chance = chance or random.Random()  # noqa: S311 - when to blink is no secret
        self._woken = asyncio.Event()
        self._origin = now = self._clock()
        self._state: FaceState = "idle"
        self._look: FaceState = "idle"
        self._look_since = now
        self._mouth_level = 0
        self._mouth = avatar.manifest.mouths[0][0]
        self._blink_at = now + self._chance.uniform(*BLINK_EVERY_SECONDS)
        self._shown = ""
        self._repeat_at = now
        self._pts = -1
        self._warming: asyncio.Future[None] | None = None

    @property
    def state(self) -> FaceState:
        """What the banker does; sound that plays out shows as speaking whatever this says."""
        return self._state

    @state.setter
    def state(self, state: FaceState) -> None:
        self._state = state
        self.wake()

    def wake(self) -> None:
        """Look at once what there is to show: the sound has started or has been stopped."""
        self._woken.set()

    def stop(self) -> None:
        """End the track; a `recv` that waits raises `MediaStreamError`."""
        super().stop()
        self.wake()

    async def recv(self) -> "Packet[Any]":
        """The next frame, when there is something new to show. Raises `MediaStreamError` once the track has ended."""
        while self.readyState == "live":
            now = self._clock()
            self._woken.clear()
            name = self._choose(now)
            if name != self._shown or now >= self._repeat_at:
                frame = self._avatar.ready(name)
                if frame is not None:
                    self._shown = name
                    self._repeat_at = now + REPEAT_SECONDS
                    return self._packet(frame, now)
                await self._encode(name)
            else:
                await self._sleep(self._next_look(now) - now)
        raise MediaStreamError

    def _packet(self, frame: bytes, now: float) -> "Packet[Any]":
        self._pts = max(self._pts + 1, round((now - self._origin) * VIDEO_CLOCK_RATE))
        packet: Packet[Any] = Packet(frame)
        packet.pts = self._pts
        packet.time_base = VIDEO_TIME_BASE
        return packet

    async def _encode(self, name: str) -> None:
        """The first session that needs a picture has it encoded beside the loop, and then all the others."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._avatar.frame, name)
        if self._warming is None:
            self._warming = loop.run_in_executor(None, self._avatar.warm)

    async def _sleep(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().call_later(max(0.001, seconds), self._woken.set)
        try:
            await self._woken.wait()
        finally:
            alarm.cancel()

    def _choose(self, now: float) -> str:
        """The name of the picture for this moment."""
        sound = self._playhead.mouth()
        look = self._state if sound is None else "speaking"
        if look != self._look:
            self._look, self._look_since = look, now
        self._move_mouth(sound)
        mouth = self._mouth if look == "speaking" else ""
        return self._avatar.name(look, self._beat(now), self._eyes(now), mouth)

    def _beat(self, now: float) -> int:
        look = self._avatar.manifest.state(self._look)
        return int((now - self._look_since) * 1000 / look.beat_ms) % len(look.beats)

    def _eyes(self, now: float) -> int:
        """0 for open eyes, or how far the lids are on their way down and up again."""
        lids = len(self._avatar.manifest.state(self._look).eyes) - 1
        step = int((now - self._blink_at) / TICK_SECONDS)
        if now < self._blink_at or lids < 1:
            return 0
        if step >= 2 * lids:
            self._blink_at = now + self._chance.uniform(*BLINK_EVERY_SECONDS)
            return 0
        return min(step + 1, 2 * lids - step)

    def _move_mouth(self, sound: float | str | None) -> None:
        rows = self._avatar.manifest.mouths
        if isinstance(sound, str):
            self._mouth_level = -1
            self._mouth = self._avatar.manifest.visemes.get(sound, rows[len(rows) // 2][0])
            return
        level = _level(sound or 0.0, len(rows))
        if level != self._mouth_level:
            self._mouth_level = level
            self._mouth = self._chance.choice(rows[level])

    def _next_look(self, now: float) -> float:
        """When the picture may change by itself. Sound may start at any moment while thinking or speaking."""
        if self._look in ("thinking", "speaking") or now >= self._blink_at:
            return now + TICK_SECONDS
        seconds = self._avatar.manifest.state(self._look).beat_ms / 1000
        beats = int((now - self._look_since) / seconds)
        return min(self._look_since + (beats + 1) * seconds, self._blink_at, self._repeat_at)


def _level(loudness: float, levels: int) -> int:
    """Which row of mouths, from closed (0), a loudness opens."""
    if loudness < SILENT:
        return 0
    opened = (loudness - SILENT) / (LOUD - SILENT)
    return min(levels - 1, 1 + int(opened * (levels - 1)))
