"""A sentence as the caption shows it and as the voice speaks it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from banker.text.markup import strip_markup
from banker.text.sentence_splitter import split


class Anchor(NamedTuple):
    """The first `shown` characters of the display text are spoken by the first `spoken` characters of the TTS text."""

    shown: int
    spoken: int


class Spoken(NamedTuple):
    """The TTS text, with an anchor at the end of each shown word."""

    text: str
    anchors: tuple[Anchor, ...]


@dataclass(frozen=True)
class Sentence:
    """One sentence as display text and as TTS text.

    `shown` is empty if the text was only markup or emoji, and `spoken` if nothing of it can be spoken.
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


@dataclass(frozen=True)
class Language:
    """Text normalisation for one language. No method raises.

    `display_text` rewrites the numbers of a program as a person would write them, and `verbalise` turns display text
    into words for the voice.
    """

    display_text: Callable[[str], str]
    verbalise: Callable[[str], Spoken]

    def sentence(self, text: str) -> Sentence:
        """Normalise one sentence that a program or a language model wrote."""
        return self.verbatim(strip_markup(text))

    def verbatim(self, text: str) -> Sentence:
        """Normalise one sentence verbatim: nothing counts as markup."""
        shown = self.display_text(text)
        spoken = self.verbalise(shown)
        return Sentence(shown, spoken.text, spoken.anchors)

    def sentences(self, text: str) -> list[Sentence]:
        """Split and normalise a whole text. Sentences without display text are left out."""
        return [normalised for normalised in map(self.sentence, split(text)) if normalised.shown]
