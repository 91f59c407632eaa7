"""Speech engines behind protocols: voice activity detection, recognition and synthesis.

An engine is imported only if it is configured. Recognisers and synthesisers block and run in executors. A detector is
fast enough to run in the media loop.
"""

from banker.speech.asr.recognition_result import Recognition, Segment
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
