"""The default voice: hibari, a small network on ONNX Runtime, with the packaged voice or any hibari `.onnx` file.

Source: https://github.com/MMWilliams/hibari
"""

from collections.abc import Iterator
from pathlib import Path

from hibari import Hibari

from banker.speech.tts.loudness import SAMPLE_TEXT, gain_of, to_pcm

SEED = 0
"""Of the noise in the voice. With a fixed one a text sounds the same each time, and can be cached."""


class HibariSynthesiser:
    """One loaded voice. Implements `speech.Synthesiser`. `synthesise` may be called from several threads."""

    sample_rate: int = Hibari.sample_rate

    def __init__(self, voice: str | None = None, *, threads: int = 1) -> None:
        self._voice = Hibari(model=voice, threads=threads)
        self.name = f"hibari:{Path(self._voice.model_path).stem}"
        self._gain = gain_of(self._voice.stream(SAMPLE_TEXT, seed=SEED))

    def synthesise(self, text: str) -> Iterator[bytes]:
        """Yield a chunk of s16 mono PCM for each sentence, after about a hundredth of its length."""
        for samples in self._voice.stream(text, seed=SEED):
            yield to_pcm(samples, self._gain)
