"""Advances open forms: asks for missing arguments, calls the tool, says the result, and returns to the form below."""

from collections.abc import AsyncIterator, Mapping

from banker.agents.base import TICKET_TOOL
from banker.agents.scripted.forms import filling
from banker.agents.scripted.forms.dialogue import MAX_TIMES_ASKED, Form
from banker.agents.scripted.forms.questions import (
    named_otherwise,
    noted,
    question_for,
    refused_argument,
    reminder_of,
    which_of,
    why_refused,
)
from banker.agents.scripted.forms.states import FormEvent, FormState
from banker.agents.scripted.forms.turn import FormTurn
from banker.agents.scripted.forms.wording import listed_rows, say_result
from banker.agents.scripted.slots import Reading
from banker.agents.scripted.slots.bank_choices import MAX_LISTED_CHOICES
from banker.tools.base import ToolResult, ToolSpec

MAX_TOLD_CHARACTERS = 150


async def run(turn: FormTurn) -> AsyncIterator[str]:
    """Advance the forms from the top of the stack until the customer is asked something."""
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
            yield _resumed(turn, form)
        if spec.confirm and form.state is FormState.SUSPENDED:
            await filling.share_choices(turn, form, spec, turn.just_closed().get("values", {}).values())
        for sentence in await filling.choose_only_choices(turn, form, spec):
            yield sentence
        await filling.keep_from_default(turn, form, spec)
        if form.tool in turn.unanswered:  # without the bank's choices, a default may be wrong
            form.on(FormEvent.CANCELLED)
            turn.close(form, undone=True)
            await turn.drop(form.tool)
            yield turn.text("form_failed", title=skill.title)
            began_below = True
            continue
        missing = filling.missing_argument(form, spec)
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
            refused = form.values.pop(rejected, None)
            if spec.parameter_types[rejected].kind == "datetime":
                form.candidates[rejected] = [str(refused)]  # "Monday then" keeps its time
            yield why_refused(turn, spec, rejected, refused, outcome.reason)
            form.on(FormEvent.REJECTED)
            form.slot = rejected
            async for sentence in ask(turn, form, spec):
                yield sentence
            return
        for sentence in finish(turn, form, spec, outcome):
            yield sentence
        began_below = True


def finish(turn: FormTurn, form: Form, spec: ToolSpec, outcome: ToolResult) -> list[str]:
    """Close a form whose tool has ended, and return sentences with the result."""
    form.on(FormEvent.FINISHED)
    turn.close(form, undone=outcome.status != "ok")
    skill = turn.skill(form.skill, form.tool)
    turn.dialogue.about, turn.dialogue.cited = "" if form.tool == TICKET_TOOL else skill.title, []
    if outcome.status == "declined":
        return [turn.text("form_cancelled", title=skill.title)]
    if outcome.status != "ok":
        return [turn.trouble(outcome, skill.title, changes=spec.confirm)]
    if isinstance(outcome.value, Mapping):  # what the tool chose by itself, so that "the other one" has a meaning
        chosen = {name: outcome.value.get(name) for name in spec.parameter_types if name not in form.values}
        turn.dialogue.last["values"] |= {name: value for name, value in chosen.items() if isinstance(value, str)}
    turn.dialogue.last["rows"] = listed_rows(outcome.value, skill.each)
    if len(turn.dialogue.last["rows"]) == 1:  # "book me in there"
        for value in reversed(turn.dialogue.last["rows"][0]["values"]):
            turn.dialogue.mention(value)
    said = say_result(spec, skill, form.values, outcome.value, turn.names())
    turn.dialogue.last["said"] = " ".join(said) if spec.confirm else ""
    return said


