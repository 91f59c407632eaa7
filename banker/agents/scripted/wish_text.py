"""Finds the free text of a form in the words that follow the wish: "open a ticket, my rent was paid twice"."""

import re

from banker.agents.scripted.forms import filling
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.turn import FormTurn
from banker.agents.scripted.own_wishes import Decide
from banker.agents.scripted.skills.decision import NextStep
from banker.agents.scripted.wishes import SkillWish
from banker.text.en.slots.free_text import MAX_TEXT_CHARACTERS, answered_text, markers_of
from banker.tools.base import ToolSpec

_ASKS_AGAIN = re.compile(r"please(?:\s+\w+){0,2}\W*$", re.IGNORECASE)
_AFTER_WISH = re.compile(
    r"(?P<wish>[^,.:;]{4,60})(?:[,.:;]|\s(?:because|saying|that))\s(?P<rest>\S+\s+\S.*)", re.DOTALL
)


async def take_rest_as_text(
    turn: FormTurn, form: Form, spec: ToolSpec, wish: SkillWish, unread: str, decide: Decide
) -> None:
    """Fill the missing free text with the words after the wish, if nothing else is missing.

    `unread`: the words in which no other argument was found.
    """
    missing = [name for name, each in spec.parameter_types.items() if each.required and name not in form.values]
    if len(missing) != 1 or spec.parameter_types[missing[0]].kind != "text":
        return
    if "because" in markers_of(missing[0]) and _tells_reason(turn, form):
        form.values[missing[0]] = answered_text(wish.text, "")
        return
    match = _AFTER_WISH.match(wish.text)
    if match is None:
        return
    if " ".join(match["rest"].split()) not in unread or _ASKS_AGAIN.match(match["rest"]):
        return
    _, decision = await decide(match["wish"])
    if decision.skill == form.skill and decision.step is NextStep.ACT and (text := match["rest"].strip(" .")):
        form.values[missing[0]] = text[:1].upper() + text[1:MAX_TEXT_CHARACTERS]


def _tells_reason(turn: FormTurn, form: Form) -> bool:
    """Return whether a form's first words give the reason, not the action: "a charge that I don't recognise"."""
    verb = turn.skill(form.skill, form.tool).title.split()[0]
    return verb not in form.said.lower() and len(form.said.split()) >= filling.MIN_WORDS_OF_EARLY_TEXT
