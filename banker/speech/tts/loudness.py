"""Brings every voice to the same loudness."""

from collections.abc import Iterable
from typing import Any

import numpy as np

SAMPLE_TEXT = "Hello! Your account is in good order."
"""Synthesised once to measure a voice's loudness and to warm its engine up."""
TARGET_RMS = 0.09
"""Root mean square of speech (1 is full scale). Voices differ in loudness; sentences of one voice hardly do."""


def gain_of(sample: Iterable[Any]) -> float:
    """Return the factor that brings the voice of these samples (arrays of floats, 1 is full scale) to the target."""
    return TARGET_RMS / max(1e-4, float(np.sqrt(np.mean(np.concatenate(list(sample)) ** 2))))


def to_pcm(samples: Any, gain: float) -> bytes:
    """Return samples (floats, 1 is full scale) as s16 PCM."""
    pcm: bytes = (np.clip(samples * gain, -1, 1) * 32767).astype(np.int16).tobytes()
    return pcm
