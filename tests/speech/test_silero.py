"""The voice-activity detector, which comes with the house."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from banker.speech.vad.convert_silero import convert, published_model
from banker.speech.vad.silero import FRAME_SAMPLES, MEMORY, WEIGHTS, SileroNetwork
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


def judged(*sounds: bytes) -> NDArray[np.float32]:
    """How likely each frame of these sounds, heard side by side, is speech: a column for each."""
    network, memory = SileroNetwork(), np.zeros((len(sounds), MEMORY), np.float32)
    return np.array([network.judge(list(row), memory) for row in zip(*map(frames, sounds), strict=False)])


def spoken(sound: bytes) -> float:
    """The share of the frames that the detector takes for speech."""
    return float((judged(sound) > 0.5).mean())


def original(sound: bytes) -> NDArray[np.float32]:
    """What the network says of it as its makers run it, a frame at a time."""
    network = onnxruntime.InferenceSession(published_model())
    h = c = np.zeros((1, 1, 128), np.float32)
    heard, told = np.zeros((1, 576), np.float32), []
    for frame in frames(sound):
        heard[0] = np.concatenate((heard[0, 512:], np.frombuffer(frame, np.int16) / 32768))
        likely, h, c = network.run(None, {"input": heard, "h": h, "c": c})
        told.append(likely[0])
    return np.array(told)


def test_speech_is_told_from_silence_and_noise() -> None:
    assert spoken(say("What is the balance of my account?")) > 0.8
    assert spoken(pause(2)) == spoken(noise("pink", 2)) == 0


def test_it_says_what_the_original_network_says_alone_and_in_company() -> None:
    sounds = [
        mixed(say("What is the balance of my account?"), noise("white", 5), 0.05),
        noise("pink", 3),
        mixed(say("I lost my card, please block it."), noise("pink", 5), 0.5),
    ]
    together = judged(*sounds)
    for sound, told in zip(sounds, together.T, strict=True):
        expected = original(sound)[: len(told)]
        assert expected == pytest.approx(told, abs=1e-4)
        assert judged(sound)[: len(told), 0] == pytest.approx(told, abs=1e-4)
    assert together.max() > 0.9


def test_the_weights_are_what_the_script_makes_of_the_published_model() -> None:
    made = convert(published_model().read_bytes())
    with np.load(WEIGHTS) as stored:
        assert set(stored) == set(made)
        assert all(np.array_equal(stored[name], made[name]) for name in made)


def test_who_recognises_on_a_server_needs_no_recogniser_here() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_WHISPER], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "endpoint:any 1024\n", ran.stderr
