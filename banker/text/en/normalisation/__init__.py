"""What the banker says, twice: as a caption shows it and as a voice speaks it.

::

    splitter = SentenceSplitter()
    for piece in stream:
        for text in splitter.feed(piece):
            said = sentence(text)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from banker.text.en.normalisation.markup import plain
from banker.text.en.normalisation.sentences import SentenceSplitter, split
from banker.text.en.normalisation.spoken import Anchor, speak
from banker.text.en.normalisation.written import written

__all__ = ["Sentence", "SentenceSplitter", "sentence", "sentences", "split"]


@dataclass(frozen=True)
class Sentence:
    """One sentence for the eye and for the voice.

    `shown` is empty if the text was nothing but markup or emoji; `spoken` is empty if there is nothing to say. `spoken`
    holds letters, spaces and the marks ``. , ; : ! ? ' -`` alone.
    """

    shown: str
    spoken: str
    anchors: tuple[Anchor, ...] = field(default=(), repr=False, compare=False)

    def said_as(self, shorter: Sentence) -> Sentence:
        """This sentence shown, and another one spoken that begins alike; what only one of them has is shown last."""
        anchors = tuple(anchor for anchor in shorter.anchors if self.shown.startswith(shorter.shown[: anchor.shown]))
        return Sentence(self.shown, shorter.spoken, anchors)

    def shown_until(self, fraction: float) -> str:
        """The shown words that were said to their end when `fraction` (0.0 to 1.0) of the spoken text was heard.

        It grows with `fraction`; an amount of which half was heard is not in it.
        """
        if fraction >= 1:
            return self.shown
        if not fraction > 0:
            return ""
        heard = len(self.spoken) * fraction
        return self.shown[: max((anchor.shown for anchor in self.anchors if anchor.spoken <= heard), default=0)]


def sentence(text: str) -> Sentence:
    """Both forms of one sentence as a program or a language model wrote it; never raises."""
    shown = written(plain(text))
    spoken = speak(shown)
    return Sentence(shown, spoken.text, spoken.anchors)


def sentences(text: str) -> list[Sentence]:
    """All sentences of a whole text that show anything."""
    return [said for said in map(sentence, split(text)) if said.shown]
