"""The Silero network in NumPy against the published model."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from banker.speech.vad.convert_silero import convert, published_model
from banker.speech.vad.silero import FRAME_SAMPLES, STATE_SIZE, WEIGHTS, SileroNetwork
from tests.speech.sounds import mixed, noise, pause, say

WITHOUT_WHISPER = """
import sys
for name in ("faster_whisper", "ctranslate2", "onnxruntime"):
    sys.modules[name] = None
from banker.config.settings import SpeechSettings
from banker.speech import load_detector, load_recogniser
speech = SpeechSettings(recogniser="endpoint", base_url="http://127.0.0.1:9/v1", model="any")
print(load_recogniser(speech).name, load_detector()().frame_bytes)
"""


def frames(sound: bytes) -> list[bytes]:
    size = FRAME_SAMPLES * 2
    return [sound[at : at + size] for at in range(0, len(sound) - size, size)]


def probabilities(*sounds: bytes) -> NDArray[np.float32]:
    """Speech probability of each frame of these sounds, processed as one batch: a column for each sound."""
    network, state = SileroNetwork(), np.zeros((len(sounds), STATE_SIZE), np.float32)
    return np.array([network.run(list(row), state) for row in zip(*map(frames, sounds), strict=False)])


def speech_share(sound: bytes) -> float:
    """Share of the frames that are speech."""
    return float((probabilities(sound) > 0.5).mean())


def original(sound: bytes) -> NDArray[np.float32]:
    """Speech probability of each frame by the published model, a frame at a time."""
    network = onnxruntime.InferenceSession(published_model())
    h = c = np.zeros((1, 1, 128), np.float32)
    window, found = np.zeros((1, 576), np.float32), []
    for frame in frames(sound):
        window[0] = np.concatenate((window[0, 512:], np.frombuffer(frame, np.int16) / 32768))
        probability, h, c = network.run(None, {"input": window, "h": h, "c": c})
        found.append(probability[0])
    return np.array(found)


def test_speech_is_distinguished_from_silence_and_noise() -> None:
    assert speech_share(say("What is the balance of my account?")) > 0.8
    assert speech_share(pause(2)) == speech_share(noise("pink", 2)) == 0


def test_probabilities_are_those_of_the_published_model_alone_and_in_a_batch() -> None:
    sounds = [
        mixed(say("What is the balance of my account?"), noise("white", 5), 0.05),
        noise("pink", 3),
        mixed(say("I lost my card, please block it."), noise("pink", 5), 0.5),
    ]
    together = probabilities(*sounds)
    for sound, batched in zip(sounds, together.T, strict=True):
        expected = original(sound)[: len(batched)]
        assert expected == pytest.approx(batched, abs=1e-4)
        assert probabilities(sound)[: len(batched), 0] == pytest.approx(batched, abs=1e-4)
    assert together.max() > 0.9


def test_the_weights_are_what_the_script_makes_of_the_published_model() -> None:
    made = convert(published_model().read_bytes())
    with np.load(WEIGHTS) as stored:
        assert set(stored) == set(made)
        assert all(np.array_equal(stored[name], made[name]) for name in made)


def test_a_recogniser_on_an_endpoint_needs_no_local_engine() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_WHISPER], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "endpoint:any 1024\n", ran.stderr
