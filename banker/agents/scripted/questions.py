"""The question for an argument of a tool: the bank's own words, or made of the docstring's line for the argument."""

from collections.abc import Sequence

from banker.agents.scripted.protocols import SkillTexts
from banker.agents.scripted.slots.offered_choices import MAX_LISTED_CHOICES, listed_in_question
from banker.text.en.join_items import listed
from banker.text.en.slots import Option, find_options
from banker.tools.base import Choice, ToolSpec

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


def question_for(spec: ToolSpec, skill: SkillTexts, slot: str, choices: Sequence[Choice] = ()) -> str:
    """Return the question for the argument `slot`, with the choices where they are few."""
    question = spec.ask.get(slot) or skill.ask.get(slot) or _generic(spec, slot)
    names = [choice.names[0] if choice.names else choice.value for choice in choices]
    options = [Option(choice.value, choice.names) for choice in choices]
    is_listed = sum(len(found.value) == 1 for found in find_options(question, options)) > 1
    if len(names) < 2 or is_listed:
        return question
    if len(names) > MAX_LISTED_CHOICES:
        return f"{question} For example: {listed(names[: listed_in_question(len(names))], 'or')}."
    return f"{question} You can choose {listed(names, 'or')}."


def which_of(names: Sequence[str]) -> str:
    """Return the question between several values that the customer's words fit."""
    return f"Which one do you mean: {listed(names, 'or')}?"


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
