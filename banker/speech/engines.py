"""The protocols of the speech engines."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from banker.speech.asr.recognition import Recognition


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

    def recognise(self, sound: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        """The words in `sound` (s16 mono, 16 kHz, 30 s at most), which a detector called speech. Blocking.

        `prompt` reads like what was said before it, and holds the names to expect; `language` is an ISO 639-1 code.
        `quick` asks for words at less cost, of somebody who is still speaking.
        """
        ...


class Detector(Protocol):
    """Tells speech from other sound; one of each session."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of s16 mono PCM at 16 kHz that `feed` takes."""
        ...

    def feed(self, frame: bytes, told: Callable[[bytes, float], None]) -> None:
        """Have `told` called with this frame, which follows the one before, and how likely it is speech, 0 to 1.

        At once, or a moment later, together with frames of other sessions.
        """
        ...

    def flush(self) -> None:
        """Tell now of whatever was fed."""
        ...

    def reset(self) -> None:
        """Other sound follows: forget what was before, and what was not told yet."""
        ...

    def likely(self, frames: Iterable[bytes]) -> Iterator[float]:
        """How likely each of these is speech, which follow one another and nothing else. Blocking, in any thread."""
        ...


class SpeechUnavailable(Exception):
    """The configured engine is not installed; the message says how to mend that."""