async def ask(turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
    """Ask for the argument `form.slot`. The third time, offer another way instead."""
    slot = form.slot
    if unknown := form.unknown.pop(slot, ""):
        is_day = spec.parameter_types[slot].kind in ("date", "datetime")
        yield turn.text("form_no_day" if is_day else "form_unknown", said=unknown)
    is_first = not (form.asked or unknown or turn.has_spoken)
    if is_first and (named := await named_otherwise(turn, form, spec)):
        yield turn.text("form_noted", said=named)
    is_reminder = bool(form.noted) and not unknown and slot not in form.candidates
    if is_reminder:  # the question is repeated, because the answer told something else
        form.reminded += 1
        yield await noted(turn, form, spec)
    form.noted = []
    if form.asked.get(slot, 0) >= MAX_TIMES_ASKED:
        async for sentence in offer_another_way(turn, form):
            yield sentence
        return
    form.asked[slot] = form.asked.get(slot, 0) + 1
    choices = await turn.choices(form.tool, slot) if spec.parameter_types[slot].kind == "choice" else ()
    names = {choice.value: (choice.names or (choice.value,))[0] for choice in choices}
    left = [name for value, name in names.items() if value in form.candidates.get(slot, [])]  # in their own order
    is_moment = spec.parameter_types[slot].kind == "datetime"
    if is_moment and any("T" not in day for day in form.candidates.get(slot, [])):
        yield "At what time?"
    elif len(left) > 1:
        yield which_of(left)
    elif 1 <= len(names) <= MAX_LISTED_CHOICES and (
        form.state is FormState.ASKING_AGAIN or (unknown and not spec.parameter_types[slot].required)
    ):
        yield which_of(list(names.values()))
    else:
        question = question_for(spec, turn.skill(form.skill, form.tool), slot, choices)
        yield reminder_of(question) if is_reminder and form.reminded % 2 else question


async def repeat_question(turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
    """Ask again without an apology: the customer asked for the choices, or said something else that was useful."""
    form.on(FormEvent.UNCLEAR)
    async for sentence in ask(turn, form, spec):
        yield sentence


async def admit(turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
    """Admit that a question cannot be answered, and return to the form."""
    yield turn.text("no_more_here")
    again = ask_again(turn, form) if form.state.is_confirming else repeat_question(turn, form, spec)
    async for sentence in again:
        yield sentence


async def unclear(turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
    """Reply to words that do not answer the open question."""
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


async def ask_again(turn: FormTurn, form: Form) -> AsyncIterator[str]:
    """Ask again for a yes that the customer gave in other words."""
    if turn.is_asked(form.tool, form.values) and form.repeated + 1 < MAX_TIMES_ASKED:
        form.repeated += 1
        turn.asked_confirmation = True
    else:
        yield turn.text("form_waiting", title=turn.skill(form.skill, form.tool).title)


async def only_now(turn: FormTurn, form: Form) -> AsyncIterator[str]:
    """Admit that it can't be done later, and ask for the yes again."""
    yield turn.text("form_only_now")
    async for sentence in ask_again(turn, form):
        yield sentence


async def add_after(turn: FormTurn, form: Form, spec: ToolSpec, reading: Reading, name: str) -> AsyncIterator[str]:
    """Note that the same is wanted for another value too, and ask for the yes to the first again."""
    kept = {each: value for each, value in form.values.items() if spec.parameter_types[each].kind != "amount"}
    turn.dialogue.add_below(form, {**kept, **reading.values})
    await turn.choices(form.tool, name)
    yield turn.text("form_after", said=turn.names().get(reading.values[name], ""))
    async for sentence in ask_again(turn, form):
        yield sentence


async def add_to_text(turn: FormTurn, form: Form, name: str, text: str) -> AsyncIterator[str]:
    """Add the customer's words to a text of the form: "tomorrow at ten would do"."""
    form.values[name] = f"{form.values[name]}; {text.strip(' .')}"[:MAX_TOLD_CHARACTERS]
    async for sentence in run(turn):
        yield sentence


async def resume(turn: FormTurn) -> AsyncIterator[str]:
    """Return to the form below, unless the customer was asked for it often enough."""
    form = turn.dialogue.top
    if form is None or max(form.asked.values(), default=0) >= MAX_TIMES_ASKED:
        return
    spec = turn.spec(form.tool)
    if form is turn.open_form and spec is not None and not spec.confirm and not filling.missing_argument(form, spec):
        turn.dialogue.close(form)  # a look-up of something that there is not
        return
    if _waits(turn, form):
        yield turn.text("form_waiting", title=turn.skill(form.skill, form.tool).title)
        return
    yield _resumed(turn, form)
    async for sentence in run(turn):
        yield sentence


def _resumed(turn: FormTurn, form: Form) -> str:
    """Return how to lead back to a form: not at all if the customer was asked about it a moment ago."""
    if form is turn.open_form:
        return ""
    is_alike = turn.just_closed().get("skill") == form.skill and not form.asked
    return turn.text("form_other" if is_alike else "form_resumed", title=turn.skill(form.skill, form.tool).title)


async def offer_another_way(turn: FormTurn, form: Form) -> AsyncIterator[str]:
    """Offer a ticket, or the bank's telephone number, after the customer was asked twice in vain."""
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
