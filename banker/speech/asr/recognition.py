"""What a recogniser heard, and which of it is believed: models of the whisper kind invent words from noise."""

from dataclasses import dataclass

NO_SPEECH, UNSURE = 0.6, -0.7
"""A segment that is probably no speech counts only when its words are likely."""
IMPROBABLE = -1.3
"""Mean log probability of a token; words below it are guessed whatever was heard."""
SURE, SPEECH, SHORT_SPEECH = -0.8, 0.3, 0.5
"""Words that are less likely, or more likely none, are as often as not made of a fragment, a hum or a noise. A single
word is never as clear speech as a sentence."""
REPETITIVE = 2.4
"""A text that compresses better than this says the same over and over."""


@dataclass(frozen=True)
class Segment:
    """A stretch of words with what the model thinks of them; the defaults are of an engine that does not tell."""

    text: str
    no_speech: float = 0.0
    log_probability: float = 0.0
    compression: float = 1.0

    @property
    def credible(self) -> bool:
        """Whether this was said, as far as can be told."""
        if self.no_speech > NO_SPEECH and self.log_probability < UNSURE:
            return False
        return self.log_probability >= IMPROBABLE and self.compression <= REPETITIVE


@dataclass(frozen=True)
class Recognition:
    """Everything that was recognised in a sound."""

    segments: tuple[Segment, ...] = ()

    @property
    def text(self) -> str:
        """The words that are believed; empty when nothing was said."""
        words = " ".join(segment.text.strip() for segment in self.segments if segment.credible)
        return words if any(character.isalnum() for character in words) else ""

    def sure(self, least: float = SURE, most: float = SPEECH) -> bool:
        """Whether words of it are at least so likely (log probability), and no speech at most so (probability)."""
        return any(
            segment.credible and segment.no_speech <= most and segment.log_probability >= least
            for segment in self.segments
        )

    @property
    def refused(self) -> bool:
        """Whether words were recognised that are not believed."""
        return any(segment.text.strip() and not segment.credible for segment in self.segments)
