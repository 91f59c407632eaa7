"""The banker's own words, as they come back through the user's loudspeaker and microphone."""

import math
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from banker.dialogue.judging import plain, plea
from banker.dialogue.local.answers import answer
from banker.dialogue.saying import sentence

BEFORE_SECONDS = 1.5
"""Words that were played so long before a sound was noticed may be in it: the way there and back, and a whole word."""
TAIL_SECONDS = 0.5
"""What begins so long after the voice ended may still be its echo."""
TAIL_AFTER_QUESTION_SECONDS = 0.3
"""Answers repeat the last words of a question, and come quickly: "checking or savings?" - "savings"."""
ALIKE, ALIKE_ON_ECHO = 0.7, 0.5
"""So much of what is heard are own words; of a long text less will do on a line that is known to have an echo."""
LONG_WORDS = 5
ALIKE_IN_DOUBT = 0.34
ALIKE_LETTERS = 0.6
"""So alike are the letters of what is heard with the voice's beginning, and those of its first words."""
STRETCH_SECONDS = 0.4
"""A voice that was silent for so long begins anew."""
WITH_VOICE_SECONDS = 0.9
"""What is noticed so soon after the voice began is most likely its own sound, and cut off in its first words."""
ECHO_SECONDS = 20.0
"""After an echo the line is taken to have one for so long."""
FRAGMENTS = 2
"""So many sounds in a row that begin with the voice, end with it and hold no word are its echo."""
KEPT_WORDS = 200
LEAD = 3
"""So many own words at the beginning are cut off in front of the user's."""


@dataclass
class _Word:
    text: str
    at: float


