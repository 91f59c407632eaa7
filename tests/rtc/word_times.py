"""When the agent's voice says each word, as its network says itself: nothing has to be recognised."""

import functools
import math
from itertools import accumulate
from pathlib import Path

import numpy as np
import onnxruntime
from hibari import Hibari

from banker.rtc.audio_out.opus_encoder import PACKET_SECONDS

DURATIONS, FRAME_S = b"/Clip_output_0", 0.025
"""The tensor in the packaged voice that holds the length of each phoneme, in frames."""
GRAPH, OUTPUT, NAME = 7, 12, 1
"""Fields of ONNX's ModelProto, GraphProto and ValueInfoProto."""


def word_times(*sentences: str) -> list[tuple[str, float, float]]:
    """Each word of these sentences with its beginning and end (s) in the packets that say them.

    Raises `ValueError` for a text in which the voice joins words or splits them.
    """
    times: list[tuple[str, float, float]] = []
    began = 0.0
    for sentence in sentences:
        (phonemes,) = _voice().phonemize(sentence)
        ends = [began + frames * FRAME_S for frames in accumulate(_durations(phonemes))]
        gaps = [at for at, phoneme in enumerate(phonemes, 1) if phoneme == " "]  # the first duration is of the start
        spans = [(ends[first], ends[last]) for first, last in zip([0, *gaps], [*gaps, len(phonemes)], strict=True)]
        times += [(word, *span) for word, span in zip(sentence.split(), spans, strict=True)]
        began += math.ceil((ends[-1] - began) / PACKET_SECONDS) * PACKET_SECONDS
    return times


def _durations(phonemes: str) -> list[int]:
    """The frames of the silence before, of each phoneme, and of the silence after."""
    inputs = {"ids": np.array([_voice().ids(phonemes)], np.int64), "speed": np.ones(1, np.float32)}
    (frames,) = _network().run([DURATIONS.decode()], inputs)
    return [int(count) for count in frames.reshape(-1)]


@functools.cache
def _voice() -> Hibari:
    return Hibari()


@functools.cache
def _network() -> onnxruntime.InferenceSession:
    """The packaged voice with the lengths of phonemes as one more output."""
    # Protocol buffers that are written one after the other are merged.
    network = Path(_voice().model_path).read_bytes() + _field(GRAPH, _field(OUTPUT, _field(NAME, DURATIONS)))
    return onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])


def _field(number: int, value: bytes) -> bytes:
    """A short field of a protocol buffer."""
    return bytes([number << 3 | 2, len(value)]) + value
