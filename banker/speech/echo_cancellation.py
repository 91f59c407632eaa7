"""Acoustic echo cancellation: what a microphone heard, without what the loudspeaker beside it played.

In each band of a short-time spectrum the echo is a sum of the loudspeaker's last frames, each times a factor of its
own: the room. The factors are those that leave least, by least squares in which a frame counts the less the more is
left of it, so that somebody who speaks at the same time does not pull them (as in weighted prediction error: Nakatani
et al., IEEE TASLP 18(7), 2010). What such a sum cannot tell, of a loudspeaker that distorts, is damped where the echo
is loud. A whole stretch is looked at at once: there is nothing to converge.

The loudspeaker's jitter buffer jumps: it leaves sound out, stretches it, or plays the last of it over and over until
more comes. Where more is left than an echo leaves, other delays are looked for, and each frame is taken to have the one
that leaves least of it, in the same room. What is like something that was played and cannot be taken out even so is
the echo still.
"""

from collections.abc import Iterator
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
BLOCK_FRAMES = 64
"""So much (2 s) is looked at at a time."""
SHARP, CERTAIN = 11.0, 14.0
"""The peak of the correlation at the echo's delay, over its mean: 13 to 70 for echoes alone, 4 to 9 without any (of a
sound of 128 ms: mostly up to 14)."""
WHITENING = 0.8
COPY, LEAST_FRAMES = 4, 2
"""So many frames tell whether they are like something that was played, when it may be of so many of them."""
SOONER, LATER = 1600, 4500
"""By so many samples (0.1 and 0.28 s) that may be sooner or later than the echo."""
JUMP, SAME = 640, 4
"""A jump by no more than so many samples (40 ms) is told by two frames; by no more than so many, it is none."""
DELAYS, CHOICES, BETTER = 6, 2, 0.7
"""At most so many delays are tried at once; so often each frame's is chosen, and the room found anew with it; and so
much less (of the power) another one has to leave than the first."""
DAMPED, LEAST = 0.2, 0.05
"""So much of the echo's power is taken off what is left; no band is damped further (of its amplitude)."""
NEAR, AUDIBLE = 0.3, 0.001
"""A frame of which so much is left (of its power, and of the loudest one) is of somebody near the microphone."""
AROUND = 3
"""So many frames around it are not silenced."""

_SAME: Any = np.eye(TAPS, dtype=np.complex64)
_WINDOW: Any = np.sqrt(np.hanning(FRAME + 1)[:FRAME]).astype(np.float32)


@dataclass(frozen=True)
class Residual:
    """What is left: s16 mono of the same length, and for each 32 ms of it whether it is of somebody near."""

    sound: bytes
    near: list[bool]


