"""Understands a turn that continues the previous subject: "and my savings?", "the second one", "then 500"."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from banker.agents.base import TICKET_TOOL
from banker.agents.scripted.forms import filling
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.turn import FormTurn
from banker.agents.scripted.slots import Reading
from banker.text.en.questions import is_question
from banker.text.en.slots import Option, find_options
from banker.text.en.slots.free_text import markers_of
from banker.text.en.value_context import RETRACTION, continues
from banker.tools.base import ToolSpec

MAX_FOLLOW_UP_WORDS = 10
""" Follow-ups such as "And my savings?" are short. A longer sentence that is not understood is a new wish."""
MAX_REST, MAX_REST_IF_GOES_ON = 2, 5
"""Words beside the new value, unless the turn begins with "and": "trasnfer 20 to savings" is a wish of its own.

More where the turn points back ("is that more than in May?") or the last wish was given up or has failed."""
MAX_UNSERVED_CHARACTERS, MAX_TOPIC_CHARACTERS = 300, 100

_ABOUT_THAT = re.compile(r"\b(?:about|for|regarding|on) (?:it|that|this)\b", re.IGNORECASE)
_ONE = re.compile(r"\bone\b", re.IGNORECASE)
_POINTS_BACK = re.compile(r"\b(?:it|that|this|there|same)\b", re.IGNORECASE)


async def follow_up(turn: FormTurn, text: str) -> Form | None:
    """Return the last form with another value: "and my savings?", or "then 500" if 5,000 were too much.

    A value alone does not repeat a tool that needs a confirmation, unless it was given up or has failed.
    """
    last = turn.dialogue.last
    undone = bool(turn.just_closed().get("undone"))
    spec = turn.spec(turn.skill(last["skill"]).tool) if last.get("skill") else None
    if spec is None or len(text.split()) > MAX_FOLLOW_UP_WORDS:
        return None
    is_more = continues(text)
    corrects = RETRACTION.match(text)
    if spec.confirm and not (is_more or undone or corrects):
        return None
    form = Form(last["skill"], spec.name, values=dict(last.get("values") or {}), said=text)
    reading = await filling.read_into(turn, form, text, spec)
    goes_on = undone or corrects or (not spec.confirm and _POINTS_BACK.search(text))
    if not is_more and len(reading.rest.split()) > (MAX_REST_IF_GOES_ON if goes_on else MAX_REST):
        return None
    return form if filling.apply(turn, form, reading, spec) or (is_more and form.unknown) else None


def listed_line(turn: FormTurn, text: str) -> str:
    """Return the spoken row at a position of the last list: "how much was the second one?"."""
    rows = turn.just_closed().get("rows", [])
    if not rows or len(text.split()) > MAX_FOLLOW_UP_WORDS:
        return ""
    names = [tuple(row["values"]) if _ONE.search(text) else () for row in rows]  # "the one at Shell"
    found = find_options(text, [Option(f"row {number}", each) for number, each in enumerate(names)])
    rows_found = {value for hit in found for value in hit.value}
    return _line(turn, rows[int(rows_found.pop().split()[1])]) if len(rows_found) == 1 else ""


def only_line(turn: FormTurn, text: str) -> str:
    """Return the only row of the last list, if it is pointed at: "when was that?"; "it" is what was spoken of last."""
    rows = turn.just_closed().get("rows", [])
    return _line(turn, rows[0]) if len(rows) == 1 and _is_about_last(turn, text) else ""


def last_result(turn: FormTurn, text: str) -> str:
    """Return the spoken result of the last wish, if a short turn refers to it: "did it go through?"."""
    last = turn.just_closed()
    return "" if last.get("undone") or not _is_about_last(turn, text) else str(last.get("said", ""))


def _is_about_last(turn: FormTurn, text: str) -> bool:
    """Return whether a short turn refers to the last wish, with nothing else in between."""
    is_short = len(text.split()) <= MAX_FOLLOW_UP_WORDS
    return is_short and not turn.dialogue.unserved and _POINTS_BACK.search(text) is not None


def points_back(text: str) -> bool:
    """Return whether the words refer back by "it", "that" or "there"."""
    return _POINTS_BACK.search(text) is not None


def with_noun(text: str, noun: str) -> str:
    """Replace "it" in the words by the noun."""
    return _POINTS_BACK.sub(f"the {noun}", text, count=1)


def _line(turn: FormTurn, row: Mapping[str, Any]) -> str:
    for value in reversed(row["values"]):  # the id stands first, and what is noted last counts most
        turn.dialogue.mention(value)
    return str(row["line"])


def with_words_before(turn: FormTurn, text: str) -> str:
    """Return the turn with earlier unserved words before it; "" without such words, or if the turn is long enough."""
    before = turn.dialogue.unserved
    return f"{before}. {text}" if before and len(text.split()) <= MAX_FOLLOW_UP_WORDS else ""


def note_unserved(turn: FormTurn, text: str) -> None:
    """Append words that no tool has served to the earlier ones."""
    before = turn.dialogue.unserved
    if before.endswith(text):
        return
    turn.dialogue.unserved = f"{before}. {text}"[-MAX_UNSERVED_CHARACTERS:].removeprefix(". ")


async def share_values(turn: FormTurn, form: Form, spec: ToolSpec, reading: Reading, others: Sequence[Form]) -> None:
    """Fill what was spoken of already: a choice that another wish has named, or what "it" points back to.

    "I lost my credit card and need a new one" names the card once; "is that more than in May?" the shop before, and
    "send it to Omar" the amount.
    """
    last = turn.just_closed()
    is_back = points_back(form.said)
    if is_back and turn.dialogue.unserved:
        before = await filling.read_into(turn, form, turn.dialogue.unserved, spec)
        of_text = {name for name, parameter in spec.parameter_types.items() if parameter.kind == "text"}
        form.values = {**{name: value for name, value in before.values.items() if name not in of_text}, **form.values}
        missing = [name for name in of_text if spec.parameter_types[name].required and name not in form.values]
        if len(missing) == 1 and _ABOUT_THAT.search(form.said) and "about" in markers_of(missing[0]):
            form.values[missing[0]] = turn.dialogue.unserved.split(". ")[0][:MAX_TOPIC_CHARACTERS]
    is_answered = bool(turn.dialogue.cited) and is_question(turn.dialogue.unserved)
    if form.tool == TICKET_TOOL and turn.dialogue.unserved and not is_answered:
        form.values.setdefault("subject", turn.dialogue.unserved[:MAX_TOPIC_CHARACTERS])
    goes_on = is_back or continues(form.said)
    if goes_on and reading.values and last.get("skill") == form.skill and not spec.confirm:
        form.values = {**last["values"], **form.values}
    named = [value for other in others for value in other.values.values()]
    carried = dict(last["values"]) if last and spec.confirm else {}
    if carried and last["skill"] == form.skill:  # the account that the money came from is not where it goes next
        form.values |= {name: carried[name] for name in _choices_left(form, spec) if is_back and name in carried}
        carried = {}
    await filling.share_choices(turn, form, spec, [*named, *carried.values()])
    if carried and last.get("words") and _choices_left(form, spec):  # "my card got stolen", and then "order a new one"
        told = await filling.read_into(turn, form, last["words"], spec)
        form.values |= {name: told.values[name] for name in _choices_left(form, spec) if name in told.values}


def _choices_left(form: Form, spec: ToolSpec) -> list[str]:
    """Return the required choices of which the customer has said nothing."""
    said = {*form.values, *form.unknown, *form.candidates}
    kinds = spec.parameter_types.items()
    return [name for name, each in kinds if each.kind == "choice" and each.required and name not in said]
