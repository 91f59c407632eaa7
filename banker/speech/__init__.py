"""Speech engines behind protocols: what the rest of the house knows of a synthesiser, a recogniser and a detector.

An engine is imported only when configured. Synthesisers and recognisers are blocking and called in executors; a
detector is quick and called where the sound comes in.
"""

from banker.speech.asr.recognition import Recognition, Segment
from banker.speech.engines import Detector, Recogniser, SpeechUnavailable, Synthesiser
from banker.speech.loading import load_detector, load_recogniser, load_synthesiser

__all__ = [
    "Detector",
    "Recogniser",
    "Recognition",
    "Segment",
    "SpeechUnavailable",
    "Synthesiser",
    "load_detector",
    "load_recogniser",
    "load_synthesiser",
]
