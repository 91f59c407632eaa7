"""Decides which recognised words to believe, by their number and by what is expected (docs/turn-taking.md)."""

from dataclasses import dataclass
from enum import Enum, auto

from banker.conversation.turns.interruption import classify, find_stop_request, plain_words
from banker.speech.asr.recognition_result import Limits, Recognition
from banker.text.en.assent import answer

SHORT_WORDS = 3
"""Up to this many words, the mean log-probability says little: single words score lower than sentences."""


class Expected(Enum):
    """What kind of words was recognised: the more expected, the lower the limits."""

    PLEA = auto()
    """A request to stop or to wait."""
    ASSENT = auto()
    """A plain yes or no."""
    ANSWER = auto()
    """A few words while a question is open."""
    WISH = auto()
    """A few words, all known from the bank's customers."""
    ANYTHING = auto()


IN_SILENCE = {
    Expected.PLEA: Limits(-2.0, 0.5),
    Expected.ASSENT: Limits(-2.0, 0.5),
    Expected.ANSWER: Limits(-1.7, 0.4),
    Expected.WISH: Limits(-1.7, 0.35),
    Expected.ANYTHING: Limits(-1.3, 0.6, certain=-0.7),
}
"""The limits while the agent is silent."""
OVER_AGENT = {
    Expected.PLEA: Limits(-1.3, 0.5),
    Expected.ASSENT: Limits(-1.3, 0.5),
    Expected.ANSWER: Limits(-0.8, 0.3),
    Expected.WISH: Limits(-0.8, 0.3),
    Expected.ANYTHING: Limits(-0.8, 0.3),
}
"""The limits while the agent speaks. Half of all words below `ANYTHING` are a fragment, a hum or an echo."""
SOMEBODY_SPOKE = Limits(-2.5, 0.45)
"""Words within these limits may be wrong, but somebody spoke. Coughs do not reach them."""


@dataclass(frozen=True)
class Credibility:
    """Judges recognitions in the current state of the conversation."""

    over_agent: bool
    """Whether the agent thinks or speaks."""
    has_asked: bool
    """Whether a question to the user is open."""

    def credible(self, recognition: Recognition) -> str:
        """Return the words if they are believed, or an empty string."""
        limits = OVER_AGENT if self.over_agent else IN_SILENCE
        return recognition.within(limits[self.expected(recognition)]) or recognition.within(limits[Expected.ANYTHING])

    def expected(self, recognition: Recognition) -> Expected:
        """Return what kind of words was recognised."""
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
        """Return whether somebody spoke whose words are not believed."""
        kind = classify(recognition.within(SOMEBODY_SPOKE), over_agent=self.over_agent, has_asked=self.has_asked)
        return kind == "words" and not self.credible(recognition)
