"""Carries open forms on: asks for what is missing, calls the tool, says the result, and returns to the form below."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from banker.agents.base import TICKET_TOOL
from banker.agents.scripted.dialogue import MAX_TIMES_ASKED, Form
from banker.agents.scripted.form_states import FormEvent, FormState
from banker.agents.scripted.form_turn import FormTurn
from banker.agents.scripted.questions import question_for, refused_argument, which_of, why_refused
from banker.agents.scripted.slots import Known, Reading, read_slots
from banker.agents.scripted.slots.assignment import role_of
from banker.agents.scripted.slots.bank_choices import MAX_LISTED_CHOICES
from banker.agents.scripted.wording import listed_rows, say_result
from banker.text.en.slots.free_text import answered_text
from banker.tools.base import ToolResult, ToolSpec

MIN_WORDS_OF_EARLY_TEXT = 4
"""Fewer words are rather an answer that was not understood."""


async def read_into(turn: FormTurn, form: Form, text: str, spec: ToolSpec, *, asked: str = "") -> Reading:
    """Read what `text` says about a form, without changing the form."""
    listed = [row["values"] for row in turn.just_closed().get("rows", [])]
    known = Known(form.values, asked, form.candidates, turn.dialogue.mentioned, turn.vocabulary(), listed)
    return await read_slots(text, spec, turn.choices, known, turn.now)


def apply(turn: FormTurn, form: Form, reading: Reading, spec: ToolSpec) -> bool:
    """Take the values of a reading over. Return whether that changed anything."""
    before = (dict(form.values), dict(form.candidates))
    form.unknown = {name: said for name, said in reading.unknown.items() if name not in form.values}
    is_new = any(form.values.get(name) != value for name, value in reading.values.items()) or any(
        form.candidates.get(name) != found for name, found in reading.candidates.items() if name != form.slot
    )
    if form.asked.get(form.slot) and form.slot not in reading.values and is_new:
        form.asked[form.slot] -= 1  # something else that is needed was said: the question was not in vain
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
    """Take back the target where it is the source as well: "from checking to checking"."""
    ends = {role_of(name): name for name, each in spec.parameter_types.items() if each.kind == "choice"}
    source, target = ends.get("from", ""), ends.get("to", "")
    if source in reading.values and target in reading.values and form.values[source] == form.values[target]:
        form.values.pop(target)


async def run(turn: FormTurn) -> AsyncIterator[str]:
    """Carry on the forms from the top of the stack until the customer is asked something."""
    began_below = False
    while (form := turn.dialogue.top) is not None:
        spec = turn.spec(form.tool)
        skill = turn.skill(form.skill, form.tool)
        if spec is None:
            turn.dialogue.close(form)
            yield skill.not_here
            continue
        if began_below:
            if max(form.asked.values(), default=0) >= MAX_TIMES_ASKED:
                form.on(FormEvent.DIGRESSED)
                return
            if _waits(turn, form):
                yield turn.text("form_waiting", title=skill.title)
                return
            yield turn.text("form_resumed", title=skill.title)
        if spec.confirm and form.state is FormState.SUSPENDED:
            await share_choices(turn, form, spec, turn.just_closed().get("values", {}).values())
        await _choose_only_choices(turn, form, spec)
        await _keep_from_default(turn, form, spec)
        missing = _missing(form, spec)
        if missing:
            if form.state.is_confirming:
                await turn.drop(form.tool)  # what was asked is not what is wanted any more
            form.on(FormEvent.RESUMED if form.state is FormState.SUSPENDED else FormEvent.FILLED)
            form.slot = missing
            async for sentence in ask(turn, form, spec):
                yield sentence
            return
        form.on(FormEvent.CORRECTED if form.state.is_confirming else FormEvent.COMPLETED)
        if turn.has_spoken and turn.is_asked(form.tool, form.values):
            form.on(FormEvent.QUESTIONED)
            form.repeated += 1
            turn.asked_confirmation = True
            return
        outcome = await turn.call(form.tool, form.values)
        if outcome.status == "asked":
            form.on(FormEvent.QUESTIONED)
            form.repeated = 0
            return
        rejected = refused_argument(outcome, spec)
        if rejected and form.asked.get(rejected, 0) < MAX_TIMES_ASKED:
            await turn.drop(form.tool)
            yield why_refused(turn, spec, rejected, form.values.pop(rejected, None), outcome.reason)
            form.on(FormEvent.REJECTED)
            form.slot = rejected
            async for sentence in ask(turn, form, spec):
                yield sentence
            return
        for sentence in finish(turn, form, spec, outcome):
            yield sentence
        began_below = True


def finish(turn: FormTurn, form: Form, spec: ToolSpec, outcome: ToolResult) -> list[str]:
    """Close a form whose tool has ended, and return the sentences that say how."""
    form.on(FormEvent.FINISHED)
    turn.close(form, undone=outcome.status != "ok")
    skill = turn.skill(form.skill, form.tool)
    if outcome.status == "declined":
        return [turn.text("form_cancelled", title=skill.title)]
    if outcome.status != "ok":
        return [turn.trouble(outcome, skill.title, changes=spec.confirm)]
    if isinstance(outcome.value, Mapping):  # what the tool chose by itself, so that "the other one" has a meaning
        chosen = {name: outcome.value.get(name) for name in spec.parameter_types if name not in form.values}
        turn.dialogue.last["values"] |= {name: value for name, value in chosen.items() if isinstance(value, str)}
    turn.dialogue.last["rows"] = listed_rows(outcome.value, skill.each)
    said = say_result(spec, skill, form.values, outcome.value, turn.names())
    turn.dialogue.last["said"] = " ".join(said) if spec.confirm else ""
    return said


async def ask(turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
    """Ask for the argument `form.slot`; at the third time offer another way instead."""
    slot = form.slot
    if unknown := form.unknown.pop(slot, ""):
        yield turn.text("form_unknown", said=unknown)
    elif form.asked.get(slot) == 0 and slot not in form.candidates:
        yield turn.text("form_noted")  # the question is repeated, because the answer told something else
    if form.asked.get(slot, 0) >= MAX_TIMES_ASKED:
        async for sentence in offer_another_way(turn, form):
            yield sentence
        return
    form.asked[slot] = form.asked.get(slot, 0) + 1
    choices = await turn.choices(form.tool, slot) if spec.parameter_types[slot].kind == "choice" else ()
    names = {choice.value: (choice.names or (choice.value,))[0] for choice in choices}
    left = [names[value] for value in form.candidates.get(slot, []) if value in names]
    if spec.parameter_types[slot].kind == "datetime" and form.candidates.get(slot):
        yield "At what time?"
    elif len(left) > 1:
        yield which_of(left)
    elif unknown and not spec.parameter_types[slot].required and 1 <= len(names) <= MAX_LISTED_CHOICES:
        yield which_of(list(names.values()))
    else:
        yield question_for(spec, turn.skill(form.skill, form.tool), slot, choices)


def take_early_text(form: Form, spec: ToolSpec, text: str) -> bool:
    """Take a sentence as the free text that is still missing: "I never bought that" while the charge is asked for."""
    missing = [
        name for name, each in spec.parameter_types.items()
        if each.required and each.kind == "text" and name not in form.values
    ]  # fmt: skip
    if len(missing) != 1 or len(text.split()) < MIN_WORDS_OF_EARLY_TEXT:
        return False
    form.values[missing[0]] = answered_text(text, missing[0])
    return bool(form.values[missing[0]])


async def repeat_question(turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
    """Ask again without an apology: the customer asks what there is, or has said something else of use."""
    form.on(FormEvent.UNCLEAR)
    async for sentence in ask(turn, form, spec):
        yield sentence


async def unclear(turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
    """Answer words that say nothing about the open question."""
    was_confirming = form.state.is_confirming
    form.on(FormEvent.UNCLEAR)
    if form.state is FormState.CLOSED:
        turn.dialogue.close(form)
        await turn.drop(form.tool)
        yield turn.text("form_left", title=turn.skill(form.skill, form.tool).title)
        async for sentence in resume(turn):
            yield sentence
    elif was_confirming:
        yield turn.text("form_unclear")
        form.repeated += 1
        if not turn.is_asked(form.tool, form.values):
            await turn.call(form.tool, form.values)
    elif form.state is FormState.STUCK or form.asked.get(form.slot, 0) >= MAX_TIMES_ASKED:
        async for sentence in offer_another_way(turn, form):
            yield sentence
    else:
        yield turn.text("form_unclear")
        async for sentence in ask(turn, form, spec):
            yield sentence


async def resume(turn: FormTurn) -> AsyncIterator[str]:
    """Return to the form below, unless the customer was asked for it often enough."""
    form = turn.dialogue.top
    if form is None or max(form.asked.values(), default=0) >= MAX_TIMES_ASKED:
        return
    title = turn.skill(form.skill, form.tool).title
    if _waits(turn, form):
        yield turn.text("form_waiting", title=title)
        return
    yield turn.text("form_resumed", title=title)
    async for sentence in run(turn):
        yield sentence


async def offer_another_way(turn: FormTurn, form: Form) -> AsyncIterator[str]:
    """Offer a ticket, or the bank's telephone, after the customer was asked twice in vain."""
    form.state = FormState.STUCK
    turn.context.not_understood()
    turn.context.person_offered()
    if turn.spec(TICKET_TOOL) is not None and form.tool != TICKET_TOOL:
        turn.dialogue.offer = {"kind": "ticket", "subject": turn.skill(form.skill, form.tool).title}
        yield turn.text("offer_ticket")
    else:
        turn.dialogue.close(form)
        yield turn.text("give_up")


