"""The protocols of the speech engines."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from banker.speech.asr.recognition_result import Recognition


class Synthesiser(Protocol):
    """Text to speech."""

    name: str
    """Engine and voice. Two synthesisers with the same name say a text in the same way."""
    sample_rate: int
    """Hz of the PCM that `synthesise` yields."""

    def synthesise(self, text: str, rate: float = 1.0) -> Iterator[bytes]:
        """Yield `text` as chunks of s16 mono PCM as they become ready. Blocking.

        `rate` is the pace, 0.5 to 2; 1 is the voice's own.
        """
        ...


class Recogniser(Protocol):
    """Speech to text."""

    name: str
    """Engine and model."""

    def recognise(self, audio: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        """Return the words in `audio` (s16 mono, 16 kHz, 30 s at most), in which speech was detected. Blocking.

        `prompt` reads like the conversation so far and contains the names to expect. `language` is an ISO 639-1 code.
        `quick` asks for an interim transcript at less cost.
        """
        ...


class Detector(Protocol):
    """Voice activity detection for one session."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of s16 mono PCM at 16 kHz that `feed` takes."""
        ...

    def feed(self, frame: bytes, on_result: Callable[[bytes, float], None]) -> None:
        """Call `on_result` with the next frame and its speech probability (0 to 1).

        The call comes at once or a moment later, when the frame is part of a batch.
        """
        ...

    def flush(self) -> None:
        """Report the frames that still wait for a batch."""
        ...

    def reset(self) -> None:
        """Forget the audio so far, and frames that still wait, because unrelated audio follows."""
        ...

    def probabilities(self, frames: Iterable[bytes]) -> Iterator[float]:
        """Yield the speech probability of each of these consecutive frames, apart from those that were fed.

        Blocking, and callable from any thread.
        """
        ...


class SpeechUnavailable(Exception):
    """The configured engine is not installed. The message says how to fix that."""
