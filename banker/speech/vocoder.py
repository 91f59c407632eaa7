"""Cuts a voice's network (VITS as ONNX) where its vocoder begins, so that a sentence sounds before it is finished.

Before the cut the whole sentence is needed, and a quarter of the time: its phonemes become frames, with their lengths
and melody. The vocoder behind it (HiFi-GAN) is made of convolutions, so it gives the same samples piece by piece.
An ONNX file is a protocol buffer; no more of it is understood here than the names of nodes, tensors and ends.
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

VOCODER_WEIGHT = "dec.conv_pre.weight"
"""The first weight of the vocoder, as VITS names it."""
GRAPH = 7
NODE, INITIALIZER, INPUT, OUTPUT, VALUE_INFO = 1, 5, 11, 12, 13
NODE_INPUT, NODE_OUTPUT = 1, 2
NAME = {INITIALIZER: 8, INPUT: 1, OUTPUT: 1}
FLOAT_TENSOR = b"\x12\x04\x0a\x02\x08\x01"
"""`ValueInfoProto.type`: a tensor of 32-bit floats of any shape."""


@dataclass
class _Part:
    """A field of a message: its number, its value, and both as they stand in the file."""

    number: int
    value: memoryview
    raw: memoryview
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


def cut(model: bytes) -> tuple[bytes, bytes, str]:
    """The model of the frames, the model of the vocoder, and the name of the tensor that the one gives the other.

    Raises ValueError when this is no VITS.
    """
    whole = [_Part(*found) for found in _fields(memoryview(model))]
    try:
        graph = [_read(*found) for found in _fields(next(part.value for part in whole if part.number == GRAPH))]
        frames = next(part.inputs[0] for part in graph if VOCODER_WEIGHT in part.inputs)
    except StopIteration:
        raise ValueError("the network has no vocoder that can be told apart") from None
    out = next(part.name for part in graph if part.number == OUTPUT)
    end = _field(1, frames.encode()) + FLOAT_TENSOR
    first = _needed(graph, frames, _field(OUTPUT, end), stop=frozenset())
    second = _needed(graph, out, _field(INPUT, end), stop={frames})
    return _with_graph(whole, first), _with_graph(whole, second), frames


def _needed(graph: list[_Part], wanted: str, end: bytes, stop: Set[str]) -> bytes:
    """The part of the graph that makes `wanted` without looking behind `stop`, and the new end of it."""
    makers = {output: part for part in graph if part.number == NODE for output in part.outputs}
    names, left = set(stop), [wanted]
    while left:
        name = left.pop()
        if name not in names:
            names.add(name)
            left += makers[name].inputs if name in makers else []
    names -= stop
    kept = [part.raw for part in graph if _belongs(part, names, wanted)]
    return b"".join([*kept, end])


def _belongs(part: _Part, names: Set[str], wanted: str) -> bool:
    if part.number == NODE:
        return not names.isdisjoint(part.outputs)
    if part.number == OUTPUT:
        return part.name == wanted
    return part.number != VALUE_INFO and (part.number not in NAME or part.name in names)


def _with_graph(whole: list[_Part], graph: bytes) -> bytes:
    return b"".join(_field(GRAPH, graph) if part.number == GRAPH else bytes(part.raw) for part in whole)


def _read(number: int, value: memoryview, raw: memoryview) -> _Part:
    part = _Part(number, value, raw)
    if number == NODE:
        texts = [(n, text) for n, text, _ in _fields(value) if n in (NODE_INPUT, NODE_OUTPUT)]
        part.inputs = [str(text, "utf-8") for n, text in texts if n == NODE_INPUT]
        part.outputs = [str(text, "utf-8") for n, text in texts if n == NODE_OUTPUT]
    elif number in NAME:
        part.name = next(str(text, "utf-8") for n, text, _ in _fields(value) if n == NAME[number])
    return part


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, value and whole of each field. https://protobuf.dev/programming-guides/encoding/"""
    at = 0
    while at < len(message):
        began = at
        key, at = _varint(message, at)
        length = {1: 8, 5: 4}.get(key & 7, 0)
        if key & 7 == 0:
            _, at = _varint(message, at)
        elif key & 7 == 2:
            length, at = _varint(message, at)
        yield key >> 3, message[at : at + length], message[began : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _field(number: int, value: bytes) -> bytes:
    return _written(number << 3 | 2) + _written(len(value)) + value


def _written(number: int) -> bytes:
    text = bytearray()
    while number > 0x7F:
        text.append(number & 0x7F | 0x80)
        number >>= 7
    text.append(number)
    return bytes(text)
