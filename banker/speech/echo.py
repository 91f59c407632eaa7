"""Acoustic echo cancellation: what a microphone heard, without what the loudspeaker beside it played.

In each band of a short-time spectrum the echo is a sum of the loudspeaker's last frames, each times a factor of its
own: the room. The factors are those that leave least, by least squares in which a frame counts the less the more is
left of it, so that somebody who speaks at the same time does not pull them (as in weighted prediction error: Nakatani
et al., IEEE TASLP 18(7), 2010). What such a sum cannot tell, of a loudspeaker that distorts, is damped where the echo
is loud. A whole stretch is looked at at once: there is nothing to converge.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

SAMPLE_RATE = 16_000
LATEST_SECONDS = 1.0
"""No echo is later: two jitter buffers, the network, and a loudspeaker without wires."""
FRAME, HOP = 512, 256
"""Samples of a frame of the spectrum, and from one to the next: 32 and 16 ms."""
TAPS, LEAD = 8, 1
"""Frames of the loudspeaker that make up one of the echo: from 16 ms before the delay that was found to 112 behind."""
FAINT: Any = np.diag([10, 10, 10, 20, 40, 80, 160, 320]).astype(np.complex64)
"""A factor is expected to be no greater than one over the root of these: a room fades. Where an echo can be heard in
many frames this counts for nothing."""
ROUNDS = 3
"""How often the factors are found: the first time all frames count alike."""
BLOCK_FRAMES, CHANGES = 64, 2
"""A jitter buffer may change the delay: within 2 s not more often than this."""
LEAST_FRAMES, LOUD = 4, 0.01
"""Fewer frames than these, with so much of the power of the loudest one, do not tell the delay."""
SHARP = 11.0
"""The peak of the correlation at the echo's delay, over its mean: 13 to 70 for echoes alone, 4 to 9 without any."""
WHITENING = 0.8
DAMPED, LEAST = 0.2, 0.05
"""So much of the echo's power is taken off what is left; no band is damped further (of its amplitude)."""
NEAR = 0.3
"""A frame of which so much is left (of its power) is of somebody near the microphone."""
AROUND = 3
"""So many frames around it are not silenced."""

_SAME: Any = np.eye(TAPS, dtype=np.complex64)
_WINDOW: Any = np.sqrt(np.hanning(FRAME + 1)[:FRAME]).astype(np.float32)


@dataclass(frozen=True)
class Rest:
    """What is left: s16 mono of the same length, and for each 32 ms of it whether it is of somebody near."""

    sound: bytes
    near: list[bool]


