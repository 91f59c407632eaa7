"""Decides whether an understood sentence is acted on, asked back, or left to the bank's pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from banker.agents.scripted.skills.examples import NONE
from banker.agents.scripted.skills.model import Understood

ACT_AT = 0.5
"""A skill is acted on from this probability. A wrong tool is the worst mistake, so doubt leads to a question."""
WISHED_AT = 0.4
"""The same for the probability of the skill times that of a wish."""
ASK_AT = 0.25
"""From this probability a skill is offered: "Do you mean: …?". Such a question costs little."""
_WISH_AT = 0.5


@dataclass(frozen=True)
class Decision:
    """What follows from an understood sentence."""

    skill: str | None
    """The skill to act on; None if none is likely enough."""
    offered: tuple[str, ...] = ()
    """At most two skills to offer, the likelier first; empty if there is one to act on."""


def decide(understood: Understood, tools: Mapping[str, str | None] = MappingProxyType({})) -> Decision:
    """Return what to do. Only a wish is acted on or leads to a question back.

    `tools` gives the tool of each skill. Skills with the same tool do not compete with one another.
    """
    if understood.p_wish < _WISH_AT:
        return Decision(None)
    best, probability = understood.ranking[0]
    tool = tools.get(best)
    if tool is not None:
        probability = sum(each for skill, each in understood.ranking if tools.get(skill) == tool)
    if best != NONE and probability >= ACT_AT and probability * understood.p_wish >= WISHED_AT:
        return Decision(best)
    likely = [skill for skill, probability in understood.ranking[:3] if skill != NONE and probability >= ASK_AT]
    return Decision(None, tuple(likely[:2]))
