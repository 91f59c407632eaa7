"""Echo cancellation on synthetic sound: a loudspeaker, a room and double talk, all through Opus."""

import functools
import math
from typing import Any

import numpy as np
import pytest

from banker.rtc.audio_in.opus_decoder import Decoder
from banker.speech.echo_cancellation import MAX_ECHO_DELAY_S, EchoCanceller, Residual
from tests.speech.sounds import RATE, noise, packets, say

FAR = "Your checking account and your savings account are both active and in good order."
NEAR = "What about my credit card?"
BEFORE = round(MAX_ECHO_DELAY_S * RATE)
KINDS = (
    "plain",
    "late",
    "changed",
    "changed often",
    "played again",
    "room",
    "loud, in a room, distorted",
    "room, noise",
)


@functools.cache
def far() -> Any:
    return samples(through_opus(say(FAR, "en-gb+f3")))


def samples(pcm: bytes) -> Any:
    return np.frombuffer(pcm, np.int16).astype(np.float64)


def pcm(sound: Any) -> bytes:
    return bytes(np.clip(np.round(sound), -32768, 32767).astype(np.int16).tobytes())


def through_opus(sound: bytes) -> bytes:
    return b"".join(map(Decoder(RATE).decode, (packet.payload for packet in packets(sound)))).ljust(len(sound), b"\0")


def echo_of(sound: Any, kind: str) -> Any:
    """Return the echo of a sound."""
    delay = round((0.45 if kind == "late" else 0.12) * RATE)
    if kind == "changed often":  # sound is stretched, or left out, every third of a second
        parts = [sound[at + 160 * (number % 2) : at + 5000] for number, at in enumerate(range(0, len(sound), 5000))]
        parts = [np.concatenate([part[:160] if number % 3 else part[:0], part]) for number, part in enumerate(parts)]
        sound = np.pad(np.concatenate(parts), (0, 5000))[: len(sound)]
    if kind == "played again":  # packets are missing, and what came before is played over and over, softer and softer
        for at in range(2 * RATE, len(sound) - 2000, RATE):
            last = sound[at - 200 : at]
            repeated = np.concatenate([last * 0.75**number for number in range(10)])
            sound = np.concatenate([sound[:at], repeated, sound[at:-2000]])
    if kind == "changed":  # a jitter buffer that makes up for lost time, twice
        parts = [sound[: RATE + 3000], sound[RATE + 3200 : 3 * RATE], np.zeros(500), sound[3 * RATE :]]
        sound = np.pad(np.concatenate(parts), (0, 200))[: len(sound)]
    if "distorted" in kind:
        sound = np.tanh(sound / 6000) * 6000
    if "room" in kind:
        length = RATE // 5
        tail = np.random.default_rng(1).standard_normal(length) * np.exp(-np.arange(length) / (0.04 * RATE)) * 0.15
        tail[:40] = 0
        tail[0] = 1
        sound = np.convolve(sound, tail)[: len(sound)]
    back = np.concatenate([np.zeros(delay), sound])[: len(sound)] * (0.4 if "loud" in kind else 0.1)
    return back + samples(noise("pink", 10.0))[: len(sound)] * 0.1 if "noise" in kind else back


def cancelled(kind: str, near: Any = None) -> tuple[Any, Residual]:
    """Return the microphone signal of an echo, with somebody near if given, and its residual."""
    heard = echo_of(far(), kind)
    if near is not None:
        heard = heard + near
    heard = samples(through_opus(pcm(heard)))
    return heard, EchoCanceller().cancel(pcm(heard), pcm(np.concatenate([np.zeros(BEFORE), far()])))


def decibels(sound: Any, other: Any) -> float:
    return 10 * math.log10((np.mean(sound**2) + 1e-9) / (np.mean(other**2) + 1e-9))


@pytest.mark.parametrize("kind", KINDS)
def test_an_echo_alone_is_removed(kind: str) -> None:
    heard, rest = cancelled(kind)
    left = samples(rest.pcm)
    assert len(left) == len(heard)
    assert decibels(heard, left) > 15
    power = [np.mean(heard[at : at + 512] ** 2) for at in range(0, len(heard), 512)]
    assert sum(near and level > max(power) / 100 for near, level in zip(rest.near_end, power, strict=True)) <= 4


@pytest.mark.parametrize("kind", KINDS)
def test_double_talk_is_kept_without_the_echo(kind: str) -> None:
    near, at = np.zeros(len(far())), 2 * RATE
    said = samples(say(NEAR))
    near[at : at + len(said)] = said[: len(near) - at]
    _, rest = cancelled(kind, near)
    left = samples(rest.pcm)
    speech = slice(at, at + len(said))
    assert abs(decibels(left[speech], near[speech])) < 1
    assert decibels(near[speech], (left - samples(through_opus(pcm(near))))[speech]) > 10
    assert sum(rest.near_end[at // 512 : at // 512 + 15]) > 10


def test_without_an_echo_the_signal_is_unchanged() -> None:
    heard = samples(through_opus(say(NEAR) * 2))
    other = far()[: len(heard) + BEFORE]
    other = np.pad(other, (len(heard) + BEFORE - len(other), 0))
    rest = EchoCanceller().cancel(pcm(heard), pcm(other))
    assert rest.pcm == pcm(heard)
    assert all(rest.near_end)


def test_a_known_delay_does_not_distort_speech_without_an_echo() -> None:
    canceller, played = EchoCanceller(), np.concatenate([np.zeros(BEFORE), far()])
    canceller.cancel(pcm(echo_of(far(), "plain")), pcm(played))
    near = samples(say(NEAR))
    left = samples(canceller.cancel(pcm(near), pcm(played[: BEFORE + len(near)])).pcm)
    assert decibels(near, left - near) > 20


@pytest.mark.parametrize("length", [0, 1, 100, 511, 512, 5000, 64_001])
def test_the_residual_is_as_long_as_the_signal(length: int) -> None:
    heard = pcm(np.resize(echo_of(far(), "plain"), length))
    played = pcm(np.resize(far(), length + BEFORE))
    rest = EchoCanceller().cancel(heard, played)
    assert len(rest.pcm) == len(heard)
    assert len(rest.near_end) == max(1, math.ceil(length / 512)) if length else not rest.pcm
