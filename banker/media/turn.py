"""What somebody is saying: its sound so far, the silence at its end, and what is being found out of it."""

import asyncio

from banker.media.microphone import SAMPLE_RATE

SECOND_BYTES = SAMPLE_RATE * 2
KEPT_BEHIND_SECONDS, KEPT_BEFORE_SECONDS = 0.3, 0.5
"""So much of a pause is kept at its two ends: behind a second of silence a recogniser expects no more words."""


class Turn:
    """One turn of the user's, from the first sound that was noticed. Belongs to an ear."""

    def __init__(self, sound: bytes, now: float) -> None:
        self.sound = bytearray(sound)
        self.quiet = 0.0
        """Seconds of silence at its end."""
        self.last_speech = now
        self.unsigned = 0.0
        """Seconds of speech since the listener was told that it goes on."""
        self.text: str | None = None
        self.patience = 0.0
        self.failed = False
        """The engines did not recognise it at its last pause."""
        self.louder = False
        """Something much louder than its beginning is in it."""
        self.task: asyncio.Task[None] | None = None
        """The recognition of all of it, since its last pause."""
        self.glimpse: asyncio.Task[None] | None = None
        """The recognition of its last seconds, while it goes on."""
        self.unseen = 0.0
        """Seconds since the last glimpse began."""

    def go_on(self, now: float) -> None:
        """There is speech: what was recognised at the last pause was not all."""
        self.last_speech = now
        if self.quiet:
            pause = len(self.sound) - _bytes(self.quiet)
            del self.sound[pause + _bytes(KEPT_BEHIND_SECONDS) : -_bytes(KEPT_BEFORE_SECONDS)]
            self.quiet = 0.0
            self.text = None
            self.failed = False
            self.stop()

    def stop(self) -> None:
        """Wait for no recognition any more."""
        for task in (self.task, self.glimpse):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        self.task = self.glimpse = None


def _bytes(seconds: float) -> int:
    """Of s16 mono at 16 kHz."""
    return 2 * round(seconds * SAMPLE_RATE)
