"""Words the banker's questions, for arguments and for what the customer means, and the reasons for refused values.

A question for an argument has the bank's own words, or is made from the docstring's line for the argument.
"""

import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal

from banker.agents.base import TICKET_TOOL
from banker.agents.knowledge.passage import Passage
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.turn import FormTurn
from banker.agents.scripted.forms.wording import shown_argument
from banker.agents.scripted.skills.decision import Decision
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.slots.bank_choices import MAX_LISTED_CHOICES, listed_in_question
from banker.text.en.join_items import listed
from banker.text.en.slots import Option, find_options
from banker.tools.base import Choice, ToolResult, ToolSpec

_OF_SCHEMA = re.compile(r"(?:Must|Length|Not a|Missing|String|Invalid|Unknown|Field|Shorter|Longer)\b")
"""The beginnings of the schema library's own messages, which are not meant for customers."""
_OPENINGS = {
    "amount": "How much is it: {what}?",
    "date": "On which day: {what}?",
    "time": "At what time: {what}?",
    "datetime": "On which day and at what time: {what}?",
    "integer": "Which number: {what}?",
    "boolean": "{What}: yes or no?",
}
_PLAIN = {
    "amount": "How much?",
    "date": "On which day?",
    "time": "At what time?",
    "datetime": "On which day and at what time?",
}


def question_for(spec: ToolSpec, skill: Skill, slot: str, choices: Sequence[Choice] = ()) -> str:
    """Return the question for the argument `slot`, with the choices where they are few."""
    question = spec.ask.get(slot) or skill.ask.get(slot) or _generic(spec, slot)
    names = [choice.names[0] if choice.names else choice.value for choice in choices]
    options = [Option(choice.value, choice.names) for choice in choices]
    is_listed = sum(len(found.value) == 1 for found in find_options(question, options)) > 1
    if len(names) < 2 or is_listed:
        return question
    return _with_names(question, names)


def reminder_of(question: str) -> str:
    """Return a question as it is put again right after something else was noted: in short, without the choices."""
    short = question.partition(":")[0].split(", for example ")[0].rstrip("? ")
    return question if short.startswith("And ") else f"And {short[0].lower()}{short[1:]}?"


def which_of(names: Sequence[str]) -> str:
    """Return the question between several values that the customer's words fit."""
    return _with_names("Which one do you mean?", names)


def _with_names(question: str, names: Sequence[str]) -> str:
    """Return a question that ends with what to choose from, or of many names with the first few."""
    shown = listed(names[: listed_in_question(len(names))], "or")
    is_all = len(names) <= MAX_LISTED_CHOICES
    return f"{question.rstrip('?. ')}{':' if is_all else ', for example'} {shown}?"


def _generic(spec: ToolSpec, slot: str) -> str:
    properties = spec.parameters.get("properties")
    described = properties.get(slot, {}).get("description") if isinstance(properties, dict) else None
    name = slot.replace("_", " ")
    kind = spec.parameter_types[slot].kind if slot in spec.parameter_types else "text"
    if isinstance(described, str) and described.strip():
        line = described.strip().split(". ")[0].rstrip(".")
        if line.endswith("?"):
            return line
        what = line[0].lower() + line[1:] if line[1:2].islower() else line
        if kind in _OPENINGS:
            return _OPENINGS[kind].format(what=what, What=line)
        return (
            f"Please tell me {what}."
            if what.startswith(("the ", "a ", "an ", "your ", "what", "which", "how"))
            else (f"Please tell me the {name}: {what}.")
        )
    of_kind = [other for other in spec.parameter_types.values() if other.kind == kind]
    plain = _PLAIN.get(kind) if len(of_kind) == 1 else None
    return plain or (f"{name.capitalize()}: yes or no?" if kind == "boolean" else f"What is the {name}?")


