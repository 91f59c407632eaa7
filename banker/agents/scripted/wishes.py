"""Which wishes a turn has: one or several, how sure that is, and in which order they are served."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from banker.agents.scripted.protocols import SkillTexts, Understanding

MIN_SCORE_TO_ACT = 0.60
MIN_PRODUCT_TO_ACT = 0.40
"""Of the skill's probability and that of a wish: a tool that was not asked for costs more than a question back."""
MIN_SCORE_TO_ASK = 0.25
"""From here on "Do you mean: …?" is worth a turn."""
MIN_P_WISH = 0.5
MIN_SCORE_TO_DIGRESS = 0.75
"""In the middle of a form, the words are an answer rather than a new wish."""
MAX_JOINTS = 4
"""Places in a turn where another wish may begin: each costs some milliseconds of understanding."""

NONE = "none"
Verdict = Literal["act", "ask", "no_wish", "none"]

_JOINTS = re.compile(
    r"\s*(?:[.;!?]+(?=\s|$)|,?\s+(?:and then|and also|and please|then|also|and|plus)\b,?|,(?=\s))\s*", re.IGNORECASE
)
_MIN_WISH_WORDS = 2


@dataclass(frozen=True)
class SkillWish:
    """A skill that a part of the turn asks for."""

    skill: str
    text: str
    score: float = 1.0


def judge(understanding: Understanding) -> tuple[Verdict, str, float]:
    """Return what to do with an utterance, with the skill and its score."""
    ranking = [(name, score) for name, score in understanding.ranking if name != NONE]
    if not understanding.ranking or not ranking:
        return "none", "", 0.0
    best, score = ranking[0]
    is_none = understanding.ranking[0][0] == NONE
    if score < MIN_SCORE_TO_ASK:
        return "none", best, score
    if understanding.act != "wish" or understanding.p_wish < MIN_P_WISH:
        return "no_wish", best, score
    if not is_none and score >= MIN_SCORE_TO_ACT and score * understanding.p_wish >= MIN_PRODUCT_TO_ACT:
        return "act", best, score
    return "ask", best, score


def candidates(text: str) -> list[tuple[str, ...]]:
    """Return the ways to split a turn into two or three parts at its joints."""
    cuts = [
        (match.start(), match.end()) for match in _JOINTS.finditer(text) if match.start() and match.end() < len(text)
    ]
    ways: list[tuple[str, ...]] = []
    for at, (end, start) in enumerate(cuts):
        ways.append((text[:end].strip(), text[start:].strip()))
        for later_end, later_start in cuts[at + 1 :]:
            ways.append((text[:end].strip(), text[start:later_end].strip(), text[later_start:].strip()))
    return [way for way in ways if all(len(part.split()) >= _MIN_WISH_WORDS for part in way)]


def urgent_first(wishes: list[SkillWish], skills: Mapping[str, SkillTexts]) -> list[SkillWish]:
    """Return the wishes with the urgent ones first, otherwise in the customer's order."""
    return sorted(wishes, key=lambda wish: not skills[wish.skill].urgent)


def leading(text: str) -> tuple[str, str]:
    """Return the first words up to a comma, full stop, dash or "but", and what follows them."""
    match = re.match(r"\s*([\w' ]{1,30}?)\s*(?:[,.;:!–—-]+\s*(?:but\s+)?|\s+but\s+)(?=\S)", text)
    if match:
        return match[1], text[match.end() :]
    first, _, rest = text.strip().partition(" ")
    return first, rest.strip()
