"""The local voices say what is written, at one loudness, and in the same way each time."""

import numpy as np
import pytest

from banker.config.speech import SpeechSettings
from banker.speech.engines import Synthesiser
from banker.speech.loading import load_synthesiser
from banker.speech.tts.timed_pcm import TimedPcm
from tests.listening import transcribe
from tests.speech.sounds import wav

SENTENCES = {
    "Your Everyday Checking account has a balance of one thousand two hundred dollars and fifty cents.": (
        "your everyday checking account has a balance of"
    ),
    "Shall I send fifteen dollars to Mina Okafor?": "shall i send",
    "One moment, please.": "one moment please",
}


@pytest.fixture(scope="module", params=["hibari", "piper"])
def voice(request: pytest.FixtureRequest) -> Synthesiser:
    synthesiser = load_synthesiser(SpeechSettings(synthesiser=request.param))
    assert synthesiser is not None
    return synthesiser


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_is_heard_as_it_is_written(voice: Synthesiser, text: str) -> None:
    assert SENTENCES[text] in transcribe(wav(b"".join(voice.synthesise(text)), voice.sample_rate))


@pytest.mark.parametrize("text", ["Yes.", *SENTENCES])
def test_every_sentence_has_the_target_loudness_and_is_not_clipped(voice: Synthesiser, text: str) -> None:
    samples = np.frombuffer(b"".join(voice.synthesise(text)), np.int16) / 32768
    assert 0.04 < float(np.sqrt(np.mean(samples**2))) < 0.2
    assert np.mean(np.abs(samples) > 0.99) < 0.001


def test_each_sentence_comes_as_soon_as_it_is_ready(voice: Synthesiser) -> None:
    chunks = list(voice.synthesise("Good morning. " + next(iter(SENTENCES))))
    assert len(chunks) == 2
    assert len(chunks[0]) < len(chunks[1])


def test_the_default_voice_says_a_text_in_the_same_way_each_time() -> None:
    first, second = (load_synthesiser(SpeechSettings()) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.name == second.name
    assert list(first.synthesise("One moment, please.")) == list(second.synthesise("One moment, please."))


def test_a_pause_follows_a_comma(voice: Synthesiser) -> None:
    text = "After the transfer, your balance is lower."
    samples = np.frombuffer(b"".join(voice.synthesise(text)), np.int16) / 32768
    frame = voice.sample_rate // 100
    energy = np.sqrt(np.mean(samples[: len(samples) // frame * frame].reshape(-1, frame) ** 2, axis=1))
    inner = energy[len(energy) // 5 : -len(energy) // 5] > 0.01
    silences = "".join(" x"[int(loud)] for loud in inner).split("x")
    assert max(map(len, silences)) >= 5  # 50 ms


def test_a_slower_voice_takes_longer_says_the_same_and_knows_when(voice: Synthesiser) -> None:
    text = "Shall I send fifteen dollars to Mina Okafor?"
    usual, slow, fast = (b"".join(voice.synthesise(text, rate)) for rate in (1.0, 0.7, 1.4))
    assert len(slow) > 1.25 * len(usual) > 1.5 * len(fast)
    assert SENTENCES[text] in transcribe(wav(slow, voice.sample_rate))
    for chunk in voice.synthesise(text, 0.7):
        if isinstance(chunk, TimedPcm):
            seconds = len(chunk) / 2 / voice.sample_rate
            assert seconds - 0.7 < chunk.timings.words[-1].seconds < chunk.timings.mouths[-1].seconds < seconds
