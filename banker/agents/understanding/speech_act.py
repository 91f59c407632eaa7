"""Owns the question whether an utterance wishes for anything: one may also tell, repeat hearsay, suppose, or quote.

"A friend of mine lost her card" tells, "what if my card were stolen" supposes, "how do you spell balance" is about
words; none of them asks for anything to be done. Learnt from the examples of wishes and from `not_wished.txt`.
"""

from collections.abc import Sequence
from enum import Enum

from banker.agents.understanding.classifier import Classifier
from banker.agents.understanding.encoder import SentenceEncoder, Vectors
from banker.agents.understanding.regression import Regression

_TOLD = 0.2
_UNSURE = 0.5


class SpeechAct(Enum):
    """What an utterance does with its subject."""

    WISH = "asks for it"
    UNSURE = "may state or suppose it; whether it is wished for has to be asked"
    TOLD = "tells of it, supposes it or quotes it, and wants nothing done"


class SpeechActClassifier:
    """Tells wishes from what is only told; learns once, is then only read and may be shared by threads."""

    def __init__(self, wishes: Sequence[str], not_wished: Sequence[str], encoder: SentenceEncoder | None) -> None:
        """Learn from normalised texts of either kind; without wishes everything is taken for one."""
        kinds = [SpeechAct.WISH.name] * len(wishes) + [SpeechAct.TOLD.name] * len(not_wished)
        texts = [*wishes, *not_wished]
        self._classifier = Classifier(texts, kinds, encoder.encode(texts) if encoder else None) if wishes else None

    @property
    def regressions(self) -> list[Regression]:
        """All that was learnt."""
        return [] if self._classifier is None else self._classifier.regressions

    def mood(self, text: str, vector: Vectors | None) -> SpeechAct:
        """Say in which mood a normalised text speaks; `vector` is its sentence vector, if there is an encoder."""
        if self._classifier is None:
            return SpeechAct.WISH
        vectors = None if vector is None else vector[None]
        likely = self._classifier.likelihoods([text], vectors)[0, self._classifier.labels.index(SpeechAct.WISH.name)]
        return SpeechAct.TOLD if likely < _TOLD else SpeechAct.UNSURE if likely < _UNSURE else SpeechAct.WISH
