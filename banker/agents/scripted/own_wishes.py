"""Finds one of the bank's own tools when example sentences alone do not identify it.

A tool that a bank declares is known by little more than its name and description. Two clues help: how similar the words
are to these, and whether they contain the tool's arguments ("25 towards the bathroom" names a goal and an amount).
"""

import re
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from banker.agents.scripted.forms import filling
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.turn import FormTurn
from banker.agents.scripted.skills.decision import Decision, NextStep, Understanding
from banker.agents.scripted.slots.bank_choices import are_currencies
from banker.agents.scripted.wishes import FoundWishes, SkillWish, ways_to_split
from banker.text.en.on_off import find_switch, leaves_open
from banker.tools.base import ToolSpec

MAX_COMPARED = 3
"""For how many of the most similar tools the arguments are read."""
ALIKE_AT = 0.55
"""Cosine from which on the words are about the tool, whether or not they say its arguments."""
LOOK_AT = 0.47
"""The same for a tool that changes nothing and needs no arguments: a wrong one costs a sentence."""
OFFER_AT = 0.46
"""Cosine from which on a tool may be meant."""
WITH_ONE, WITH_SEVERAL = 0.44, 0.38
"""The same where all arguments are said: one, or several, and one of them is a choice that the bank has named."""
WITH_NUMBERS = 0.50
"""The same where they are numbers, dates and currencies, which could be those of anything."""
IF_NOTHING_ELSE = 0.06
"""By this much the threshold is lower where no skill fits and several arguments are said, one of them a choice."""
LEAST_WISH = 0.2
"""Probability of a wish from which a tool is proposed that has all it needs: its question is the safeguard."""

_LISTS = re.compile(r"\b(?:and|also|then|plus)\b", re.IGNORECASE)
_DENYING = re.compile(r"\b(?:no|not|never|without|stop|block|mute)\b", re.IGNORECASE)
"""In a tool's description: "no messages at night" asks for such a tool."""
LOOK_UP_AT = 0.4
"""From this probability a tool that only looks something up is used, if any of its arguments is said."""
MIN_VALUES_IF_ASKED, MIN_VALUES_IF_NONE = 2, 3
"""Arguments without a default, none of them free text, that make up for doubt about the skill if all are said."""


@dataclass(frozen=True)
class OwnWish:
    """A tool of the bank that may be meant."""

    skill: str
    is_sure: bool
    """Whether to serve it at once; otherwise it is offered."""


async def own_wish(
    turn: FormTurn, understanding: Understanding, text: str, *, nothing_else: bool = False
) -> OwnWish | None:
    """Return the bank's own tool that the words are likely to ask for, if any. `nothing_else`: no skill fits them."""
    is_off = find_switch(text) is False
    offered = None
    sure: list[tuple[float, str]] = []
    for name, similarity in understanding.similar[:MAX_COMPARED]:
        spec = turn.spec(turn.skill(name).tool)
        least = WITH_SEVERAL - (IF_NOTHING_ELSE if nothing_else else 0.0)
        if spec is None or similarity < least or not _may_ask_for(understanding, spec, is_off):
            continue
        reading = await filling.read_into(turn, Form(name, spec.name), text, spec)
        needed = _sure_from(spec, reading.values.keys())
        if needed == WITH_SEVERAL:
            needed = least
        if understanding.act != "wish" and not _has_all(spec, reading.values.keys()):
            continue
        if similarity >= needed and not (switches(spec) and leaves_open(text)):
            sure.append((similarity - needed, name))
        elif similarity >= OFFER_AT and offered is None:
            offered = OwnWish(name, is_sure=False)
    return OwnWish(max(sure)[1], is_sure=True) if sure else offered


async def own_wish_instead(turn: FormTurn, found: FoundWishes, text: str) -> OwnWish | None:
    """Return a tool of the bank's own that is meant rather than what was found, if nothing else can be served."""
    skills = [turn.skill(wish.skill) for wish in found.wishes]
    here = {skill.tool for skill in skills if turn.spec(skill.tool) is not None}
    is_list = len(skills) > 1 and _LISTS.search(text) is not None
    if any(skill.tool is None or skill.urgent for skill in skills) or (here and (is_list or len(skills) < 2)):
        return None
    own = await own_wish(turn, found.understanding, text, nothing_else=found.decision.step is NextStep.NONE)
    if own is None or not here <= {turn.skill(own.skill).tool}:
        return None
    return own if own.is_sure or not skills else None


