"""hibari's network with one more output: how long it makes each phoneme.

The packaged file computes the lengths and does not return them. A file that lacks them speaks without timings.
"""

import logging
import threading
from pathlib import Path
from typing import Any

import onnxruntime

log = logging.getLogger(__name__)

DURATIONS = "/Clip_output_0"
"""The tensor with the length of each phoneme, in frames."""
FRAME_S = 0.025
_GRAPH, _OUTPUT, _NAME = 7, 12, 1
"""Fields of ONNX's ModelProto, GraphProto and ValueInfoProto."""


class TimedNetwork:
    """Takes the place of a hibari voice's `sess`. `durations` are those of this thread's last sentence, in seconds."""

    def __init__(self, session: Any, model_path: str, threads: int) -> None:
        """`session` is the voice's own."""
        self._outputs = [output.name for output in session.get_outputs()]
        self._session, self._is_timed = _with_durations(session, model_path, threads)
        self._last = threading.local()

    @property
    def durations(self) -> list[float]:
        """The silence before, each phoneme, and the silence after; empty if the network does not tell."""
        return getattr(self._last, "durations", [])

    def run(self, _: None, inputs: dict[str, Any]) -> list[Any]:
        """Return the outputs that hibari expects."""
        if not self._is_timed:
            found: list[Any] = self._session.run(None, inputs)
            return found
        outputs: list[Any]
        *outputs, frames = self._session.run([*self._outputs, DURATIONS], inputs)
        self._last.durations = [float(count) * FRAME_S for count in frames.reshape(-1)]
        return outputs


def _with_durations(session: Any, model_path: str, threads: int) -> tuple[Any, bool]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    # Protocol buffers that are written one after the other are merged.
    network = Path(model_path).read_bytes() + _field(_GRAPH, _field(_OUTPUT, _field(_NAME, DURATIONS.encode())))
    try:
        return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"]), True
    except Exception as error:
        log.warning("the voice tells no timings, so captions follow its length: %s", type(error).__name__)
        return session, False


def _field(number: int, value: bytes) -> bytes:
    """A short field of a protocol buffer."""
    return bytes([number << 3 | 2, len(value)]) + value