class EchoCanceller:
    """Of one line: it remembers how late the echo comes."""

    def __init__(self) -> None:
        self._delay: int | None = None

    def cancel(self, heard: bytes, played: bytes) -> Residual:
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
        return Residual(np.concatenate(left).astype(np.int16).tobytes(), near)

    def _block(self, heard: Any, played: Any) -> tuple[Any, list[bool]]:
        everything = [True] * -(-len(heard) // FRAME)
        if not played.any() or not heard.any():
            return heard, everything
        delay, sharpness = _delay(heard, played)
        if sharpness >= SHARP:
            self._delay = delay
        if self._delay is None:
            return heard, everything
        block = _Block(heard, played, self._delay)
        copies = list(_copied(block.left, played, block.near, self._delay))
        jumps = [self._delay + jump for jump in _jumps(heard, _sound(block.echo, len(heard)), block.near)]
        delays = [self._delay]
        for delay in [delay for delay, _, _ in copies] + jumps:
            if 0 <= delay <= len(played) - len(heard) and all(abs(delay - other) > SAME for other in delays):
                delays.append(delay)
        if len(delays) > 1:
            self._delay = block.choose(delays[:DELAYS])
            copies = list(_copied(block.left, played, block.near, self._delay))
        near = block.near
        for _, sharpness, frames in copies:
            near[frames] &= sharpness < CERTAIN
        kept = np.convolve(near, np.ones(2 * AROUND + 1), "same") > 0
        left = block.left * np.repeat(kept, FRAME)[: len(heard)]
        return np.clip(np.round(left), -32768, 32767), near.tolist()


class _Block:
    """What is looked at at a time, and what is `left` of it without the `echo`; `near` is a row of truths."""

    def __init__(self, heard: Any, played: Any, delay: int) -> None:
        self._played = played
        self._length = len(heard)
        self._microphone, power = _spectrum(heard), _power(heard)
        self._least = np.maximum(NEAR * power, AUDIBLE * power.max())
        past = _past(self._spectra([delay]), 0)
        self._room = _room(self._microphone, past)
        self._take_out(past)

    def choose(self, delays: list[int]) -> int:
        """Take out the echo anew, each frame of it with one of these delays; the last one's is returned.

        The first is the one that was found in most of the sound.
        """
        spectra = self._spectra(delays)
        for _ in range(CHOICES):
            left = np.stack([self._left(_past(spectra, number)) for number in range(len(delays))])
            left[0] *= BETTER
            chosen = np.argmin(_smooth(left, 1), axis=0)
            past = _past(spectra, chosen[:, None])
            self._room = _room(self._microphone, past)
        self._take_out(past)
        return delays[int(chosen[-1])]

    def _spectra(self, delays: list[int]) -> Any:
        """Of what was played so many samples before: bands, delays, frames, with the taps' frames around them."""
        ends = [len(self._played) - delay for delay in delays]
        spectra = np.stack([_spectrum(self._played[end - self._length : end]) for end in ends], axis=1)
        return np.pad(spectra, ((0, 0), (0, 0), (TAPS - 1 - LEAD, LEAD)))

    def _left(self, past: Any) -> Any:
        """The power of each frame without the echo."""
        return np.sum(np.abs(self._microphone - _echo(past, self._room)) ** 2, axis=0)

    def _take_out(self, past: Any) -> None:
        self.echo = _echo(past, self._room)
        self.left = _damped(self._microphone, self.echo, self._length)
        self.near = _power(self.left) > self._least


def _copied(left: Any, played: Any, near: Any, delay: int) -> Iterator[tuple[int, float, slice]]:
    """Where what is left is like what was played: how late that comes, how clearly, and which frames they are."""
    size, before = COPY * FRAME, len(played) - len(left)
    least, most = max(0, delay - SOONER), min(before, delay + LATER)
    last = len(near) - COPY
    for first in {*range(0, last + 1, COPY // 2), last} if last >= 0 else ():
        if near[first : first + COPY].sum() < LEAST_FRAMES:
            continue
        at = min(first * FRAME, len(left) - size)
        later, sharpness = _delay(left[at : at + size], played[at + before - most : at + before - least + size])
        if sharpness >= SHARP:
            yield least + later, sharpness, slice(first, first + COPY)


def _jumps(heard: Any, echo: Any, near: Any) -> Iterator[int]:
    """By how many samples the echo would have to be later so that hardly anything were left of some frames."""
    size, lags = LEAST_FRAMES * FRAME, 2 * JUMP + 1
    around = np.pad(echo, JUMP).astype(np.float64)
    power = np.cumsum(np.pad(around, (1, 0)) ** 2)
    for first in range(len(heard) // FRAME - LEAST_FRAMES + 1):
        if not near[first : first + LEAST_FRAMES].all():
            continue
        at = first * FRAME
        there, then = heard[at : at + size], around[at : at + size + lags - 1]
        common = _correlation(there, then)
        whole = np.sum(there**2)
        left = whole - 2 * common + power[at + size : at + size + lags] - power[at : at + lags]
        if left.min() < NEAR * whole:
            yield JUMP - int(np.argmin(left))


def _delay(heard: Any, played: Any) -> tuple[int, float]:
    """By how many samples the echo is late, and how clearly."""
    correlation = np.abs(_correlation(heard, played, WHITENING))
    peak = int(np.argmax(correlation))
    return len(correlation) - 1 - peak, float(correlation[peak] / (np.sqrt(np.mean(correlation**2)) + 1e-12))


def _correlation(heard: Any, played: Any, whitening: float = 0.0) -> Any:
    """Of `heard` with each part of `played` that is as long."""
    size = 1 << (len(played) - 1).bit_length()
    spectrum = np.conj(np.fft.rfft(heard, size)) * np.fft.rfft(played, size)
    if whitening:
        spectrum /= np.abs(spectrum) ** whitening + 1e-9
    return np.fft.irfft(spectrum, size)[: len(played) - len(heard) + 1]


def _past(spectra: Any, number: Any) -> Any:
    """What was played in each frame and in those before it, with that delay: bands, frames, taps."""
    bands, _, frames = spectra.shape
    at = np.arange(TAPS - 1, frames)[:, None] - np.arange(TAPS)
    return spectra.reshape(bands, -1).take(at + number * frames, axis=1)


def _room(microphone: Any, past: Any) -> Any:
    """The factors: bands, taps, 1."""
    left, weighted, factors = microphone, past, np.zeros(0)
    small = (1e-3 * np.mean(np.abs(past) ** 2) * past.shape[1] + 1e-9) * _SAME
    least = 1e-3 * np.mean(np.abs(microphone) ** 2) + 1e-8
    for rounds in range(ROUNDS):
        if rounds:
            left = microphone - _echo(past, factors)
            weighted, small = past / (_smooth(np.abs(left) ** 2, 0) + least)[..., None], FAINT
        turned = np.conj(weighted.transpose(0, 2, 1))
        factors = np.linalg.solve(turned @ past + small, turned @ microphone[..., None])
    return factors


def _echo(past: Any, room: Any) -> Any:
    return (past @ room)[..., 0]


def _damped(microphone: Any, echo: Any, length: int) -> Any:
    """The samples without the echo, damped where it is loud."""
    left = microphone - echo
    loud, rest = _smooth(np.abs(echo) ** 2, 1), _smooth(np.abs(left) ** 2, 1)
    return _sound(left * np.clip(1 - DAMPED * loud / (rest + 1e-12), LEAST, 1), length)


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
