"""Fills in a form: reads values from a turn, adds what is known without asking, and finds what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.turn import FormTurn
from banker.agents.scripted.slots import Known, Reading, read_slots
from banker.text.en.slots import find_dates, find_times
from banker.text.en.slots.free_text import answered_text, markers_of, tells
from banker.text.en.value_context import RETRACTION, continues, role_of
from banker.tools.base import ToolSpec

MIN_WORDS_OF_EARLY_TEXT = 4
"""Fewer words are more likely an answer that was not understood."""


async def read_into(turn: FormTurn, form: Form, text: str, spec: ToolSpec, *, asked: str = "") -> Reading:
    """Read what `text` says about a form, without changing the form."""
    listed = [row["values"] for row in turn.just_closed().get("rows", [])]
    mentioned, vocabulary = turn.dialogue.mentioned, turn.vocabulary()
    known = Known(form.values, asked, form.corrected, form.candidates, mentioned, vocabulary, listed)
    reading = await read_slots(text, spec, turn.choices, known, turn.now)
    if form.candidates and not (reading.values or reading.candidates) and RETRACTION.search(text):
        return await read_slots(text, spec, turn.choices, replace(known, limited_to={}), turn.now)  # none of those
    return reading


def apply(turn: FormTurn, form: Form, reading: Reading, spec: ToolSpec) -> bool:
    """Copy the values of a reading into a form. Return whether that changed anything."""
    before = (dict(form.values), dict(form.candidates))
    form.unknown = dict(reading.unknown)
    for name in reading.unknown:
        form.values.pop(name, None)  # "no, to Anna" is not the one that was said before
    is_new = any(form.values.get(name) != value for name, value in reading.values.items()) or any(
        form.candidates.get(name) != found for name, found in reading.candidates.items() if name != form.slot
    )
    form.noted = []
    if form.asked.get(form.slot) and form.slot not in reading.values and is_new:
        form.asked[form.slot] -= 1  # something else that is needed was said: the question was not in vain
        form.noted = [name for name in (*reading.values, *reading.candidates) if name != form.slot]
    chosen = [name for name in reading.values if spec.parameter_types[name].kind == "choice"]
    if form.state.is_confirming and len(chosen) == 1:
        form.corrected = chosen[0]
    form.values.update(reading.values)
    _swap(form, before[0], reading, spec)
    _keep_apart(form, reading, spec)
    form.candidates = {name: found for name, found in form.candidates.items() if name not in reading.values}
    for name, found in reading.candidates.items():
        if form.values.get(name) in found:  # "the Uber one" is the one that was spoken of
            continue
        if form.candidates.get(name) != found:  # the answer was of some use: the question is a new one
            form.asked[name] = 0
        form.candidates[name] = found
        form.values.pop(name, None)
    for name, (first, *others) in reading.every.items():
        form.values[name] = first
        if turn.dialogue.top is form:
            turn.dialogue.repeat_below(form, name, others)
    for value in reading.values.values():
        if isinstance(value, str) and len(value) <= 100:
            turn.dialogue.mention(value)
    return (form.values, form.candidates) != before


def _swap(form: Form, before: Mapping[str, Any], reading: Reading, spec: ToolSpec) -> None:
    """Give a choice that another argument takes over its old value: "no, from savings" then means to checking."""
    choices = [name for name, parameter in spec.parameter_types.items() if parameter.kind == "choice"]
    for name in choices:
        for other in choices:
            is_taken = other not in reading.values and form.values.get(other) == reading.values.get(name, form)
            if other != name and is_taken:
                form.values.pop(other)
                if name in before and before[name] != reading.values[name]:
                    form.values[other] = before[name]


def _keep_apart(form: Form, reading: Reading, spec: ToolSpec) -> None:
    """Remove the target if it equals the source: "from checking to checking"."""
    ends = {role_of(name): name for name, each in spec.parameter_types.items() if each.kind == "choice"}
    source, target = ends.get("from", ""), ends.get("to", "")
    if source in reading.values and target in reading.values and form.values[source] == form.values[target]:
        form.values.pop(target)


def take_early_text(form: Form, spec: ToolSpec, text: str) -> bool:
    """Take a sentence as the free text that is still missing: "I never bought that" while the charge is asked for."""
    missing = [
        name for name, each in spec.parameter_types.items()
        if each.required and each.kind == "text" and name not in form.values
    ]  # fmt: skip
    if len(missing) != 1 or len(text.split()) < MIN_WORDS_OF_EARLY_TEXT or not tells(text):
        return False
    form.values[missing[0]] = answered_text(text, missing[0])
    form.asked[form.slot] = max(form.asked.get(form.slot, 0) - 1, 0)
    form.noted = missing
    return True


def added_choice(form: Form, reading: Reading, spec: ToolSpec, text: str) -> str:
    """Return the required choice of which the words want another value as well: "and the credit card"; or ""."""
    required = [name for name, each in spec.parameter_types.items() if each.kind == "choice" and each.required]
    others = [name for name in required if form.values.get(name, reading.values.get(name)) != reading.values.get(name)]
    is_more = continues(text) and not RETRACTION.search(text)
    return next((name for name in others if name in reading.values), "") if is_more else ""


def asks_for_later(spec: ToolSpec, rest: str, now: datetime) -> bool:
    """Say whether words that no argument took name a later time, although the tool acts at once: "tomorrow at nine"."""
    kinds = {parameter.kind for parameter in spec.parameter_types.values()}
    if not spec.confirm or kinds & {"date", "datetime", "time", "text"}:
        return False
    is_later = any(each.value.last > now.date() for each in find_dates(rest, now.date(), "future"))
    return is_later or bool(find_times(rest, now))


def text_to_add_to(form: Form, spec: ToolSpec, text: str) -> str:
    """Return the reason or subject of a form to which the customer may add before the yes, or ""."""
    names = [name for name, each in spec.parameter_types.items() if each.kind == "text" and name in form.values]
    told = [name for name in names if {"about", "because"} & {*markers_of(name)}]
    return told[0] if len(names) == 1 and told and len(text.split()) >= MIN_WORDS_OF_EARLY_TEXT else ""


def missing_argument(form: Form, spec: ToolSpec) -> str:
    """Return the first argument to ask for: an unknown choice, an unclear one, or a required argument."""
    if unknown := next((name for name in form.unknown if name not in form.values), ""):
        return unknown
    for name, parameter in spec.parameter_types.items():
        is_open = parameter.required or name in form.candidates
        if name not in form.values and is_open:
            return name
    return ""


async def share_choices(turn: FormTurn, form: Form, spec: ToolSpec, named: Iterable[Any]) -> None:
    """Fill a required choice with the first of the values `named` that it offers, unless the customer named another."""
    for name, parameter in spec.parameter_types.items():
        is_open = name not in form.values and name not in form.unknown and name not in form.candidates
        if parameter.kind == "choice" and parameter.required and is_open:
            values = {choice.value for choice in await turn.choices(spec.name, name)}
            shared = next((value for value in named if value in values), None)
            if shared is not None:
                form.values[name] = shared


async def choose_only_choices(turn: FormTurn, form: Form, spec: ToolSpec) -> list[str]:
    """Fill a required choice that has one value only, and return what to say if the customer named another."""
    said = []
    for name, parameter in spec.parameter_types.items():
        if parameter.kind == "choice" and parameter.required and name not in form.values:
            choices = await turn.choices(spec.name, name)
            if len(choices) == 1:
                form.values[name] = choices[0].value
                if unknown := form.unknown.pop(name, ""):
                    only = (choices[0].names or (choices[0].value,))[0]
                    said.append(turn.text("form_only", said=unknown, only=only))
    return said


async def keep_from_default(turn: FormTurn, form: Form, spec: ToolSpec) -> None:
    """Leave an unnamed source open if its default is the target: "transfer 50 dollars to checking"."""
    ends = {role_of(name): name for name, each in spec.parameter_types.items() if each.kind == "choice"}
    source, target = ends.get("from", ""), form.values.get(ends.get("to", ""))
    default = spec.parameters.get("properties", {}).get(source, {}).get("default")
    if not target or default is None or source in form.values or source in form.candidates:
        return
    choices = await turn.choices(spec.name, source)
    if any(choice.value == target and default in (choice.value, *choice.names) for choice in choices):
        others = [choice.value for choice in choices if choice.value != target]
        if len(others) == 1:
            form.values[source] = others[0]
        else:
            form.candidates[source] = others
