"""The protocols of the speech engines."""

from collections.abc import Iterator
from typing import Protocol

from banker.speech.recognition import Recognition


class Synthesiser(Protocol):
    """Text in, sound out."""

    name: str
    """Names engine and voice; two synthesisers with the same name say a text in the same way."""
    sample_rate: int
    """Hz of the sound that `synthesise` yields."""

    def synthesise(self, text: str) -> Iterator[bytes]:
        """Say `text`: chunks of s16 mono PCM at `sample_rate`, as they are ready. Blocking."""
        ...


class Recogniser(Protocol):
    """Sound in, words out."""

    name: str
    """Names engine and model."""

    def recognise(self, sound: bytes, prompt: str, language: str = "en") -> Recognition:
        """The words in `sound` (s16 mono, 16 kHz, 30 s at most), which a detector called speech. Blocking.

        `prompt` reads like what was said before it, and holds the names to expect; `language` is an ISO 639-1 code.
        """
        ...


class Detector(Protocol):
    """Tells speech from other sound; one of each session."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of s16 mono PCM at 16 kHz that `probability` takes."""
        ...

    def probability(self, frame: bytes) -> float:
        """How likely this frame, which follows the one before, is speech, 0 to 1. Takes a fraction of a millisecond."""
        ...

    def reset(self) -> None:
        """Other sound follows: forget what was before."""
        ...


class SpeechUnavailable(Exception):
    """The configured engine is not installed; the message says how to mend that."""
