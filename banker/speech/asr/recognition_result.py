"""What was recognised, and which of it is credible: models of the Whisper kind invent words from noise."""

from dataclasses import dataclass

NO_SPEECH, UNSURE = 0.6, -0.7
"""A segment with a higher no-speech probability counts only if its log probability is at least `UNSURE`."""
IMPROBABLE = -1.3
"""Mean log probability of a token. Words below it are guesses."""
SURE, SPEECH, SHORT_SPEECH = -0.8, 0.3, 0.5
"""Words below this log probability or above this no-speech probability are as often as not made of a fragment, a hum or
noise. A single word is never as clear as a sentence, so `SHORT_SPEECH` is its limit."""
REPETITIVE = 2.4
"""A text with a higher compression ratio repeats itself."""


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

    @property
    def credible(self) -> bool:
        """Whether somebody probably said this."""
        if self.no_speech > NO_SPEECH and self.log_probability < UNSURE:
            return False
        return self.log_probability >= IMPROBABLE and self.compression <= REPETITIVE


@dataclass(frozen=True)
class Recognition:
    """Everything that was recognised in an utterance."""

    segments: tuple[Segment, ...] = ()

    @property
    def text(self) -> str:
        """The credible words; empty when there are none."""
        words = " ".join(segment.text.strip() for segment in self.segments if segment.credible)
        return words if any(character.isalnum() for character in words) else ""

    def sure(self, min_log_probability: float = SURE, max_no_speech: float = SPEECH) -> bool:
        """Whether a credible segment is within both limits."""
        return any(
            segment.credible and segment.no_speech <= max_no_speech and segment.log_probability >= min_log_probability
            for segment in self.segments
        )

    @property
    def refused(self) -> bool:
        """Whether some words are not credible."""
        return any(segment.text.strip() and not segment.credible for segment in self.segments)
