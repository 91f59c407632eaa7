"""Acoustic echo cancellation: removes what the loudspeaker played (the far end) from what the microphone recorded.

In each band of a short-time Fourier transform (STFT), the echo is a weighted sum of the last far-end frames. The
weights, which describe the room, are found by iteratively reweighted least squares: a frame counts less the more of it
is left, so that somebody who speaks at the same time (double talk) does not distort them. Weighted prediction error
does the same (Nakatani et al., IEEE TASLP 18(7), 2010). A linear filter cannot remove the echo of a loudspeaker that
distorts, so bands with a loud echo are suppressed as well. Each block is solved as a whole: there is nothing to
converge.

The jitter buffer in front of the loudspeaker jumps: it drops sound, stretches it, or repeats the last of it until more
arrives. Where more is left than an echo leaves, other delays are tried, and each frame takes the delay that leaves
least of it, with the same room. What still resembles the far end after that is residual echo.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SAMPLE_RATE = 16_000
MAX_ECHO_DELAY_S = 1.0
"""Covers two jitter buffers, the network and a wireless loudspeaker."""
FRAME_SAMPLES, HOP_SAMPLES = 512, 256
"""Length and hop of an STFT frame: 32 and 16 ms."""
TAPS, LEAD_TAPS = 8, 1
"""Far-end frames that make up one frame of the echo: from 16 ms before the detected delay to 112 ms after it."""
REGULARISATION: Any = np.diag([10, 10, 10, 20, 40, 80, 160, 320]).astype(np.complex64)
"""Penalty on each tap's weight. It grows because reverberation decays, and hardly matters where many frames hold an
audible echo."""
SOLVER_ITERATIONS = 3
"""In the first iteration all frames have the same weight."""
BLOCK_FRAMES = 64
"""Frames that are solved together: 2 s."""
ECHO_SHARPNESS, CERTAIN_ECHO_SHARPNESS = 11.0, 14.0
"""Peak of the correlation at the echo's delay over its root mean square: 13 to 70 with an echo, 4 to 9 without one, and
up to 14 for only 128 ms of sound."""
WHITENING = 0.8
"""Exponent of the phase transform (1 is GCC-PHAT): whiter spectra have sharper peaks but more noise."""
COPY_FRAMES, MIN_COPY_NEAR_FRAMES = 4, 2
"""The residual is compared with the far end this many frames at a time, if at least so many of them are near-end."""
MAX_ADVANCE_SAMPLES, MAX_RETARD_SAMPLES = 1600, 4500
"""A copy of the far end is searched from 0.1 s before the echo to 0.28 s after it."""
MAX_JUMP_SAMPLES, SAME_DELAY_SAMPLES = 640, 4
"""Two frames are enough to detect a jump of up to 40 ms. Delays that differ by 0.25 ms are the same."""
MAX_DELAYS, DELAY_ITERATIONS, MAIN_DELAY_BONUS = 6, 2, 0.7
"""How many delays are tried together, how often delays and room are estimated in turn, and the factor on the residual
power of the main delay: another one has to leave less than that."""
SUPPRESSION, MIN_GAIN = 0.2, 0.05
"""Share of the echo's power that is subtracted from the residual, and the smallest gain of a band."""
NEAR_SHARE, AUDIBLE_SHARE = 0.3, 0.001
"""A frame is near-end speech if it keeps this share of its own power and of the loudest frame's power."""
HANGOVER_FRAMES = 3
"""Frames on either side of near-end speech that are not silenced, either."""

_IDENTITY: Any = np.eye(TAPS, dtype=np.complex64)
_WINDOW: Any = np.sqrt(np.hanning(FRAME_SAMPLES + 1)[:FRAME_SAMPLES]).astype(np.float32)


@dataclass(frozen=True)
class Residual:
    """The microphone signal without the echo."""

    pcm: bytes
    """s16 mono, 16 kHz, as long as the microphone signal."""
    near_end: list[bool]
    """For each 32 ms, whether somebody near the microphone speaks."""


