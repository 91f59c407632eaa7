"""Detects the agent's own words in the user's transcript, in case the acoustic echo was not removed.

`banker.rtc.audio_in.echo_removal` removes the echo from the audio. This is the second line of defence.
"""

import re
from collections import deque
from collections.abc import Callable
from difflib import SequenceMatcher

from banker.conversation.turns.interruption import plain_words
from banker.text.shown_and_spoken import Language

ECHO_DELAY_S = 1.5
"""A sound may contain words that were played up to this long before it: a round trip and the length of a word."""
MIN_WORDS = 3
"""Fewer words than this are never taken for an echo."""
SIMILARITY = 0.7
"""The share of the recognised words that must be the agent's."""
KEPT_WORDS = 200
"""More than a minute of speech."""


class SpokenEcho:
    """Remembers the played words and their times.

    `clock` returns seconds. `language` normalises what was recognised, so that figures match the spoken words.
    """

    def __init__(self, clock: Callable[[], float], language: Language) -> None:
        self._clock = clock
        self._language = language
        self._played: deque[tuple[str, float]] = deque(maxlen=KEPT_WORDS)
        self._sentence = ""
        self._words: list[tuple[str, int]] = []
        """The words of the sentence that are yet to be played, and where each ends."""
        self._fraction = 1.0

    def played(self, spoken: str, fraction: float) -> None:
        """Note that this fraction (0 to 1) of a sentence has been played. An empty sentence ends the speech."""
        if spoken != self._sentence or fraction < self._fraction:
            self._sentence = spoken
            self._words = [(word[0].lower(), word.end()) for word in re.finditer(r"[\w']+", spoken)]
        self._fraction = fraction
        reached = len(spoken) * fraction
        while self._words and self._words[0][1] <= reached + 1:
            self._played.append((self._words.pop(0)[0], self._clock()))

    def matches(self, text: str, began: float) -> bool:
        """Return whether `text`, recognised in a sound that began at `began`, is what the agent said."""
        window = [word for word, at in self._played if at >= began - ECHO_DELAY_S]
        window += [word for word, _ in self._words[:1] if self._fraction > 0]  # the word that is being played
        if len(window) < MIN_WORDS:
            return False
        words = plain_words(self._language.sentence(text).spoken).replace("-", " ").split()
        if len(words) < MIN_WORDS:
            return False
        blocks = SequenceMatcher(None, words, window, autojunk=False).get_matching_blocks()
        return sum(block.size for block in blocks) >= SIMILARITY * len(words)
