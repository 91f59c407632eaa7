"""What was recognised, with the recogniser's confidence: models of the Whisper kind invent words from noise."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

REPETITIVE = 2.4
"""A text with a higher compression ratio repeats itself."""


@dataclass(frozen=True)
class Limits:
    """From which confidence on words are believed."""

    log_probability: float
    """The least mean natural logarithm of the probability of a token."""
    no_speech: float
    """The highest probability that nobody speaks, 0 to 1."""
    certain: float = math.inf
    """From this log probability on, the no-speech probability does not matter."""


@dataclass(frozen=True)
class Segment:
    """Consecutive words with the model's confidence. The defaults are for engines that report none."""

    text: str
    no_speech: float = 0.0
    """Probability that nobody speaks, 0 to 1."""
    log_probability: float = 0.0
    """Mean natural logarithm of the probability of a token."""
    compression: float = 1.0
    """Length of the text over its compressed length."""
    familiar: bool = False
    """Whether every word is one that the bank's customers are known to use."""

    def within(self, limits: Limits) -> bool:
        """Whether somebody probably said this."""
        if self.no_speech > limits.no_speech and self.log_probability < limits.certain:
            return False
        return self.log_probability >= limits.log_probability and self.compression <= REPETITIVE


@dataclass(frozen=True)
class Recognition:
    """Everything that was recognised in an utterance."""

    segments: tuple[Segment, ...] = ()

    @property
    def text(self) -> str:
        """All words, credible or not."""
        return _joined(self.segments)

    @property
    def familiar(self) -> bool:
        """Whether every word is one that the bank's customers are known to use."""
        return bool(self.segments) and all(segment.familiar for segment in self.segments)

    def within(self, limits: Limits) -> str:
        """The words that are within the limits; empty when there are none."""
        return _joined(segment for segment in self.segments if segment.within(limits))


def _joined(segments: Iterable[Segment]) -> str:
    words = " ".join(segment.text.strip() for segment in segments)
    return words if any(character.isalnum() for character in words) else ""
