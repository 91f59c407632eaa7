"""How the voice speaks to one customer: a step at a time, within bounds, and never clipped."""

import numpy as np
import pytest

from banker.speech.tts.manner import MOST_STEPS, WISHES, Manner
from banker.speech.tts.timed_pcm import MouthMark, Timings, timed
from banker.speech.tts.volume import CEILING, amplified

LOUD = (np.sin(np.arange(24_000) / 20) * 32_767).astype(np.int16).tobytes()


def loudness(pcm: bytes) -> float:
    return float(np.sqrt(np.mean((np.frombuffer(pcm, np.int16) / 32_768.0) ** 2)))


@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_goes_a_step_further_until_the_voice_goes_no_further(wish: str) -> None:
    manner = Manner(0.9)
    for _ in range(MOST_STEPS):
        before, manner = manner, manner.wished(wish)
        assert manner != before
    assert manner.wished(wish) == manner
    assert Manner(0.9).restored(manner.as_dict()) == manner


def test_a_wish_is_taken_back_by_its_opposite() -> None:
    for wish, opposite in (("slower", "faster"), ("louder", "softer")):
        assert Manner(1.1).wished(wish).wished(opposite) == Manner(1.1)


@pytest.mark.parametrize("gain_db", [-8.0, -4.0, 4.0, 8.0])
def test_speech_becomes_louder_or_softer_and_is_never_clipped(gain_db: float) -> None:
    soft = (np.frombuffer(LOUD, np.int16) // 10).astype(np.int16).tobytes()
    assert loudness(amplified(soft, gain_db)) == pytest.approx(loudness(soft) * 10 ** (gain_db / 20), rel=0.01)
    samples = np.abs(np.frombuffer(amplified(LOUD, gain_db), np.int16).astype(int))
    assert samples.max() <= CEILING * 32_768


def test_the_timings_stay_with_the_sound() -> None:
    timings = Timings(mouths=(MouthMark(0.1, "open"),))
    assert amplified(timed(LOUD, timings), 4.0).timings == timings  # type: ignore[attr-defined]
