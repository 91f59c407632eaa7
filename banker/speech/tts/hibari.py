"""The default voice: hibari, a small network on ONNX Runtime, with the packaged voice or any hibari `.onnx` file.

Source: https://github.com/MMWilliams/hibari
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from hibari import Hibari

from banker.speech.tts.hibari_network import TimedNetwork
from banker.speech.tts.loudness import SAMPLE_TEXT, gain_of, to_pcm
from banker.speech.tts.timed_pcm import MouthMark, TimedPcm, Timings, WordMark, timed

SEED = 0
"""Of the noise in the voice. With a fixed one a text sounds the same each time, and can be cached."""
UNKNOWN_NAME = "Kwantis"
"""A word in no lexicon loads the network that reads such words, so that no customer waits for that."""
HEARD = 0.6
"""A word counts as said from this fraction of its length on: whoever stops the voice there has heard it."""
_VISEMES = {
    symbol: viseme
    for viseme, symbols in {
        "closed": "mbp.,;:!?…—",
        "slight": "ntdklɡhŋɾʔθðjɹəᵊɪ",
        "open": "eɛæAʌɜɚ",
        "wide": "aɑIWɒ",
        "round": "ouwOUʊɔQYʍ",
        "teeth": "szʃʒʧʤiᵻ",
        "bite": "fv",
    }.items()
    for symbol in symbols
}
"""hibari's phonemes by the mouth that makes them. What is missing, such as length, keeps the mouth as it is."""
_STRESS = "ˈˌ"
"""Has a length of its own, in which the vowel behind it begins."""
LEAD_S = 0.06
"""The sound of a phoneme comes before the place that the network's lengths give it: measured in its own sound."""


class HibariSynthesiser:
    """One loaded voice. Implements `speech.Synthesiser`. `synthesise` may be called from several threads."""

    sample_rate: int = Hibari.sample_rate

    def __init__(self, voice: str | None = None, *, threads: int = 1) -> None:
        self._voice = Hibari(model=voice, threads=threads)
        self.name = f"hibari:{Path(self._voice.model_path).stem}"
        self._voice.sess = self._network = TimedNetwork(self._voice.sess, self._voice.model_path, threads)
        self._voice.phonemize(UNKNOWN_NAME)
        self._gain = gain_of(self._voice.stream(SAMPLE_TEXT, seed=SEED))

    def synthesise(self, text: str, rate: float = 1.0) -> Iterator[TimedPcm]:
        """Yield a chunk for each sentence, after about a hundredth of its length."""
        noise, said = np.random.default_rng(SEED), 0
        for sentence in self._voice.split_sentences(text):
            begin = text.index(sentence, said)
            said = begin + len(sentence)
            parts = self._voice.phonemize(sentence)
            for phonemes in parts:
                samples = self._voice.from_ids(self._voice.ids(phonemes), rate, noise)
                words = [begin + word.end() for word in re.finditer(r"\S+", sentence)] if len(parts) == 1 else []
                timings = _timings(phonemes, self._network.durations, words, len(text))
                yield timed(to_pcm(samples, self._gain), timings)


def _timings(phonemes: str, durations: Sequence[float], words: Sequence[int], length: int) -> Timings:
    """`words`: where each word of the sentence ends in the text of `length` characters."""
    if len(durations) != len(phonemes) + 2:
        return Timings()
    ends = list(accumulate(durations))
    mouths, viseme = [], "closed"
    for end, phoneme, following in zip(ends[1:], phonemes, phonemes[1:] + " ", strict=False):
        viseme = _VISEMES.get(following if phoneme in _STRESS else phoneme, viseme)
        mouths.append(MouthMark(end - LEAD_S, viseme))
    gaps = [at for at, phoneme in enumerate(phonemes, 1) if phoneme == " "]
    spans = [(ends[first], ends[last]) for first, last in zip([0, *gaps], [*gaps, len(phonemes)], strict=True)]
    if len(spans) != len(words):  # the voice joins or splits a word, such as "24/7"
        spans = [(ends[0], ends[len(phonemes)])]
        words = words[-1:]
    marks = (
        WordMark(begin + HEARD * (end - begin), word / length) for (begin, end), word in zip(spans, words, strict=False)
    )
    return Timings(tuple(marks), tuple(mouths))
