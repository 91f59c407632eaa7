"""The voice-activity detector, which comes with the house."""

import subprocess
import sys

from banker.speech.silero import SileroNetwork
from tests.speech.sounds import noise, pause, say

WITHOUT_WHISPER = """
import sys
sys.modules["faster_whisper"] = sys.modules["ctranslate2"] = None
from banker.settings import Speech
from banker.speech import load_detector, load_recogniser
speech = Speech(recogniser="endpoint", base_url="http://127.0.0.1:9/v1", model="any")
print(load_recogniser(speech).name, load_detector()().frame_bytes)
"""


def spoken(sound: bytes) -> float:
    """The share of the frames that the detector takes for speech."""
    detector = SileroNetwork().detector()
    size = detector.frame_bytes
    frames = [sound[at : at + size] for at in range(0, len(sound) - size, size)]
    return sum(detector.probability(frame) > 0.5 for frame in frames) / len(frames)


def test_speech_is_told_from_silence_and_noise() -> None:
    assert spoken(say("What is the balance of my account?")) > 0.8
    assert spoken(pause(2)) == spoken(noise("pink", 2)) == 0


def test_who_recognises_on_a_server_needs_no_recogniser_here() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_WHISPER], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "endpoint:any 1024\n", ran.stderr