async def complete_wish(turn: FormTurn, found: FoundWishes, text: str, *, has_page: bool) -> SkillWish | None:
    """Return a wish that is in doubt but has all that its tool needs: the confirmation is the better question.

    A tool that changes nothing needs no question then, if no page answers. Words that no skill fits must say more of
    the arguments.
    """
    understanding, decision = found.understanding, found.decision
    if understanding.act != "wish" or decision.step not in (NextStep.ASK, NextStep.NONE):
        return None
    is_asked = decision.step is NextStep.ASK
    complete = []
    for name in [decision.skill] if is_asked else turn.skills:
        spec = turn.spec(turn.skills[name].tool) if name in turn.skills else None
        if spec is None or not (spec.confirm or is_asked):
            continue
        needed = {each for each, parameter in spec.parameter_types.items() if parameter.required}
        if not (spec.confirm or needed or has_page) and decision.score >= LOOK_UP_AT:
            reading = await filling.read_into(turn, Form(name, spec.name), text, spec)
            return SkillWish(name, text) if reading.values else None
        is_text = any(spec.parameter_types[each].kind == "text" for each in needed)
        if is_text or len(needed) < MIN_VALUES_IF_ASKED:
            continue
        reading = await filling.read_into(turn, Form(name, spec.name), text, spec)
        if needed <= reading.values.keys() and (is_asked or len(reading.values) >= MIN_VALUES_IF_NONE):
            complete.append(SkillWish(name, text))
    return complete[0] if len({turn.skills[wish.skill].tool for wish in complete}) == 1 else None


def _may_ask_for(understanding: Understanding, spec: ToolSpec, is_off: bool) -> bool:
    """Return whether words can ask for a tool, even if they may be a denial, a report or a supposition.

    "Stop rounding" denies something only if there is nothing to switch off. What only looks something up may be asked
    for in any other way, and what is asked about before it runs in a way that may be a wish.
    """
    if understanding.act == "denied":
        return (is_off and bool(switches(spec))) or _DENYING.search(spec.description) is not None
    return not spec.confirm or understanding.act == "wish" or understanding.p_wish >= LEAST_WISH


def _has_all(spec: ToolSpec, said: AbstractSet[str]) -> bool:
    needed = {name for name, each in spec.parameter_types.items() if each.required and each.kind != "boolean"}
    return needed <= said


async def adds_to(turn: FormTurn, wish: SkillWish, decision: Decision, text: str) -> bool:
    """Return whether the last words of a wish add something to it: a value, or the same wish."""
    spec = turn.spec(turn.skill(wish.skill).tool)
    if spec is None:
        return False
    if decision.step is NextStep.ASK and turn.skill(decision.skill).tool == spec.name:
        return True
    return (await filling.read_into(turn, Form(wish.skill, spec.name), text, spec)).has_value


Decide = Callable[[str], Awaitable[tuple[Understanding, Decision]]]


async def said_twice(turn: FormTurn, wish: SkillWish, decide: Decide) -> list[SkillWish]:
    """Return the parts of a wish that is said twice with all values: "send 20 to Omar and then 30 to savings"."""
    spec = turn.spec(turn.skill(wish.skill).tool)
    needed = {name for name, parameter in spec.parameter_types.items() if parameter.required} if spec else set()
    if spec is None or not spec.confirm or len(needed) < MIN_VALUES_IF_ASKED:
        return [wish]
    for parts in ways_to_split(wish.text):
        read = [await filling.read_into(turn, Form(wish.skill, spec.name), part, spec) for part in parts]
        if len(parts) != 2 or not all(needed <= reading.values.keys() for reading in read):
            continue
        if (await decide(parts[0]))[0].act == "wish":  # "if I have more than 1,000, move 200" is one
            return [replace(wish, text=part) for part in parts]
    return [wish]


def switches(spec: ToolSpec) -> list[str]:
    """Return the required arguments that are a yes or no."""
    return [name for name, each in spec.parameter_types.items() if each.required and each.kind == "boolean"]


def take_as_on(form: Form, spec: ToolSpec) -> None:
    """Take a wish for something that can be on or off, such as "round up my purchases", as the wish to have it on.

    Only where all else is known and the customer is asked to confirm it.
    """
    missing = [name for name, each in spec.parameter_types.items() if each.required and name not in form.values]
    if spec.confirm and len(missing) == 1 and missing == switches(spec) and not leaves_open(form.said):
        form.values[missing[0]] = True


def _sure_from(spec: ToolSpec, said: AbstractSet[str]) -> float:
    """Return the similarity from which on a tool is served, given the arguments that are said."""
    kinds = {name: each.kind for name, each in spec.parameter_types.items() if each.required and each.kind != "boolean"}
    if not spec.confirm and not any(each.required for each in spec.parameter_types.values()):
        return LOOK_AT
    if not spec.confirm and kinds.keys() <= said and "choice" in kinds.values():
        return LOOK_AT
    if not spec.confirm or not kinds or not kinds.keys() <= said:
        return 2.0 if spec.confirm and kinds else ALIKE_AT
    chosen = [spec.parameter_types[name].choices for name, kind in kinds.items() if kind == "choice"]
    if all(choices and are_currencies(choices) for choices in chosen):
        return WITH_NUMBERS
    return WITH_SEVERAL if len(kinds) > 1 else WITH_ONE
