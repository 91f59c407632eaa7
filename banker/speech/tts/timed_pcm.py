"""A voice's sound with its own timings: when each word has been said, and which mouth says it."""

from dataclasses import dataclass
from typing import NamedTuple


class WordMark(NamedTuple):
    """After `seconds` of a chunk, a fraction `said` (0 to 1) of the whole text has been said: a word is over."""

    seconds: float
    said: float


class MouthMark(NamedTuple):
    """A mouth of `[visemes]` in an avatar's manifest, until `seconds` of a chunk."""

    seconds: float
    viseme: str


@dataclass(frozen=True)
class Timings:
    """In the order of time; empty for a voice that tells nothing."""

    words: tuple[WordMark, ...] = ()
    mouths: tuple[MouthMark, ...] = ()

    def later(self, seconds: float) -> "Timings":
        """The same, where the chunk begins `seconds` after what they count from."""
        words = (mark._replace(seconds=mark.seconds + seconds) for mark in self.words)
        mouths = (mark._replace(seconds=mark.seconds + seconds) for mark in self.mouths)
        return Timings(tuple(words), tuple(mouths))


class TimedPcm(bytes):
    """A chunk of s16 mono PCM of a voice that knows its timings."""

    timings = Timings()


def timed(pcm: bytes, timings: Timings) -> TimedPcm:
    """Attach timings to a chunk."""
    chunk = TimedPcm(pcm)
    chunk.timings = timings
    return chunk