def _waits(turn: FormTurn, form: Form) -> bool:
    """Take up a form whose confirmation is open and was asked often enough: it is not asked a third time."""
    if not turn.is_asked(form.tool, form.values) or form.repeated + 1 < MAX_TIMES_ASKED:
        return False
    form.on(FormEvent.COMPLETED)
    form.on(FormEvent.QUESTIONED)
    turn.asked_confirmation = True
    return True


def _missing(form: Form, spec: ToolSpec) -> str:
    """Return the first argument to ask for: a choice that there is not, one that is unclear, or a required one."""
    if unknown := next((name for name in form.unknown if name not in form.values), ""):
        return unknown
    for name, parameter in spec.parameter_types.items():
        is_open = parameter.required or name in form.candidates
        if name not in form.values and is_open:
            return name
    return ""


async def share_choices(turn: FormTurn, form: Form, spec: ToolSpec, named: Iterable[Any]) -> None:
    """Fill a required choice with the first of the values `named` that it offers."""
    for name, parameter in spec.parameter_types.items():
        if parameter.kind == "choice" and parameter.required and name not in form.values:
            values = {choice.value for choice in await turn.choices(spec.name, name)}
            shared = next((value for value in named if value in values), None)
            if shared is not None:
                form.values[name] = shared


async def _choose_only_choices(turn: FormTurn, form: Form, spec: ToolSpec) -> None:
    """Fill a required choice that has one value only: there is nothing to ask."""
    for name, parameter in spec.parameter_types.items():
        if parameter.kind == "choice" and parameter.required and name not in form.values:
            choices = await turn.choices(spec.name, name)
            if len(choices) == 1:
                form.values[name] = choices[0].value


async def _keep_from_default(turn: FormTurn, form: Form, spec: ToolSpec) -> None:
    """Leave open the source that was not named, if its default is the target: "transfer 50 dollars to checking"."""
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
