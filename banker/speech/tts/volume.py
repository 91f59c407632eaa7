"""Makes speech louder or softer without clipping: what would go beyond full scale is rounded off before it."""

import math
from array import array
from functools import lru_cache

from banker.speech.tts.timed_pcm import TimedPcm, timed

FULL_SCALE = 32767
KNEE, CEILING = 0.4, 0.66
"""Samples up to the knee (1 is full scale) are only multiplied. Louder ones come ever closer to the ceiling: Opus adds
up to a third to the peaks."""


def amplified(pcm: bytes, gain_db: float) -> bytes:
    """Return s16 mono PCM with `gain_db` more loudness; timings are kept."""
    if not gain_db:
        return pcm
    louder = array("h", map(_table(gain_db).__getitem__, memoryview(pcm).cast("h"))).tobytes()
    return timed(louder, pcm.timings) if isinstance(pcm, TimedPcm) else louder


@lru_cache(maxsize=8)
def _table(gain_db: float) -> list[int]:
    """Return the sample for each sample; a negative one counts from the end of the list."""
    factor = 10 ** (gain_db / 20)
    positive = [_limited(sample / FULL_SCALE * factor) for sample in range(FULL_SCALE + 1)]
    return positive + [-positive[min(FULL_SCALE, -sample)] for sample in range(-FULL_SCALE - 1, 0)]


def _limited(sample: float) -> int:
    if sample > KNEE:
        sample = KNEE + (CEILING - KNEE) * math.tanh((sample - KNEE) / (CEILING - KNEE))
    return round(sample * FULL_SCALE)
