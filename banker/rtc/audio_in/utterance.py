"""What somebody is saying: its sound so far, the silence at its end, and what is being found out of it."""

import asyncio
from dataclasses import dataclass

from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE

SECOND_BYTES = SAMPLE_RATE * 2
KEPT_BEHIND_SECONDS, KEPT_BEFORE_SECONDS = 0.2, 0.3
"""So much of a pause is kept at its two ends: behind 0.6 s of silence a recogniser often hears no more digits."""


@dataclass(frozen=True)
class AudioSpan:
    """A piece of what a microphone heard, s16 mono at 16 kHz, and when it ended (s, of the loop)."""

    sound: bytes
    ended: float
    left_out: tuple[tuple[int, int], ...] = ()
    """What a recogniser is not given of it: from which byte on, and to which."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.sound) / SECOND_BYTES

    def heard(self, sound: bytes | None = None) -> bytes:
        """What a recogniser is given of its sound, or of another that is as long."""
        sound, kept, at = self.sound if sound is None else sound, b"", 0
        for start, end in self.left_out:
            kept, at = kept + sound[at:start], end
        return kept + sound[at:]


class Utterance:
    """One turn of the user's, from the first sound that was noticed. Belongs to an ear."""

    def __init__(self, sound: bytes, now: float) -> None:
        self.sound = bytearray(sound)
        self.doubtful = False
        """It may be the banker's own voice, and nobody was told of it."""
        self.quiet = 0.0
        """Seconds of silence at its end."""
        self.last_speech = now
        self.closed: float | None = None
        """When it was over, though its words are not known yet."""
        self.unsigned = 0.0
        """Seconds of speech since the listener was told that it goes on."""
        self.text: str | None = None
        self.patience = 0.0
        self.failed = False
        """The engines did not recognise it at its last pause."""
        self.task: asyncio.Task[None] | None = None
        """The recognition of all of it, since its last pause."""
        self.interim: asyncio.Task[None] | None = None
        """A look at its last seconds, while it goes on."""
        self.unseen = 0.0
        """Seconds since the last one began."""
        self._left_out: list[tuple[int, int]] = []

    @property
    def seconds(self) -> float:
        """How long it is, without what is left out of it: its long pauses, and what was before it."""
        return (len(self.sound) - sum(end - start for start, end in self._left_out)) / SECOND_BYTES

    def whole(self, now: float) -> AudioSpan:
        """All of it."""
        return AudioSpan(bytes(self.sound), self.closed or now, tuple(self._left_out))

    def end(self, seconds: float, now: float) -> AudioSpan:
        """The last so many seconds, and all of it if there are not more."""
        return AudioSpan(bytes(self.sound[-_bytes(seconds) :]), now)

    def keep(self, seconds: float) -> None:
        """Forget what was before the last so many seconds."""
        del self.sound[: -_bytes(seconds)]

    def begin(self, seconds: float) -> None:
        """It is somebody who speaks, for so many seconds by now."""
        self.doubtful = False
        self._left_out = [(0, max(0, len(self.sound) - _bytes(seconds)))]

    def go_on(self, now: float) -> None:
        """There is speech: what was recognised at the last pause was not all."""
        self.last_speech = now
        if self.quiet:
            pause, end = len(self.sound) - _bytes(self.quiet), len(self.sound) - _bytes(KEPT_BEFORE_SECONDS)
            if end > pause + _bytes(KEPT_BEHIND_SECONDS):
                self._left_out.append((pause + _bytes(KEPT_BEHIND_SECONDS), end))
            self.quiet = 0.0
            self.text = None
            self.failed = False
            self.stop()

    def stop(self) -> None:
        """Wait for no recognition any more."""
        for task in (self.task, self.interim):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        self.task = self.interim = None


def _bytes(seconds: float) -> int:
    """Of s16 mono at 16 kHz."""
    return 2 * round(seconds * SAMPLE_RATE)