class Canceller:
    """Of one line: it remembers how late the echo comes."""

    def __init__(self) -> None:
        self._delay: int | None = None

    def cancel(self, heard: bytes, played: bytes) -> Rest:
        """`heard` without `played` (s16 mono, 16 kHz). Blocking: 6 ms of CPU for a second.

        `played` ends at the same time and begins `LATEST_SECONDS` earlier. Without an echo all of it is left.
        """
        microphone, loudspeaker = _samples(heard), _samples(played)
        size, before = BLOCK_FRAMES * FRAME, round(LATEST_SECONDS * SAMPLE_RATE)
        blocks = max(1, len(microphone) // size)
        left, near = [], []
        for number in range(blocks):
            start, end = number * size, (number + 1) * size if number < blocks - 1 else len(microphone)
            sound, found = self._block(microphone[start:end], loudspeaker[start : end + before])
            left.append(sound)
            near += found
        return Rest(np.concatenate(left).astype(np.int16).tobytes(), near)

    def _block(self, heard: Any, played: Any) -> tuple[Any, list[bool]]:
        everything = np.ones(-(-len(heard) // FRAME), bool)
        if not played.any() or not heard.any():
            return heard, everything.tolist()
        delay, sharpness = _delay(heard, played)
        if sharpness >= SHARP:
            self._delay = delay
        if self._delay is None:
            return heard, everything.tolist()
        left = _without(heard, played, self._delay)
        near = _power(left) > NEAR * _power(heard)
        for _ in range(CHANGES):
            near = self._changed(heard, played, left, near)
        kept = np.convolve(near, np.ones(2 * AROUND + 1), "same") > 0
        left *= np.repeat(kept, FRAME)[: len(left)]
        return np.clip(np.round(left), -32768, 32767), near.tolist()

    def _changed(self, heard: Any, played: Any, left: Any, near: Any) -> Any:
        """Whether frames are still of somebody near, where the delay changed in between: there, `left` is made anew."""
        power = _power(heard)
        frames = np.flatnonzero(near & (power > LOUD * power.max()))
        if len(frames) < LEAST_FRAMES or self._delay is None:
            return near
        part = slice(frames[0] * FRAME, (frames[-1] + 1) * FRAME)
        there, then = heard[part], played[part.start : len(played) - len(heard) + part.stop]
        delay, sharpness = _delay(there, then)
        if sharpness < SHARP or delay == self._delay:
            return near
        self._delay = delay
        again = _without(there, then, delay)
        left[part] = again
        return np.concatenate([near[: frames[0]], _power(again) > NEAR * _power(there), near[frames[-1] + 1 :]])


def _delay(heard: Any, played: Any) -> tuple[int, float]:
    """By how many samples the echo is late, and how clearly."""
    before = len(played) - len(heard)
    size = 1 << (len(played) - 1).bit_length()
    spectrum = np.conj(np.fft.rfft(heard, size)) * np.fft.rfft(played, size)
    spectrum /= np.abs(spectrum) ** WHITENING + 1e-9
    correlation = np.abs(np.fft.irfft(spectrum, size)[: before + 1])
    peak = int(np.argmax(correlation))
    return before - peak, float(correlation[peak] / (np.sqrt(np.mean(correlation**2)) + 1e-12))


def _without(heard: Any, played: Any, delay: int) -> Any:
    """`heard` without the echo of `played`, which comes so many samples later."""
    start = len(played) - len(heard) - delay
    microphone, loudspeaker = _spectrum(heard), _spectrum(played[start : start + len(heard)])
    bands, frames = microphone.shape
    past = np.zeros((bands, frames, TAPS), np.complex64)
    for tap in range(TAPS):
        late = tap - LEAD
        if late >= 0:
            past[:, late:, tap] = loudspeaker[:, : frames - late]
        else:
            past[:, :late, tap] = loudspeaker[:, -late:]
    left, echo, weighted = microphone, microphone, past
    small = (1e-3 * np.mean(np.abs(past) ** 2) * frames + 1e-9) * _SAME
    least = 1e-3 * np.mean(np.abs(microphone) ** 2) + 1e-8
    for rounds in range(ROUNDS):
        if rounds:
            weighted, small = past / (_smooth(np.abs(left) ** 2, 0) + least)[..., None], FAINT
        turned = np.conj(weighted.transpose(0, 2, 1))
        factors = np.linalg.solve(turned @ past + small, turned @ microphone[..., None])
        echo = (past @ factors)[..., 0]
        left = microphone - echo
    loud, rest = _smooth(np.abs(echo) ** 2, 1), _smooth(np.abs(left) ** 2, 1)
    return _sound(left * np.clip(1 - DAMPED * loud / (rest + 1e-12), LEAST, 1), len(heard))


def _spectrum(samples: Any) -> Any:
    """Bands by frames."""
    padded = np.concatenate([np.zeros(HOP, np.float32), samples, np.zeros(FRAME + -len(samples) % HOP, np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    return np.ascontiguousarray(np.fft.rfft(frames * _WINDOW, axis=1).T.astype(np.complex64))


def _sound(spectrum: Any, length: int) -> Any:
    """The samples of which it is the spectrum."""
    frames = np.fft.irfft(spectrum.T, FRAME, axis=1) * _WINDOW
    halves = frames[1:, :HOP] + frames[:-1, HOP:]
    return halves.reshape(-1)[:length].astype(np.float32)


def _smooth(power: Any, axis: int) -> Any:
    """Each value and its two neighbours, averaged."""
    smooth = np.array(power)
    inner, first, second = ((slice(None),) * axis + (part,) for part in (slice(1, -1), slice(2, None), slice(None, -2)))
    smooth[inner] = (power[inner] + power[first] + power[second]) / 3
    return smooth


def _power(samples: Any) -> Any:
    """Of each frame of 32 ms."""
    return (np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME) ** 2).mean(axis=1)


def _samples(pcm: bytes) -> Any:
    return np.frombuffer(pcm, np.int16).astype(np.float32)
