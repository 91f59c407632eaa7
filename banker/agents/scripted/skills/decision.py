"""Decides whether to act on an understood sentence, to ask back, or to leave it to the bank's pages.

The thresholds follow from the cost of mistakes. An unrequested tool costs the customer's trust, a clarifying question
costs one turn, and words left to the pages cost nothing if the pages answer them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from banker.agents.scripted.skills.examples import NONE

ACT_AT = 0.60
"""A skill is acted on from this probability: a wrong tool then costs at least as much as 1.5 needless questions."""
WISHED_AT = 0.40
"""The same for the product of the probabilities of skill and wish: both may be slightly in doubt, but not much."""
ASK_AT = 0.25
"""From this probability a skill is offered: "Do you mean: …?". One offer in four may be right and still be worth it."""
DIGRESS_AT = 0.75
"""In the middle of a form, the words are an answer rather than a new wish: leaving the form needs more certainty."""
_WISH_AT = 0.5


class Understanding(Protocol):
    """How an utterance was understood."""

    @property
    def ranking(self) -> Sequence[tuple[str, float]]:
        """Names of skills with probabilities, best first; "none" is one of them."""
        ...

    @property
    def act(self) -> str:
        """The speech act: `wish`, `denied`, `told`, `supposed` or `quoted`."""
        ...

    @property
    def p_wish(self) -> float:
        """The probability that the customer wants it done."""
        ...

    @property
    def similar(self) -> Sequence[tuple[str, float]]:
        """The bank's own skills with their similarity to the utterance, from -1 to 1, the most similar first."""
        ...


class NextStep(Enum):
    """The next step for a sentence."""

    ACT = "act"
    """Serve the skill."""
    ASK = "ask"
    """Ask whether the skill is meant."""
    NOT_WISHED = "not_wished"
    """The sentence is about the skill, but denies, supposes or only reports it."""
    NONE = "none"
    """No skill is likely enough."""


@dataclass(frozen=True)
class Decision:
    """The decision about an understood sentence."""

    step: NextStep
    skill: str = ""
    """The likeliest skill, "" if the model knows none."""
    score: float = 0.0
    """Its probability, with that of the skills that use the same tool."""
    second: str = ""
    """A second skill that is likely enough to be offered beside the first, if the step is `ASK`."""


def decide(understood: Understanding, tools: Mapping[str, str | None] = MappingProxyType({})) -> Decision:
    """Return what to do with a sentence. `tools` gives the tool of each skill.

    Skills with the same tool do not compete with one another: what the customer gets is the same.
    """
    ranking = [(skill, probability) for skill, probability in understood.ranking if skill != NONE]
    if not ranking:
        return Decision(NextStep.NONE)
    best, score = ranking[0]
    tool = tools.get(best)
    if tool is not None:
        score = sum(probability for skill, probability in ranking if tools.get(skill) == tool)
    if score < ASK_AT:
        return Decision(NextStep.NONE, best, score)
    is_talk = best in tools and tool is None  # thanks, or a complaint: told as it is, and not wished for
    if not is_talk and (understood.act != "wish" or understood.p_wish < _WISH_AT):
        return Decision(NextStep.NOT_WISHED, best, score)
    if score >= ACT_AT and (is_talk or score * understood.p_wish >= WISHED_AT):
        return Decision(NextStep.ACT, best, score)
    others = [skill for skill, each in ranking[1:] if each >= ASK_AT and (tool is None or tools.get(skill) != tool)]
    return Decision(NextStep.ASK, best, score, others[0] if others else "")