class EchoCanceller:
    """Cancels the echo of one session. It remembers the delay of the echo from one call to the next."""

    def __init__(self) -> None:
        self._delay: int | None = None

    def cancel(self, microphone: bytes, far_end: bytes) -> Residual:
        """Remove `far_end` from `microphone` (both s16 mono, 16 kHz). Blocking: 6 ms of CPU per second of sound.

        `far_end` ends at the same time as `microphone` and begins `MAX_ECHO_DELAY_S` earlier. Without an echo the
        microphone signal is returned unchanged.
        """
        recorded, played = _samples(microphone), _samples(far_end)
        size, history = BLOCK_FRAMES * FRAME_SAMPLES, round(MAX_ECHO_DELAY_S * SAMPLE_RATE)
        blocks = max(1, len(recorded) // size)
        residual, near_end = [], []
        for number in range(blocks):
            start, end = number * size, (number + 1) * size if number < blocks - 1 else len(recorded)
            samples, near = self._cancel_block(recorded[start:end], played[start : end + history])
            residual.append(samples)
            near_end += near
        return Residual(np.concatenate(residual).astype(np.int16).tobytes(), near_end)

    def _cancel_block(self, microphone: Any, far_end: Any) -> tuple[Any, list[bool]]:
        all_near = [True] * -(-len(microphone) // FRAME_SAMPLES)
        if not far_end.any() or not microphone.any():
            return microphone, all_near
        delay, sharpness = _find_delay(microphone, far_end)
        if sharpness >= ECHO_SHARPNESS:
            self._delay = delay
        if self._delay is None:
            return microphone, all_near
        block = _Block(microphone, far_end, self._delay)
        copies = list(_far_end_copies(block.residual, far_end, block.near, self._delay))
        echo = _inverse_stft(block.echo, len(microphone))
        jumps = [self._delay + jump for jump in _delay_jumps(microphone, echo, block.near)]
        delays = [self._delay]
        for delay in [delay for delay, _, _ in copies] + jumps:
            is_new = all(abs(delay - other) > SAME_DELAY_SAMPLES for other in delays)
            if is_new and 0 <= delay <= len(far_end) - len(microphone):
                delays.append(delay)
        if len(delays) > 1:
            self._delay = block.cancel_with(delays[:MAX_DELAYS])
            copies = list(_far_end_copies(block.residual, far_end, block.near, self._delay))
        near = block.near
        for _, sharpness, frames in copies:
            near[frames] &= sharpness < CERTAIN_ECHO_SHARPNESS
        kept = np.convolve(near, np.ones(2 * HANGOVER_FRAMES + 1), "same") > 0
        residual = block.residual * np.repeat(kept, FRAME_SAMPLES)[: len(microphone)]
        return np.clip(np.round(residual), -32768, 32767), near.tolist()


class _Block:
    """One block of the microphone signal: its `echo` (STFT), its `residual` (samples), and `near` for each frame."""

    def __init__(self, microphone: Any, far_end: Any, delay: int) -> None:
        self._far_end = far_end
        self._length = len(microphone)
        self._microphone, power = _stft(microphone), _frame_power(microphone)
        self._near_threshold = np.maximum(NEAR_SHARE * power, AUDIBLE_SHARE * power.max())
        taps = _delayed_taps(self._far_end_spectra([delay]), 0)
        self._room = _solve_room(self._microphone, taps)
        self._cancel(taps)

    def cancel_with(self, delays: list[int]) -> int:
        """Cancel the echo again, with one of these delays in each frame. Returns the delay of the last frame.

        The first delay is the main one.
        """
        spectra = self._far_end_spectra(delays)
        for _ in range(DELAY_ITERATIONS):
            power = np.stack([self._residual_power(_delayed_taps(spectra, number)) for number in range(len(delays))])
            power[0] *= MAIN_DELAY_BONUS
            chosen = np.argmin(_smooth(power, 1), axis=0)
            taps = _delayed_taps(spectra, chosen[:, None])
            self._room = _solve_room(self._microphone, taps)
        self._cancel(taps)
        return delays[int(chosen[-1])]

    def _far_end_spectra(self, delays: list[int]) -> Any:
        """Return the STFT of the far end at each delay: (bands, delays, frames), padded for the taps."""
        ends = [len(self._far_end) - delay for delay in delays]
        spectra = np.stack([_stft(self._far_end[end - self._length : end]) for end in ends], axis=1)
        return np.pad(spectra, ((0, 0), (0, 0), (TAPS - 1 - LEAD_TAPS, LEAD_TAPS)))

    def _residual_power(self, taps: Any) -> Any:
        return np.sum(np.abs(self._microphone - _predict_echo(taps, self._room)) ** 2, axis=0)

    def _cancel(self, taps: Any) -> None:
        self.echo = _predict_echo(taps, self._room)
        self.residual = _suppress(self._microphone, self.echo, self._length)
        self.near = _frame_power(self.residual) > self._near_threshold


def _far_end_copies(residual: Any, far_end: Any, near: Any, delay: int) -> Iterator[tuple[int, float, slice]]:
    """Yield delay, sharpness and frames of each part of the residual that resembles the far end."""
    size, history = COPY_FRAMES * FRAME_SAMPLES, len(far_end) - len(residual)
    shortest, longest = max(0, delay - MAX_ADVANCE_SAMPLES), min(history, delay + MAX_RETARD_SAMPLES)
    last = len(near) - COPY_FRAMES
    for first in {*range(0, last + 1, COPY_FRAMES // 2), last} if last >= 0 else ():
        if near[first : first + COPY_FRAMES].sum() < MIN_COPY_NEAR_FRAMES:
            continue
        at = min(first * FRAME_SAMPLES, len(residual) - size)
        searched = far_end[at + history - longest : at + history - shortest + size]
        extra, sharpness = _find_delay(residual[at : at + size], searched)
        if sharpness >= ECHO_SHARPNESS:
            yield shortest + extra, sharpness, slice(first, first + COPY_FRAMES)


def _delay_jumps(microphone: Any, echo: Any, near: Any) -> Iterator[int]:
    """Yield by how many samples the echo would have to shift to explain two frames that look like near-end speech."""
    size, lags = MIN_COPY_NEAR_FRAMES * FRAME_SAMPLES, 2 * MAX_JUMP_SAMPLES + 1
    padded = np.pad(echo, MAX_JUMP_SAMPLES).astype(np.float64)
    energy = np.cumsum(np.pad(padded, (1, 0)) ** 2)
    for first in range(len(microphone) // FRAME_SAMPLES - MIN_COPY_NEAR_FRAMES + 1):
        if not near[first : first + MIN_COPY_NEAR_FRAMES].all():
            continue
        at = first * FRAME_SAMPLES
        recorded, around = microphone[at : at + size], padded[at : at + size + lags - 1]
        total = np.sum(recorded**2)
        echo_energy = energy[at + size : at + size + lags] - energy[at : at + lags]
        residual = total - 2 * _correlation(recorded, around) + echo_energy
        if residual.min() < NEAR_SHARE * total:
            yield MAX_JUMP_SAMPLES - int(np.argmin(residual))


def _find_delay(microphone: Any, far_end: Any) -> tuple[int, float]:
    """Return the echo's delay in samples, and the sharpness of the correlation's peak there."""
    correlation = np.abs(_correlation(microphone, far_end, WHITENING))
    peak = int(np.argmax(correlation))
    return len(correlation) - 1 - peak, float(correlation[peak] / (np.sqrt(np.mean(correlation**2)) + 1e-12))


def _correlation(signal: Any, longer: Any, whitening: float = 0.0) -> Any:
    """Correlate a signal with every part of a longer one that has its length."""
    size = 1 << (len(longer) - 1).bit_length()
    spectrum = np.conj(np.fft.rfft(signal, size)) * np.fft.rfft(longer, size)
    if whitening:
        spectrum /= np.abs(spectrum) ** whitening + 1e-9
    return np.fft.irfft(spectrum, size)[: len(longer) - len(signal) + 1]


def _delayed_taps(spectra: Any, number: Any) -> Any:
    """Return each frame of the far end with those before it: (bands, frames, taps), at the delay of this number."""
    bands, _, frames = spectra.shape
    at = np.arange(TAPS - 1, frames)[:, None] - np.arange(TAPS)
    return spectra.reshape(bands, -1).take(at + number * frames, axis=1)


def _solve_room(microphone: Any, taps: Any) -> Any:
    """Return the weight of each tap: (bands, taps, 1)."""
    weighted, room = taps, np.zeros(0)
    penalty = (1e-3 * np.mean(np.abs(taps) ** 2) * taps.shape[1] + 1e-9) * _IDENTITY
    floor = 1e-3 * np.mean(np.abs(microphone) ** 2) + 1e-8
    for iteration in range(SOLVER_ITERATIONS):
        if iteration:
            residual = microphone - _predict_echo(taps, room)
            weighted, penalty = taps / (_smooth(np.abs(residual) ** 2, 0) + floor)[..., None], REGULARISATION
        adjoint = np.conj(weighted.transpose(0, 2, 1))
        room = np.linalg.solve(adjoint @ taps + penalty, adjoint @ microphone[..., None])
    return room


def _predict_echo(taps: Any, room: Any) -> Any:
    return (taps @ room)[..., 0]


def _suppress(microphone: Any, echo: Any, length: int) -> Any:
    """Subtract the echo, suppress the bands where it is loud, and return the samples."""
    residual = microphone - echo
    echo_power, residual_power = _smooth(np.abs(echo) ** 2, 1), _smooth(np.abs(residual) ** 2, 1)
    gain = np.clip(1 - SUPPRESSION * echo_power / (residual_power + 1e-12), MIN_GAIN, 1)
    return _inverse_stft(residual * gain, length)


def _stft(samples: Any) -> Any:
    """Return the short-time spectrum: (bands, frames)."""
    end = np.zeros(FRAME_SAMPLES + -len(samples) % HOP_SAMPLES, np.float32)
    padded = np.concatenate([np.zeros(HOP_SAMPLES, np.float32), samples, end])
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)[::HOP_SAMPLES]
    return np.ascontiguousarray(np.fft.rfft(frames * _WINDOW, axis=1).T.astype(np.complex64))


def _inverse_stft(spectrum: Any, length: int) -> Any:
    frames = np.fft.irfft(spectrum.T, FRAME_SAMPLES, axis=1) * _WINDOW
    overlapped = frames[1:, :HOP_SAMPLES] + frames[:-1, HOP_SAMPLES:]
    return overlapped.reshape(-1)[:length].astype(np.float32)


def _smooth(power: Any, axis: int) -> Any:
    """Average each value with its two neighbours."""
    smooth = np.array(power)
    inner, first, second = ((slice(None),) * axis + (part,) for part in (slice(1, -1), slice(2, None), slice(None, -2)))
    smooth[inner] = (power[inner] + power[first] + power[second]) / 3
    return smooth


def _frame_power(samples: Any) -> Any:
    """Return the mean power of each 32 ms."""
    return (np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES) ** 2).mean(axis=1)


def _samples(pcm: bytes) -> Any:
    return np.frombuffer(pcm, np.int16).astype(np.float32)
