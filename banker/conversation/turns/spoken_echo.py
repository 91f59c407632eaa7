"""The banker's own words, where they come back to it: what is left of its voice when the echo was not taken out.

The sound itself is removed before anything is recognised (`banker.rtc.audio_in.echo_removal`). This is for a call where
that fails.
"""

import re
from collections import deque
from collections.abc import Callable
from difflib import SequenceMatcher

from banker.conversation.turns.interruption import plain
from banker.text.en.normalisation import sentence

BEFORE_SECONDS = 1.5
"""Words that were played so long before a sound was noticed may be in it: the way there and back, and a whole word."""
LEAST_WORDS = 3
"""Fewer words than these are anybody's."""
ALIKE = 0.7
"""So much of what is heard are own words."""
KEPT_WORDS = 200


class SpokenEcho:
    """Notes what is played, word by word, and knows it again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._played: deque[tuple[str, float]] = deque(maxlen=KEPT_WORDS)
        self._sentence = ""
        self._words: list[tuple[str, int]] = []
        self._fraction = 1.0

    def played(self, spoken: str, fraction: float) -> None:
        """So much (0 to 1) of a sentence has been played out; an empty one when the voice has ended."""
        if spoken != self._sentence or fraction < self._fraction:
            self._sentence = spoken
            self._words = [(word[0].lower(), word.end()) for word in re.finditer(r"[\w']+", spoken)]
        self._fraction = fraction
        reached = len(spoken) * fraction
        while self._words and self._words[0][1] <= reached + 1:
            self._played.append((self._words.pop(0)[0], self._clock()))

    def repeats(self, text: str, began: float) -> bool:
        """Whether `text`, which was heard in a sound that was noticed at `began`, is what the banker said."""
        window = [word for word, at in self._played if at >= began - BEFORE_SECONDS]
        window += [word for word, _ in self._words[:1] if self._fraction > 0]  # cut off in its middle
        if len(window) < LEAST_WORDS:
            return False
        heard = plain(sentence(text).spoken).replace("-", " ").split()
        if len(heard) < LEAST_WORDS:
            return False
        matches = SequenceMatcher(None, heard, window, autojunk=False).get_matching_blocks()
        return sum(match.size for match in matches) >= ALIKE * len(heard)