class Echo:
    """Notes what is played, word by word, and takes it out of what is heard."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._played: deque[_Word] = deque(maxlen=KEPT_WORDS)
        self._sentence = ""
        self._words: list[tuple[str, int]] = []
        self._fraction = 1.0
        self._question = False
        self._advanced = -math.inf
        """When the voice was last heard to go on."""
        self._stretches: deque[float] = deque(maxlen=8)
        """When it began after a silence."""
        self._known_until = 0.0
        self._fragments = 0

    @property
    def known(self) -> bool:
        """Whether the line is known to have an echo."""
        return self._clock() < self._known_until

    def found(self) -> None:
        """Something was an echo, and nothing else."""
        self._known_until = self._clock() + ECHO_SECONDS

    def began_with(self, began: float) -> bool:
        """Whether a sound that was noticed at `began` came with the beginning of the voice."""
        return self._beginning(began) is not None

    def no_words(self, began: float) -> None:
        """A sound that was noticed at `began` held no word."""
        self._fragments = self._fragments + 1 if self.began_with(began) else 0
        if self._fragments >= FRAGMENTS:
            self.found()

    def played(self, spoken: str, fraction: float) -> None:
        """So much (0 to 1) of a sentence has been played out; an empty one when the voice has ended."""
        new = spoken != self._sentence or fraction < self._fraction
        if new:
            self._sentence = spoken
            self._words = [(word[0].lower(), word.end()) for word in re.finditer(r"[\w']+", spoken)]
            self._question = spoken.endswith("?") if spoken else self._question
        if spoken and fraction > (0 if new else self._fraction):
            if self._clock() - self._advanced > STRETCH_SECONDS:
                self._stretches.append(self._clock())
            self._advanced = self._clock()
        self._fraction = fraction
        reached = len(spoken) * fraction
        while self._words and self._words[0][1] <= reached + 1:
            self._played.append(_Word(self._words.pop(0)[0], self._clock()))

    def possible(self, began: float, known: bool) -> bool:
        """Whether a sound that was noticed at `began` can be an echo at all; `known`: this line has one."""
        if self._words and self._fraction > 0:
            return True
        tail = TAIL_AFTER_QUESTION_SECONDS if self._question and not known else TAIL_SECONDS
        return bool(self._played) and began - self._played[-1].at <= tail

    def resembles(self, text: str, began: float) -> bool:
        """Whether so much of a text that is in doubt are own words that the rest of it will be, too."""
        heard = _words(text)
        return sum(_matched(heard, self._window(began))) >= ALIKE_IN_DOUBT * len(heard)

    def without(self, text: str, began: float) -> tuple[str, str]:
        """What is left of `text` when the banker's own words are gone, and the words among them that were not its own.

        ("", "") for an echo; ("", "stop") for one into which somebody said stop. Words of the user come back whole.
        """
        window, heard = self._window(began), _words(text)
        if not window or not heard or not self.possible(began, self.known):
            return text, ""
        beginning = self._beginning(began)
        if beginning is not None and len(heard) < 4 and not (plea(text) or answer(text)):
            first = [word.text for word in self._played if word.at >= beginning] + [w for w, _ in self._words[:2]]
            if _begins_alike(heard, first):
                return "", ""
        own = _matched(heard, window)
        foreign = " ".join(word for word, mine in zip(heard, own, strict=True) if not mine)
        share = sum(own) / len(heard)
        enough = ALIKE_ON_ECHO if self.known and len(heard) >= LONG_WORDS else ALIKE
        if (share == 1 if len(heard) < 4 else share >= enough) or _sounds_alike(heard, window):
            return "", foreign
        return _cut_lead(text, own), ""

    def _window(self, began: float) -> list[str]:
        """The words that may come back in such a sound."""
        window = [word.text for word in self._played if word.at >= began - BEFORE_SECONDS]
        return window + [word for word, _ in self._words[:1] if self._fraction > 0]  # cut off in its middle

    def _beginning(self, began: float) -> float | None:
        """When the voice began with which such a sound came."""
        return next((at for at in self._stretches if abs(began - at) <= WITH_VOICE_SECONDS), None)


def _words(text: str) -> list[str]:
    """Plain words, with figures as the voice says them."""
    return plain(sentence(text).spoken).replace("-", " ").split()


def _matched(heard: Sequence[str], window: Sequence[str]) -> list[bool]:
    """Which heard words are in the window, in order: a longest common subsequence of words that are alike."""
    rows, columns = len(heard), len(window)
    length = [[0] * (columns + 1) for _ in range(rows + 1)]
    alike = [[_alike(a, b, n == 0, n == rows - 1) for b in window] for n, a in enumerate(heard)]
    for n in range(rows - 1, -1, -1):
        for m in range(columns - 1, -1, -1):
            longest = max(length[n + 1][m], length[n][m + 1])
            length[n][m] = max(longest, length[n + 1][m + 1] + 1) if alike[n][m] else longest
    own = [False] * rows
    n = m = 0
    while n < rows and m < columns:
        if alike[n][m] and length[n][m] == length[n + 1][m + 1] + 1:
            own[n], n, m = True, n + 1, m + 1
        elif length[n + 1][m] >= length[n][m + 1]:
            n += 1
        else:
            m += 1
    return own


@lru_cache(maxsize=4096)
def _alike(heard: str, said: str, first: bool, last: bool) -> bool:
    """Whether these may be the same word; the first and the last one of a sound are often cut in two."""
    if heard == said or (first and said.endswith(heard)) or (last and said.startswith(heard)):
        return True
    if (first or last) and len(heard) == 3 and len(said) == 4 and set(heard) <= set(said) and heard[0] == said[0]:
        return True
    if min(len(heard), len(said)) < 4 or abs(len(heard) - len(said)) > 3:
        return False
    return _skeleton(heard) == _skeleton(said) or SequenceMatcher(None, heard, said, autojunk=False).ratio() >= 0.75


def _sounds_alike(heard: Sequence[str], window: Sequence[str]) -> bool:
    """Whether few heard words are a stretch of the window by their consonants: "yer chick in" of "your checking"."""
    bones = _skeleton("".join(heard))
    return len(heard) <= 4 and len(bones) >= 3 and bones in _skeleton("".join(window))


def _begins_alike(heard: Sequence[str], said: Sequence[str]) -> bool:
    """Whether few words may be the mangled beginning of others: "I dress" of "I'd rather", by letters or by sounds."""
    one, two = "".join(heard), "".join(said)
    spoken, own = _manner(one), _manner(two)
    return (
        not spoken
        or SequenceMatcher(None, one, two[: len(one)], autojunk=False).ratio() >= ALIKE_LETTERS
        or SequenceMatcher(None, spoken, own[: len(spoken) + 1], autojunk=False).ratio() >= ALIKE
    )


def _manner(word: str) -> str:
    """How its consonants are spoken: stops, hisses, hums and glides."""
    word = re.sub(r"[aeiou]|h|[^a-z]", "", re.sub(r"th|sh|ch", "s", word)).translate(_MANNERS)
    return re.sub(r"(.)\1+", r"\1", word)


_MANNERS = str.maketrans("pbtdkgcqfvszxjmnlrwy", "T" * 8 + "S" * 6 + "N" * 2 + "L" * 4)


@lru_cache(maxsize=4096)
def _skeleton(word: str) -> str:
    word = re.sub(r"c(?=[eiy])|z", "s", word.replace("ph", "f").replace("x", "ks"))
    return re.sub(r"(.)\1+", r"\1", re.sub(r"[aeiouyhw']", "", re.sub(r"[cq]", "k", word)))


def _cut_lead(text: str, own: Sequence[bool]) -> str:
    """The user's words behind a beginning that was the banker's; only where words and spoken words are the same."""
    lead = next((n for n, mine in enumerate(own) if not mine), len(own))
    words = text.split()
    return " ".join(words[lead:]) if lead >= LEAD and len(words) == len(own) else text
