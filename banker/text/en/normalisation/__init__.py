"""Text normalisation: each sentence as the caption shows it and as the voice speaks it.

::

    splitter = SentenceSplitter()
    for piece in stream:
        for text in splitter.feed(piece):
            normalised = sentence(text)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from banker.text.en.normalisation.display import display_text
from banker.text.en.normalisation.markup import strip_markup
from banker.text.en.normalisation.sentences import SentenceSplitter, split
from banker.text.en.normalisation.verbalisation import Anchor, verbalise

__all__ = ["Sentence", "SentenceSplitter", "sentence", "sentences", "split", "verbatim"]


@dataclass(frozen=True)
class Sentence:
    """One sentence as display text and as TTS text.

    `shown` is empty if the text was only markup or emoji, and `spoken` if it has nothing to say. `spoken` consists of
    letters, spaces and the marks ``. , ; : ! ? ' -``.
    """

    shown: str
    spoken: str
    anchors: tuple[Anchor, ...] = field(default=(), repr=False, compare=False)

    def shown_until(self, fraction: float) -> str:
        """Return the shown words that are complete after `fraction` (0.0 to 1.0) of the spoken text.

        The result never contains half an amount, and it grows with `fraction`.
        """
        if fraction >= 1:
            return self.shown
        if not fraction > 0:
            return ""
        heard = len(self.spoken) * fraction
        return self.shown[: max((anchor.shown for anchor in self.anchors if anchor.spoken <= heard), default=0)]


def sentence(text: str) -> Sentence:
    """Normalise one sentence that a program or a language model wrote. Never raises."""
    shown = display_text(strip_markup(text))
    spoken = verbalise(shown)
    return Sentence(shown, spoken.text, spoken.anchors)


def verbatim(text: str) -> Sentence:
    """Normalise one sentence whose every word counts: nothing of it is taken for markup. Never raises."""
    shown = display_text(text)
    spoken = verbalise(shown)
    return Sentence(shown, spoken.text, spoken.anchors)


def sentences(text: str) -> list[Sentence]:
    """Split and normalise a whole text. Sentences without display text are left out."""
    return [normalised for normalised in map(sentence, split(text)) if normalised.shown]