async def named_otherwise(turn: FormTurn, form: Form, spec: ToolSpec) -> str:
    """Return the choice of a new form that the customer calls something else: City Power for "my electricity"."""
    for name, parameter in spec.parameter_types.items():
        if parameter.kind == "choice" and parameter.required and isinstance(form.values.get(name), str):
            await turn.choices(form.tool, name)
            shown = turn.names().get(form.values[name], "")
            return "" if not shown or shown.lower() in turn.context.user_text.lower() else shown
    return ""


async def noted(turn: FormTurn, form: Form, spec: ToolSpec) -> str:
    """Return what the customer has told, as it is understood: "Okay, Thursday, December 3."."""
    said = []
    for name in form.noted:
        kind = spec.parameter_types[name].kind
        if kind == "choice":
            await turn.choices(form.tool, name)
        value = form.values.get(name, next(iter(form.candidates.get(name, [])), None))
        is_clear = name in form.values or kind == "datetime"
        if kind != "text" and value is not None and is_clear:
            said.append(shown_argument(kind, value, turn.names()))
    turn.context.may_say(said)
    return turn.text("form_noted", said=listed(said, "and")) if said else turn.text("form_noted_text")


async def ask_what_is_meant(turn: FormTurn, decision: Decision, text: str) -> AsyncIterator[str]:
    """Ask "Do you mean …?" about one or two skills."""
    first, second = turn.skill(decision.skill), turn.skills.get(decision.second)
    if first.tool == TICKET_TOOL:
        turn.dialogue.offer = {"kind": "ticket", "subject": text}
        yield turn.text("ticket_instead")
        return
    turn.dialogue.offer = {"kind": "mean", "skill": decision.skill, "text": text}
    if second is not None and second.title != first.title:
        turn.dialogue.offer["second"] = decision.second
        yield turn.text("mean_skills", first=first.title, second=second.title)
    else:
        yield turn.text("mean_skill", title=first.title)


async def ask_which_page(turn: FormTurn, offers: Sequence[Passage]) -> AsyncIterator[str]:
    """Ask which of two topics of the pages is meant."""
    turn.dialogue.misses = 0
    turn.dialogue.offer = {"kind": "pages", "topics": " ".join(passage.topic for passage in offers)}
    titles = [_in_sentence(passage.title) for passage in offers]
    if titles[1:]:
        yield turn.text("offer_pages", first=titles[0], second=titles[1])
    else:
        yield turn.text("offer_page", first=titles[0])


def offer_other_page(turn: FormTurn, passage: Passage) -> str:
    """Return the question whether the customer means another topic of the pages."""
    turn.dialogue.offer = {"kind": "pages", "topics": passage.topic}
    return turn.text("other_page", second=_in_sentence(passage.title))


def why_refused(turn: FormTurn, spec: ToolSpec, name: str, value: Any, reason: str) -> str:
    """Return why the tool's schema refused a value: the bank's own sentence, or the limit that was exceeded."""
    properties: Any = spec.parameters.get("properties") or {}
    least, most = properties.get(name, {}).get("minimum"), properties.get(name, {}).get("maximum")
    kind = spec.parameter_types[name].kind
    if kind in ("amount", "integer") and (least is not None or most is not None):
        number = Decimal(str(value))
        if most is not None and number > Decimal(str(most)):
            return turn.text("form_over", limit=format_decimal(most, locale="en_US"))
        if least is not None and number < Decimal(str(least)):
            return turn.text("form_under", limit=format_decimal(least, locale="en_US"))
    own = reason.partition(":")[2].split(";")[0].strip()
    return own if own.endswith((".", "!")) and not _OF_SCHEMA.match(own) else turn.text("form_unclear")


def refused_argument(outcome: ToolResult, spec: ToolSpec) -> str:
    """Return the argument that the tool's schema refused, according to the reason; "" if it accepted all."""
    if outcome.status != "invalid":
        return ""
    named = outcome.reason.replace(":", " ").replace(".", " ").split()
    return next((name for name in spec.parameter_types if named[:1] == [name]), "")


def _in_sentence(title: str) -> str:
    """Return a heading for use in a sentence: "How long a transfer takes" in lower case, "PIN" unchanged."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title
