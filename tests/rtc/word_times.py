"""When the agent's voice says each word, as its network says itself: nothing has to be recognised."""

import functools
import json
import math
from pathlib import Path

import onnxruntime
from piper import PiperVoice
from piper.config import PiperConfig

from banker.rtc.audio_out.opus_encoder import PACKET_SECONDS
from banker.speech.tts.piper import packaged_voice

DURATIONS = b"/Ceil_output_0"
"""The tensor in the packaged voice that holds the length of each phoneme."""
GRAPH, OUTPUT, NAME = 7, 12, 1
"""Fields of ONNX's ModelProto, GraphProto and ValueInfoProto."""


def word_times(*sentences: str) -> list[tuple[str, float, float]]:
    """Each word of these sentences with its beginning and end (s) in the packets that say them.

    Raises `ValueError` for a text in which espeak-ng joins words to one, as it does with "I am".
    """
    times: list[tuple[str, float, float]] = []
    began = 0.0
    for sentence in sentences:
        (chunk,) = _voice().synthesize(sentence, include_alignments=True)
        words, at, start = sentence.split(), 0, 0
        ends: list[tuple[int, int]] = []
        for phoneme in chunk.phoneme_alignments or ():
            if phoneme.phoneme in (" ", "$"):
                ends.append((start, at))
                start = at + phoneme.num_samples
            at += phoneme.num_samples
        spans = [(began + first / chunk.sample_rate, began + last / chunk.sample_rate) for first, last in ends]
        times += [(word, *span) for word, span in zip(words, spans, strict=True)]
        began += math.ceil(at / chunk.sample_rate / PACKET_SECONDS) * PACKET_SECONDS
    return times


@functools.cache
def _voice() -> PiperVoice:
    """The packaged voice with the lengths of phonemes as one more output, and without the chance in it."""
    path = packaged_voice()
    config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
    config.noise_scale = config.noise_w_scale = 0.0
    # Protocol buffers that are written one after the other are merged.
    network = path.read_bytes() + _field(GRAPH, _field(OUTPUT, _field(NAME, DURATIONS)))
    return PiperVoice(onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"]), config)


def _field(number: int, value: bytes) -> bytes:
    """A short field of a protocol buffer."""
    return bytes([number << 3 | 2, len(value)]) + value
