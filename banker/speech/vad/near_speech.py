"""Near speech: tells this user's voice from other speech in the room by its level.

A microphone hears the person in front of it 12 dB and more above a television or people behind them. So speech is
compared with the user's own, which a running estimate knows.
"""

import math
from bisect import insort

MARGIN_DB, HOLDING_MARGIN_DB = 10.0, 8.0
"""Speech this far below the user's own is somebody else's. Soft syllables are as low, but never for long. The second
holds in an utterance whose own level is known: three of eight frames of its speaker are louder but for a moment, and
those of a voice that is 12 dB below are not."""
OWN_PERCENTILE = 0.8
"""The user's level is that of their louder frames: soft syllables and pauses would lower a mean."""
FIRST_FRAMES = 12
"""After 0.4 s of speech the level of an utterance is known. Until then the level of earlier turns counts, if any."""
SOFT_S = 0.5
"""Speech that stays below the margin for this long is background. Within a sentence nobody is softer for longer."""
ADAPTATION = 0.5
"""How far the estimate follows each new turn: a user may turn away from the microphone."""
SOFTENING_DB_PER_S = 0.5
"""How fast the user's level is given up while only softer speech is heard: it may be the user, who has turned away."""
_STRIDE = 4
"""Every fourth sample is enough for a level."""


class NearSpeech:
    """The level of one user's speech, in dB, from frames of `frame_s` seconds. Belongs to one segmenter."""

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        self._own: float | None = None
        """The level in the turns so far."""
        self._frames: list[float] = []
        """The levels of this utterance's near frames, sorted."""

    def is_onset(self, frame: bytes) -> bool:
        """Whether a frame of speech (s16 mono) between utterances is as loud as the user's turns so far."""
        if self._own is None or _level(frame) >= self._own - MARGIN_DB:
            return True
        self._own -= SOFTENING_DB_PER_S * self._frame_s
        return False

    def takes(self, frame: bytes) -> bool:
        """Whether a frame of speech in an utterance is the user's; if so, learn from it."""
        level = _level(frame)
        if len(self._frames) >= FIRST_FRAMES:
            is_near = level >= self._percentile - HOLDING_MARGIN_DB
        else:
            is_near = self._own is None or level >= self._own - MARGIN_DB
        if is_near:
            insort(self._frames, level)
        return is_near

    def utterance_ended(self, *, had_words: bool) -> None:
        """Learn from the utterance if it was a turn; coughs and knocks are no speech."""
        if had_words and len(self._frames) >= FIRST_FRAMES:
            level = self._percentile
            self._own = level if self._own is None else self._own + ADAPTATION * (level - self._own)
        self._frames.clear()

    @property
    def _percentile(self) -> float:
        """The level of this utterance."""
        return self._frames[int(len(self._frames) * OWN_PERCENTILE)]


def _level(frame: bytes) -> float:
    samples = memoryview(frame).cast("h")[::_STRIDE]
    return 20 * math.log10(1 + sum(map(abs, samples)) / len(samples))
