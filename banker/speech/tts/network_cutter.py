"""Cuts a voice's network (VITS as ONNX) in three, so that a sentence sounds before it is finished.

The first part needs the whole sentence, and a sixth of the time: its phonemes become frames, with their lengths and a
first idea of their sound. The flow and the vocoder (HiFi-GAN) behind it are made of convolutions, so they give the same
piece by piece. An ONNX file is a protocol buffer; no more of it is understood here than nodes, tensors and ends.
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

VOCODER_WEIGHT, FLOW_WEIGHTS = "dec.conv_pre.weight", "flow."
"""The first weight of the vocoder, and how those of the flow begin, as VITS names them."""
PHONEMES = "input"
GRAPH = 7
NODE, INITIALIZER, INPUT, OUTPUT, VALUE_INFO = 1, 5, 11, 12, 13
NODE_INPUT, NODE_OUTPUT, NODE_OPERATION = 1, 2, 4
NAME = {INITIALIZER: 8, INPUT: 1, OUTPUT: 1}
FLOAT_TENSOR = b"\x12\x04\x0a\x02\x08\x01"
"""`ValueInfoProto.type`: a tensor of 32-bit floats of any shape."""


@dataclass(frozen=True)
class Parts:
    """The models of the three parts, and the names of what they give one another: (1, channels, frames) each.

    `mask` (1, 1, frames), which the flow wants besides, is 1 for each frame of a single sentence.
    """

    encoder: bytes
    flow: bytes
    vocoder: bytes
    rough: str
    mask: str
    fine: str


@dataclass
class _Part:
    """A field of a message: its number, its value, and both as they stand in the file."""

    number: int
    value: memoryview
    raw: memoryview
    name: str = ""
    operation: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


def cut(model: bytes) -> Parts:
    """Raises ValueError when this is no VITS."""
    try:
        whole = [_Part(*found) for found in _fields(memoryview(model))]
        graph = [_read(*found) for found in _fields(next(part.value for part in whole if part.number == GRAPH))]
        makers = {output: part for part in graph for output in part.outputs}
        fine = next(part.inputs[0] for part in graph if VOCODER_WEIGHT in part.inputs)
        # Nodes stand in the order in which they are computed. What the flow begins with is a mean and a noise, added.
        rough = next(part.inputs[0] for part in graph if any(name.startswith(FLOW_WEIGHTS) for name in part.inputs))
        while makers[rough].operation != "Add":
            rough = makers[rough].inputs[0]
        (mask,) = _beside(graph, makers, rough, fine)
        out = next(part.name for part in graph if part.number == OUTPUT)
    except (StopIteration, KeyError, IndexError, ValueError):
        raise ValueError("the network has no flow and no vocoder that can be told apart") from None

    def part(wanted: str, *given: str) -> bytes:
        ends = [_field(INPUT, _field(1, name.encode()) + FLOAT_TENSOR) for name in given]
        if wanted != out:
            ends.append(_field(OUTPUT, _field(1, wanted.encode()) + FLOAT_TENSOR))
        names = _needed(makers, wanted, set(given))
        kept = [part.raw for part in graph if _belongs(part, names, wanted)]
        return _with_graph(whole, b"".join([*kept, *ends]))

    return Parts(part(rough), part(fine, rough, mask), part(out, fine), rough, mask, fine)


def _beside(graph: list[_Part], makers: dict[str, _Part], rough: str, fine: str) -> set[str]:
    """What is needed to make `fine` of `rough`, and changes with what is said."""
    said, made, needed, others = {PHONEMES}, {rough}, _needed(makers, fine, {rough}), set()
    for part in graph:
        if not said.isdisjoint(part.inputs):
            said.update(part.outputs)
        if not made.isdisjoint(part.inputs) and not needed.isdisjoint(part.outputs):
            made.update(part.outputs)
            others.update(part.inputs)
    return others & said - made


def _needed(makers: dict[str, _Part], wanted: str, given: Set[str]) -> set[str]:
    """The tensors of which `wanted` is made, itself included; not those that are `given`, and nothing behind them."""
    names, left = set(given), [wanted]
    while left:
        name = left.pop()
        if name not in names:
            names.add(name)
            left += makers[name].inputs if name in makers else []
    return names - given


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
        texts = [(n, text) for n, text, _ in _fields(value) if n in (NODE_INPUT, NODE_OUTPUT, NODE_OPERATION)]
        part.inputs = [str(text, "utf-8") for n, text in texts if n == NODE_INPUT]
        part.outputs = [str(text, "utf-8") for n, text in texts if n == NODE_OUTPUT]
        part.operation = next(str(text, "utf-8") for n, text in texts if n == NODE_OPERATION)
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
