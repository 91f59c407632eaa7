"""The banker's video track: chooses which of the avatar's encoded frames is sent next."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Literal, Protocol

from aiortc import MediaStreamTrack
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, MediaStreamError
from av import Packet

from banker.rtc.video.avatar import Avatar

VisualState = Literal["idle", "listening", "thinking", "speaking"]

TICK_S = 1 / 16
"""How often the mouth is updated while speaking, so that it is never 80 ms late. It changes about 12 times a second."""
REPEAT_S = 1.0
"""An unchanged image is sent again this often, for receivers that joined late or lost it."""
BLINK_INTERVAL_S = (2.5, 6.0)
"""People blink every few seconds, irregularly."""
SILENT = 0.12
"""Loudness below which the mouth is closed."""
LOUD = 0.9
"""The loudness of the loudest moments. The mouths divide the range from `SILENT` to it equally."""


class Playhead(Protocol):
    """The sound that the avatar's mouth follows."""

    def mouth(self) -> float | str | None:
        """Return the loudness (0 to 1) or viseme of the sound being played, in steps of 20 ms; None in silence."""


class AvatarTrack(MediaStreamTrack):
    """A video track whose `recv` returns encoded VP8 key frames: a few a second, about 12 a second while speaking.

    Every frame is a key frame, so a receiver's request for one (PLI, FIR) needs no answer. Belongs to the media loop;
    `clock` gives seconds, by default the loop's time.
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
        self._chance = chance or random.Random()  # noqa: S311 - when to blink is not a secret
        self._changed = asyncio.Event()
        self._origin = now = self._clock()
        self._state: VisualState = "idle"
        self._shown_state: VisualState = "idle"
        self._shown_since = now
        self._mouth_level = 0
        self._mouth = avatar.manifest.mouths[0][0]
        self._blink_at = now + self._chance.uniform(*BLINK_INTERVAL_S)
        self._sent_name = ""
        self._repeat_at = now
        self._pts = -1
        self._warming: asyncio.Future[None] | None = None

    @property
    def state(self) -> VisualState:
        """The state of the banker. While sound is playing, the avatar speaks in any state."""
        return self._state

    @state.setter
    def state(self, state: VisualState) -> None:
        self._state = state
        self.wake()

    def wake(self) -> None:
        """Choose the image now, because sound has started or stopped."""
        self._changed.set()

    def stop(self) -> None:
        """End the track; a waiting `recv` raises `MediaStreamError`."""
        super().stop()
        self.wake()

    async def recv(self) -> "Packet[Any]":
        """Return the next frame when the image changes. Raises `MediaStreamError` once the track has ended."""
        while self.readyState == "live":
            now = self._clock()
            self._changed.clear()
            name = self._choose(now)
            if name != self._sent_name or now >= self._repeat_at:
                frame = self._avatar.ready(name)
                if frame is not None:
                    self._sent_name = name
                    self._repeat_at = now + REPEAT_S
                    return self._packet(frame, now)
                await self._encode(name)
            else:
                await self._sleep(self._next_change(now) - now)
        raise MediaStreamError

    def _packet(self, frame: bytes, now: float) -> "Packet[Any]":
        self._pts = max(self._pts + 1, round((now - self._origin) * VIDEO_CLOCK_RATE))
        packet: Packet[Any] = Packet(frame)
        packet.pts = self._pts
        packet.time_base = VIDEO_TIME_BASE
        return packet

    async def _encode(self, name: str) -> None:
        """Encode an image in an executor, and then all others. The first session of a process does this for all."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._avatar.frame, name)
        if self._warming is None:
            self._warming = loop.run_in_executor(None, self._avatar.warm)

    async def _sleep(self, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(max(0.001, seconds), self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()

    def _choose(self, now: float) -> str:
        """Return the name of the image for this moment."""
        sound = self._playhead.mouth()
        state = self._state if sound is None else "speaking"
        if state != self._shown_state:
            self._shown_state, self._shown_since = state, now
        self._move_mouth(sound)
        mouth = self._mouth if state == "speaking" else ""
        return self._avatar.name(state, self._beat(now), self._eyes(now), mouth)

    def _beat(self, now: float) -> int:
        look = self._avatar.manifest.state(self._shown_state)
        return int((now - self._shown_since) * 1000 / look.beat_ms) % len(look.beats)

    def _eyes(self, now: float) -> int:
        """Return how far the eyes are closed, from 0 (open). During a blink the lids go down and up again."""
        lids = len(self._avatar.manifest.state(self._shown_state).eyes) - 1
        step = int((now - self._blink_at) / TICK_S)
        if now < self._blink_at or lids < 1:
            return 0
        if step >= 2 * lids:
            self._blink_at = now + self._chance.uniform(*BLINK_INTERVAL_S)
            return 0
        return min(step + 1, 2 * lids - step)

    def _move_mouth(self, sound: float | str | None) -> None:
        rows = self._avatar.manifest.mouths
        if isinstance(sound, str):
            self._mouth_level = -1
            self._mouth = self._avatar.manifest.visemes.get(sound, rows[len(rows) // 2][0])
            return
        level = _mouth_level(sound or 0.0, len(rows))
        if level != self._mouth_level:
            self._mouth_level = level
            self._mouth = self._chance.choice(rows[level])

    def _next_change(self, now: float) -> float:
        """Return when the image may change by itself. While thinking or speaking, sound may start at any moment."""
        if self._shown_state in ("thinking", "speaking") or now >= self._blink_at:
            return now + TICK_S
        seconds = self._avatar.manifest.state(self._shown_state).beat_ms / 1000
        beats = int((now - self._shown_since) / seconds)
        return min(self._shown_since + (beats + 1) * seconds, self._blink_at, self._repeat_at)


def _mouth_level(loudness: float, levels: int) -> int:
    """Return the row of mouths for a loudness. 0 is closed."""
    if loudness < SILENT:
        return 0
    opened = (loudness - SILENT) / (LOUD - SILENT)
    return min(levels - 1, 1 + int(opened * (levels - 1)))
