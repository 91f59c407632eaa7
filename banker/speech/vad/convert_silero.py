"""Convert the published Silero VAD model to the weights that `silero.py` reads.

Run `python -m banker.speech.vad.convert_silero MODEL.onnx` after moving to another release of the model; without an
argument it converts the `silero_vad_v6.onnx` that faster-whisper carries.

An ONNX file is a protocol buffer (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Only the initializers of
its graph are needed, so they are read here instead of depending on the onnx package.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from banker.speech.vad.silero import WEIGHTS, Floats

MODEL_GRAPH, GRAPH_INITIALIZER = 7, 5
TENSOR_DIMENSIONS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW_DATA = 1, 2, 8, 9
"""Field numbers of `ModelProto`, `GraphProto` and `TensorProto`."""
FLOAT = 1
"""`TensorProto.DataType` of 32-bit floats."""
USED_TAPS = {0: slice(0, 3), 1: slice(0, 3), 2: slice(1, 3), 3: slice(1, 2)}
"""The taps of each convolution that meet a value: its other taps always meet the zeros around a frame."""


def published_model() -> Path:
    """Return the model that faster-whisper carries; raise `ModuleNotFoundError` when that is not installed."""
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name="faster_whisper")
    return Path(spec.origin).with_name("assets") / "silero_vad_v6.onnx"


def convert(model: bytes) -> dict[str, Floats]:
    """Lay the weights of a Silero VAD v6 model out as the matrices that `SileroNetwork` multiplies by.

    Raises `KeyError` when a weight is missing.
    """
    tensors = dict(_float_tensors(model))
    weights = {"spectrum": tensors["encoder.feature_extractor.forward_basis_buffer"][:, 0].T}
    for number, taps in USED_TAPS.items():
        kernel = tensors[f"encoder.conv_layers.{number}.weight"][:, :, taps]
        weights[f"encoder{number}"] = kernel.transpose(2, 1, 0).reshape(-1, len(kernel))
        weights[f"encoder{number}_bias"] = tensors[f"encoder.conv_layers.{number}.bias"]
    inputs, recurrence, biases = (tensors[f"onnx::LSTM_{number}"][0] for number in (209, 210, 211))
    weights["memory"] = np.concatenate((inputs.T, recurrence.T))
    weights["memory_bias"] = biases.reshape(2, -1).sum(0)
    weights["decoder"] = tensors["decoder.conv1d.weight"][0]
    weights["decoder_bias"] = tensors["decoder.conv1d.bias"]
    return {name: np.ascontiguousarray(values) for name, values in weights.items()}


def _float_tensors(model: bytes) -> Iterator[tuple[str, Floats]]:
    """Yield name and values of each initializer of 32-bit floats."""
    graph = next(value for number, value in _fields(model) if number == MODEL_GRAPH)
    for number, tensor in _fields(graph):
        if number == GRAPH_INITIALIZER:
            fields = dict(_fields(tensor))
            if fields[TENSOR_TYPE] == FLOAT.to_bytes():
                shape = [_varint(value, 0)[0] for field, value in _fields(tensor) if field == TENSOR_DIMENSIONS]
                yield fields[TENSOR_NAME].decode(), np.frombuffer(fields[TENSOR_RAW_DATA], np.float32).reshape(shape)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and value of each field. https://protobuf.dev/programming-guides/encoding/"""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                end = _varint(message, at)[1]
            case 2:
                length, at = _varint(message, at)
                end = at + length
            case kind:
                end = at + {1: 8, 5: 4}[kind]
        yield key >> 3, message[at:end]
        at = end


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where the next one does."""
    number = shift = 0
    while message[at] & 0x80:
        number |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return number | message[at] << shift, at + 1


if __name__ == "__main__":
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else published_model()
    np.savez_compressed(WEIGHTS, **convert(source.read_bytes()))  # type: ignore[arg-type]
