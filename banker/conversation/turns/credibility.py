"""Which recognised words are believed: by how many there are, and by what is expected now (docs/turn-taking.md)."""

from dataclasses import dataclass
from enum import Enum, auto

from banker.conversation.turns.interruption import classify, find_stop_request, plain_words
from banker.speech.asr.recognition_result import Limits, Recognition
from banker.text.en.assent import answer

SHORT_WORDS = 3
"""Up to this many words, the mean over the tokens says little: a single word is never as likely as a sentence."""


class Expected(Enum):
    """How much what was recognised is to be expected."""

    PLEA = auto()
    """A request to stop or to wait."""
    ASSENT = auto()
    """A plain yes or no."""
    ANSWER = auto()
    """A few words while a question is open."""
    WISH = auto()
    """A few words, each of which the bank's customers are known to use."""
    ANYTHING = auto()


IN_SILENCE = {
    Expected.PLEA: Limits(-2.0, 0.5),
    Expected.ASSENT: Limits(-2.0, 0.5),
    Expected.ANSWER: Limits(-1.7, 0.4),
    Expected.WISH: Limits(-1.7, 0.35),
    Expected.ANYTHING: Limits(-1.3, 0.6, certain=-0.7),
}
"""While the agent is silent."""
OVER_AGENT = {
    Expected.PLEA: Limits(-1.3, 0.5),
    Expected.ASSENT: Limits(-1.3, 0.5),
    Expected.ANSWER: Limits(-0.8, 0.3),
    Expected.WISH: Limits(-0.8, 0.3),
    Expected.ANYTHING: Limits(-0.8, 0.3),
}
"""Words below `ANYTHING` are as often as not made of a fragment, a hum or an echo."""
SOMEBODY_SPOKE = Limits(-2.5, 0.45)
"""Words within these limits are wrong, but somebody has said something. Coughs are beyond them."""


@dataclass(frozen=True)
class Credibility:
    """Judges the recognitions of one moment."""

    over_agent: bool
    """Whether the agent thinks or speaks."""
    has_asked: bool
    """Whether a question to the user is open."""

    def credible(self, recognition: Recognition) -> str:
        """The words that are believed, or an empty string."""
        limits = OVER_AGENT if self.over_agent else IN_SILENCE
        return recognition.within(limits[self.expected(recognition)]) or recognition.within(limits[Expected.ANYTHING])

    def expected(self, recognition: Recognition) -> Expected:
        """How much the recognised words are to be expected now."""
        text = recognition.text
        is_short = len(plain_words(text).split()) <= SHORT_WORDS
        kind = classify(text, over_agent=True, has_asked=False)
        if kind in ("stop", "wait") or (is_short and find_stop_request(text)):
            return Expected.PLEA
        if answer(text) and (self.has_asked or not self.over_agent):
            return Expected.ASSENT
        if not is_short:
            return Expected.ANYTHING
        if recognition.familiar:
            return Expected.WISH
        return Expected.ANSWER if self.has_asked else Expected.ANYTHING

    def is_doubtful(self, recognition: Recognition) -> bool:
        """Whether somebody said words that are not believed."""
        kind = classify(recognition.within(SOMEBODY_SPOKE), over_agent=self.over_agent, has_asked=self.has_asked)
        return kind == "words" and not self.credible(recognition)
