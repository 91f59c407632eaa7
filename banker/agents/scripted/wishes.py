"""Finds the wishes of a turn: one or several, and in which order they are served."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol

from banker.agents.scripted.skills.decision import Decision, NextStep, Understanding, decide
from banker.agents.scripted.skills.skill_files import Skill

MAX_JOINTS = 4
"""Places in a turn where another wish may begin: each costs some milliseconds of understanding."""
MAX_WISHES = 3
LONG_STORY_WORDS = 30
"""In a turn longer than this, one clear wish among other words is what it comes to."""
CERTAIN_AT = 0.9
"""The same in a shorter turn: "I found my wallet, unfreeze the debit one"."""
CLEAR_AT = 0.75
"""Probability of a wish that stands among words that ask for nothing."""

_JOINTS = re.compile(
    r"\s*(?:(?P<sentence>[.;!?]+(?=\s|$))|,?\s+(?P<word>and then|and also|and please|then|also|and|plus)\b,?"
    r"|,(?=\s))\s*",
    re.IGNORECASE,
)
_MIN_WISH_WORDS = 2
_BONUS_PER_WISH = 0.05
"""Of two ways to split a turn that are about equally sure, the one with more wishes is right."""


class Understander(Protocol):
    """Understands an utterance. Takes milliseconds, and may run in any thread."""

    def understand(self, text: str) -> Understanding:
        """Return what `text` was taken for."""
        ...


@dataclass(frozen=True)
class SkillWish:
    """A skill that a part of the turn asks for."""

    skill: str
    text: str
    score: float = 1.0
    newest: str = ""
    """The last words of `text`, where it has words of earlier turns before them: what they say counts more."""


@dataclass(frozen=True)
class FoundWishes:
    """What a turn asks for."""

    understanding: Understanding
    """Of the whole turn."""
    decision: Decision
    """About the whole turn."""
    wishes: tuple[SkillWish, ...] = ()
    """What to serve at once, in this order; nothing if the turn is to be asked about or left to the pages."""


class WishFinder:
    """Finds wishes with what `understand` returns for a text. Takes milliseconds to a few tenths of a second."""

    def __init__(self, skills: Mapping[str, Skill], understand: Callable[[str], Understanding]) -> None:
        self._skills = skills
        self._understand = understand
        self._tools = {name: skill.tool for name, skill in skills.items()}

    def decide(self, text: str) -> tuple[Understanding, Decision]:
        """Return what to do with a text as one wish."""
        understanding = self._understand(text)
        return understanding, decide(understanding, self._tools)

    def find(self, text: str) -> FoundWishes:
        """Return the wishes of a turn, the urgent ones first."""
        understanding, decision = self.decide(text)
        among = self._among_other_words(text)
        wishes = self._several(text) or (among if len(among) > 1 else [])
        if not wishes and decision.step is NextStep.ACT and decision.skill in self._skills:
            wishes = [SkillWish(decision.skill, text, decision.score)]
        elif not wishes:
            may_want = understanding.act not in ("quoted", "denied")
            wishes = self._in_one_sentence(text) or ([replace(one, text=text) for one in among] if may_want else [])
        urgent_first = sorted(wishes, key=lambda wish: not self._skills[wish.skill].urgent)
        return FoundWishes(understanding, decision, tuple(urgent_first))

    def _several(self, text: str) -> list[SkillWish]:
        """Return two or three wishes if the turn splits into parts that each clearly ask for something else."""
        best: tuple[float, list[SkillWish]] = (0.0, [])
        known: dict[str, SkillWish | None] = {}
        for parts in ways_to_split(text):
            wishes = []
            for part in parts:
                if part not in known:
                    known[part] = self._tool_wish(part)
                if (wish := known[part]) is None:
                    break
                wishes.append(wish)
            if len(wishes) == len(parts) == len({self._tools[wish.skill] for wish in wishes}):
                total = min(wish.score for wish in wishes) + _BONUS_PER_WISH * len(wishes)
                best = max(best, (total, wishes), key=lambda pair: pair[0])
        return best[1]

    def _among_other_words(self, text: str) -> list[SkillWish]:
        """Return the two or three clear wishes of a turn in which other things are said as well.

        What asks for nothing, or for the same, belongs to the wish before it. One wish is enough if it is certain, ends
        the turn, or is what a long story comes to.
        """
        found: list[SkillWish] = []
        last: SkillWish | None = None
        for part in _pieces(text):
            wish = last = self._tool_wish(part) if len(part.split()) >= _MIN_WISH_WORDS else None
            is_new = wish is not None and wish.score >= CLEAR_AT
            if wish is not None and is_new and self._tools[wish.skill] not in {self._tools[one.skill] for one in found}:
                found.append(wish)
            elif found:
                found[-1] = replace(found[-1], text=f"{found[-1].text}, {part}")
        is_clear = len(text.split()) > LONG_STORY_WORDS or last is not None
        is_alone = len(found) == 1 and (is_clear or found[0].score >= CERTAIN_AT)
        return found if is_alone or 2 <= len(found) <= MAX_WISHES else []

    def _in_one_sentence(self, text: str) -> list[SkillWish]:
        """Return the wish of the only sentence that asks for something, where the turn has other sentences too."""
        sentences = [part for part in re.split(r"(?<=[.;!?])\s+", text) if len(part.split()) >= _MIN_WISH_WORDS]
        if len(sentences) < 2:
            return []
        found = [wish for part in sentences[-MAX_JOINTS - 1 :] if (wish := self._tool_wish(part)) is not None]
        return [SkillWish(found[0].skill, text, found[0].score)] if len({wish.skill for wish in found}) == 1 else []

    def _tool_wish(self, text: str) -> SkillWish | None:
        _, decision = self.decide(text)
        is_wish = decision.step is NextStep.ACT and self._tools.get(decision.skill) is not None
        return SkillWish(decision.skill, text, decision.score) if is_wish else None


def _pieces(text: str) -> list[str]:
    """Return the parts of a turn between all of its joints, of a long one the last parts."""
    cuts = [match.span() for match in _JOINTS.finditer(text) if match.start() and match.end() < len(text)]
    cuts = cuts[-2 * MAX_JOINTS :]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)] if cuts else []


def ways_to_split(text: str) -> list[tuple[str, ...]]:
    """Return the ways to split a turn into two or three parts at its joints: ends of sentences, "and", commas."""
    joints = [match for match in _JOINTS.finditer(text) if match.start() and match.end() < len(text)]
    likely = sorted(joints, key=lambda match: (match["sentence"] is None, match["word"] is None))[:MAX_JOINTS]
    cuts = sorted(match.span() for match in likely)
    ways = []
    for number in range(1, MAX_WISHES):
        for chosen in combinations(cuts, number):
            starts, ends = [0, *(end for _, end in chosen)], [*(start for start, _ in chosen), len(text)]
            ways.append(tuple(text[start:end].strip() for start, end in zip(starts, ends, strict=True)))
    return [way for way in ways if all(len(part.split()) >= _MIN_WISH_WORDS for part in way)]


def leading(text: str) -> tuple[str, str]:
    """Return the first words up to a comma, full stop, dash or "but", and what follows them."""
    match = re.match(r"\s*([\w' ]{1,30}?)\s*(?:[,.;:!–—-]+\s*(?:but\s+)?|\s+but\s+)(?=\S)", text)
    if match:
        return match[1], text[match.end() :]
    first, _, rest = text.strip().partition(" ")
    return first, rest.strip()
