"""Classifies words in the middle of a form: an answer, a correction, a question, a no, or another wish."""

from collections.abc import AsyncIterator, Mapping

from banker.agents.base import TICKET_TOOL
from banker.agents.knowledge.passage import Passage
from banker.agents.scripted import pages
from banker.agents.scripted.follow_ups import points_back
from banker.agents.scripted.forms import filling
from banker.agents.scripted.forms import runner as forms
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.states import FormEvent, FormState
from banker.agents.scripted.forms.turn import FormTurn, nothing
from banker.agents.scripted.offer_answers import MIN_REST_WORDS
from banker.agents.scripted.pages import PERSON
from banker.agents.scripted.skills.decision import ACT_AT, DIGRESS_AT, Decision, NextStep
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.slots import Reading
from banker.agents.scripted.wish_server import CANCEL, WishServer
from banker.agents.scripted.wishes import leading
from banker.text.en.assent import answer
from banker.text.en.questions import is_question
from banker.text.en.slots.free_text import markers_of
from banker.tools.base import ToolSpec

LEAVE_TEXT_AT = 0.9
"""From this probability an urgent wish ("freeze my card") is not the answer to the question for a free text."""
MIN_WORDS_OF_OTHER = 4


class FormWords:
    """Answers turns in which a form is open. `wishes` serves words that do not answer it."""

    def __init__(self, skills: Mapping[str, Skill], wishes: WishServer) -> None:
        self._skills = skills
        self._wishes = wishes

    async def answer(self, turn: FormTurn, form: Form, plain: str | None) -> AsyncIterator[str]:
        """The customer answers the open question, corrects a value, cancels, or wants something else first."""
        spec = turn.spec(form.tool)
        if spec is None:
            turn.dialogue.close(form)
            said = self._wishes.find_and_serve(turn, turn.context.user_text)
        elif plain == "no" and not _asks_boolean(form, spec):
            said = self._cancel(turn, form, "")
        elif plain == "yes" and form.state.is_confirming:
            said = forms.run(turn)
        elif plain == "yes" and not _asks_boolean(form, spec):
            asks_choice = _asks_choice(form, spec)
            said = forms.repeat_question(turn, form, spec) if asks_choice else forms.unclear(turn, form, spec)
        else:
            said = self._words_in_form(turn, form, spec)
        async for sentence in said:
            yield sentence

    async def _words_in_form(self, turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
        text = turn.context.user_text
        asked = "" if form.state.is_confirming else form.slot
        first, rest = leading(text)
        lead = answer(first) if rest else None
        asks = is_question(text)
        understanding, decision = await self._wishes.decide(text)
        _, after_stop, last = text.strip(" .!?").rpartition(". ")
        if after_stop and decision.step is not NextStep.ACT:  # "whatever. balance"
            understanding, decision = await self._wishes.decide(last)
        reading = await filling.read_into(turn, form, rest if lead == "no" else text, spec, asked=asked)
        if asks:
            _leave_out_texts(reading, spec, asked)
        changes = {name: value for name, value in reading.values.items() if form.values.get(name) != value}
        is_named = bool(reading.unknown) and form.state is not FormState.STUCK  # an unknown name is asked about once
        has_value = bool(changes or reading.candidates or reading.every or is_named)
        other = self._other_wish(form, spec, decision, has_value, reading.rest, asks)
        if lead == "yes" and other and self._skills[decision.skill].tool is None:
            other = False  # "yes, that's lovely dear" is about the question, though not plain enough to act on
        other = other and decision.score * understanding.p_wish >= ACT_AT  # "I moved in March" may only tell more
        is_cancel = decision.skill == CANCEL and decision.step is NextStep.ACT
        is_denied = decision.skill == form.skill and understanding.act == "denied" and not _asks_text(form, spec)
        insists = answer(f"yes, {text}", f"{turn.skill(form.skill, form.tool).title}. {form.said}") == "yes"
        asks_choice = _asks_choice(form, spec)
        may_add = form.state.is_confirming and not (asks or turn.context.safety_text)
        page = await self._page(turn, form, text) if asks and (not has_value or _asks_fact(form, text)) else None
        is_here = other and turn.spec(self._skills[decision.skill].tool) is not None
        is_for_person = decision.skill in (PERSON, TICKET_TOOL) and decision.step in (NextStep.ACT, NextStep.ASK)
        if form.state.is_confirming and _ends_with_yes(turn):
            said = forms.unclear(turn, form, spec)  # "no, it's not there, freeze it" is neither yes nor no
        elif (is_cancel or is_denied) and (not changes or _asks_text(form, spec)):
            said = self._cancel(turn, form, "")
        elif form.tool == TICKET_TOOL and is_for_person and form.state.is_confirming and not has_value:
            said = forms.ask_again(turn, form)
        elif insists and _asks_text(form, spec):
            said = forms.repeat_question(turn, form, spec)  # "dispute it" is not what is wrong with it
        elif other and lead == "no":
            said = self._cancel(turn, form, rest)
        elif page is not None and not is_here:
            said = pages.cite(turn, page)  # "does it arrive today?" changes nothing
        elif other:
            said = self._wishes.find_and_serve(turn, text)
        elif lead == "no" and not has_value and form.state.is_confirming and not _may_correct_text(form, spec, rest):
            said = self._cancel(turn, form, rest)
        elif form.state.is_confirming and (added := filling.added_choice(form, reading, spec, text)):
            said = forms.add_after(turn, form, spec, reading, added)
        elif has_value:
            filling.apply(turn, form, reading, spec)
            said = forms.run(turn)
        elif asks_choice and not (asks or lead == "yes") and filling.take_early_text(form, spec, text):
            said = forms.run(turn)
        elif asks_choice and (asks or insists or lead == "yes"):
            said = forms.repeat_question(turn, form, spec)
        elif form.state.is_confirming and filling.asks_for_later(spec, text, turn.now):
            said = forms.only_now(turn, form)
        elif may_add and (name := filling.text_to_add_to(form, spec, text)):
            said = forms.add_to_text(turn, form, name, text)
        elif reading.values and form.state.is_confirming and not asks:
            said = forms.ask_again(turn, form)  # "from savings of course" is what was asked
        elif self._may_be_other(form, decision, text, asks):
            said = self._wishes.find_and_serve(turn, text)
        elif turn.context.safety_text:
            said = nothing()
        elif asks:
            said = forms.admit(turn, form, spec)
        else:
            said = forms.unclear(turn, form, spec)
        async for sentence in said:
            yield sentence

    def _may_be_other(self, form: Form, decision: Decision, text: str, asks: bool) -> bool:
        """Return whether words that don't answer the form are probably, but not certainly, about something else."""
        is_long = form.state.is_confirming and len(text.split()) >= MIN_WORDS_OF_OTHER
        if decision.skill in (form.skill, CANCEL) or (form.state.is_confirming and points_back(text)):
            return False  # "from which account is that?" is about the question, which is asked again
        is_likely = decision.step in (NextStep.ASK, NextStep.ACT)
        return is_likely and (asks or is_long)

    async def _page(self, turn: FormTurn, form: Form, text: str) -> Passage | None:
        """Return the passage that answers a question, which may be about the form: "does that cost anything?"."""
        subjects = [] if form.tool == TICKET_TOOL else [turn.skill(form.skill, form.tool).title]
        return await pages.page_about(turn, text, subjects)

    def _other_wish(
        self, form: Form, spec: ToolSpec, decision: Decision, has_value: bool, rest: str, asks: bool
    ) -> bool:
        """Return whether the words are another wish rather than an answer to the form's question."""
        if decision.step is not NextStep.ACT or decision.skill in (form.skill, CANCEL):
            return False
        if decision.skill not in self._skills or self._skills[decision.skill].tool == form.tool:
            return False
        if _asks_text(form, spec):  # almost any words answer this
            is_urgent = decision.score >= LEAVE_TEXT_AT and self._skills[decision.skill].urgent
            return is_urgent or (decision.score >= DIGRESS_AT and asks)
        if has_value:
            return decision.score >= DIGRESS_AT and (len(rest.split()) >= MIN_REST_WORDS or asks)
        return True

    async def _cancel(self, turn: FormTurn, form: Form, rest: str) -> AsyncIterator[str]:
        form.on(FormEvent.CANCELLED)
        turn.close(form, undone=True)
        await turn.drop(form.tool)
        yield turn.text("form_cancelled", title=turn.skill(form.skill, form.tool).title)
        if rest:
            _, decision = await self._wishes.decide(rest)
            if decision.step is NextStep.ACT:
                async for sentence in self._wishes.find_and_serve(turn, rest):
                    yield sentence
                return
        async for sentence in forms.resume(turn):
            yield sentence


def _asks_boolean(form: Form, spec: ToolSpec) -> bool:
    is_open = not form.state.is_confirming and form.slot in spec.parameter_types
    return is_open and spec.parameter_types[form.slot].kind == "boolean"


def _asks_choice(form: Form, spec: ToolSpec) -> bool:
    """Return whether a choice is asked for, for the first time."""
    is_first = form.state is FormState.ASKING and form.slot in spec.parameter_types
    return is_first and spec.parameter_types[form.slot].kind == "choice"


def _asks_text(form: Form, spec: ToolSpec) -> bool:
    is_open = not form.state.is_confirming and form.slot in spec.parameter_types
    return is_open and spec.parameter_types[form.slot].kind == "text"


def _may_correct_text(form: Form, spec: ToolSpec, rest: str) -> bool:
    """Return whether a few words after a no may correct one of several texts: "no, Springfield"."""
    texts = [name for name, each in spec.parameter_types.items() if each.kind == "text" and name in form.values]
    return len(texts) > 1 and 0 < len(rest.split()) <= MIN_REST_WORDS


def _leave_out_texts(reading: Reading, spec: ToolSpec, asked: str) -> None:
    """Drop free texts that were read from a question: it may be a topic, but not a street or a reason."""
    for name in [name for name in reading.values if spec.parameter_types[name].kind == "text"]:
        if name != asked or "about" not in markers_of(name):
            del reading.values[name]


def _first_word(text: str) -> str:
    return next(iter(text.lower().split()), "")


def _ends_with_yes(turn: FormTurn) -> bool:
    """Return whether the last of several clauses repeats the words of the open question."""
    _, comma, last = turn.context.user_text.rstrip(" .!").replace(".", ",").rpartition(",")
    question = turn.context.open_question
    return bool(comma and question) and answer(f"yes, {last}", question.summary if question else "") == "yes"


def _asks_fact(form: Form, text: str) -> bool:
    """Return whether words ask about a fact before the yes, not for a change: "does it arrive today?"."""
    is_fact = _first_word(text) in ("do", "does", "is", "are", "when", "why")
    return form.state.is_confirming and "?" in text and is_fact
