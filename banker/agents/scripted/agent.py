"""The agent that needs no model server: it finds out what the customer wants and fills the tool's form with them."""

from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.knowledge.passage import Passage
from banker.agents.scripted import form_runner as forms
from banker.agents.scripted.dialogue import Form
from banker.agents.scripted.form_states import FormEvent, FormState
from banker.agents.scripted.form_turn import FormTurn, say
from banker.agents.scripted.offers import MIN_REST_WORDS, answer_to_offer
from banker.agents.scripted.skills.decision import ACT_AT, DIGRESS_AT, Decision, NextStep
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.wish_server import CANCEL, WishServer
from banker.agents.scripted.wishes import Understander, leading
from banker.text.en.assent import answer
from banker.tools.base import ToolResult, ToolSpec

LEAVE_TEXT_AT = 0.9
"""From this probability an urgent wish ("freeze my card") is not the answer to the question for a free text."""
MAX_INSISTING_WORDS = 4
"""Words that only repeat the wish, where a free text was asked for: "ok, dispute it then"."""
_QUESTION_WORDS = frozenset("what when where which who why how can could do does is are will would".split())


class ScriptedAgent:
    """An `Agent` without a model server.

    `understander` finds the skill of an utterance, in `executor` (None: the loop's own). `now` returns the bank's local
    time. Nothing is kept here between turns: one agent serves every conversation.
    """

    def __init__(
        self,
        skills: Mapping[str, Skill],
        understander: Understander,
        *,
        executor: Executor | None = None,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._skills = skills
        self._wishes = WishServer(skills, understander, executor)
        self._now = now

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        """Answer `context.user_text`, one sentence a piece."""
        turn = FormTurn(context, self._skills, self._now())
        async for piece in self._spaced(turn, self._answer(turn)):
            yield piece

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        """Tell how a tool call ended that had waited for the customer's confirmation."""
        turn = FormTurn(context, self._skills, self._now())
        async for piece in self._spaced(turn, self._report(turn, tool, arguments, outcome)):
            yield piece

    async def _spaced(self, turn: FormTurn, said: AsyncIterator[str]) -> AsyncIterator[str]:
        """Yield sentences with spaces between them, and never nothing, unless the safety text is enough.

        The state is stored before each sentence.
        """
        async for sentence in said:
            if sentence:
                piece = f" {sentence}" if turn.has_spoken else sentence
                turn.has_spoken = True
                turn.keep()
                yield piece
        if not (turn.has_spoken or turn.asked_confirmation or turn.context.safety_text):
            turn.context.not_understood()
            yield turn.text("not_understood")
        turn.keep()

    async def _report(
        self, turn: FormTurn, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        form = next((form for form in reversed(turn.dialogue.stack) if form.tool == tool), None)
        spec = turn.spec(tool)
        if outcome.status == "asked":
            turn.asked_confirmation = True
            return
        if form is None or spec is None:
            form = Form("", tool)
        form.values = dict(arguments)
        if spec is None:
            yield turn.text("tool_ok") if outcome.status == "ok" else turn.trouble(outcome)
            return
        if outcome.status == "step_up":
            turn.asked_confirmation = True
            turn.close(form, undone=True)
            return
        for name, parameter in spec.parameter_types.items():
            if parameter.kind == "choice" and name in arguments:
                await turn.choices(tool, name)
        for sentence in forms.finish(turn, form, spec, outcome):
            yield sentence
        if turn.dialogue.top is not None and turn.dialogue.top.state is FormState.SUSPENDED:
            async for sentence in forms.resume(turn):
                yield sentence

    async def _answer(self, turn: FormTurn) -> AsyncIterator[str]:
        offer, turn.dialogue.offer = turn.dialogue.offer, {}
        text = turn.context.user_text
        plain = answer(text)
        form = turn.dialogue.top
        said = await answer_to_offer(turn, self._wishes, offer) if offer else None
        if said is not None:
            pass
        elif form is not None and form.state is not FormState.SUSPENDED:
            said = self._in_form(turn, form, plain)
        elif plain == "yes" and form is not None:
            said = forms.run(turn)
        elif plain is not None:
            if form is not None:
                turn.dialogue.close(form)
            if plain == "no":
                await turn.context.drop_question()
            turn.dialogue.unserved = ""
            rest = leading(text)[1] if plain == "yes" else ""
            if rest and answer(rest) is None:  # "yes, open a ticket"
                said = self._wishes.find_and_serve(turn, rest)
            else:
                said = say(turn, "yes_to_nothing" if plain == "yes" else "no_to_nothing")
        else:
            if form is None and answer(leading(text)[0]) == "no":
                await turn.context.drop_question()
            said = self._wishes.find_and_serve(turn, text)
        async for sentence in said:
            yield sentence

    async def _in_form(self, turn: FormTurn, form: Form, plain: str | None) -> AsyncIterator[str]:
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
            said = forms.unclear(turn, form, spec)
        else:
            said = self._words_in_form(turn, form, spec)
        async for sentence in said:
            yield sentence

    async def _words_in_form(self, turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
        text = turn.context.user_text
        asked = "" if form.state.is_confirming else form.slot
        first, rest = leading(text)
        lead = answer(first) if rest else None
        is_question = _is_question(text)
        understanding, decision = await self._wishes.decide(text)
        reading = await forms.read_into(turn, form, rest if lead == "no" else text, spec, asked=asked)
        changes = {name: value for name, value in reading.values.items() if form.values.get(name) != value}
        is_named = bool(reading.unknown) and form.state is not FormState.STUCK  # an unknown name is asked about once
        has_value = bool(changes or reading.candidates or reading.every or is_named)
        other = self._other_wish(form, spec, decision, has_value, reading.rest, is_question)
        if lead == "yes" and other and self._skills[decision.skill].tool is None:
            other = False  # "yes, that's lovely dear" is about the question, though not plain enough to act on
        other = other and decision.score * understanding.p_wish >= ACT_AT  # "I moved in March" may only tell more
        is_cancel = decision.skill == CANCEL and decision.step is NextStep.ACT
        is_denied = decision.skill == form.skill and understanding.act == "denied" and not _asks_text(form, spec)
        insists = decision.skill == form.skill and decision.step is NextStep.ACT
        if form.state.is_confirming and _ends_with_yes(turn):
            said = forms.unclear(turn, form, spec)  # "no, it's not there, freeze it" is neither yes nor no
        elif (is_cancel or is_denied) and (not changes or _asks_text(form, spec)):
            said = self._cancel(turn, form, "")
        elif insists and _asks_text(form, spec) and len(text.split()) <= MAX_INSISTING_WORDS:
            said = forms.repeat_question(turn, form, spec)  # "dispute it" is not what is wrong with it
        elif other and lead == "no":
            said = self._cancel(turn, form, rest)
        elif other:
            said = self._wishes.find_and_serve(turn, text)
        elif lead == "no" and not has_value and form.state.is_confirming and not _may_correct_text(form, spec, rest):
            said = self._cancel(turn, form, rest)
        elif _asks_fact(form, text) and (page := await self._page(turn, form, text)) is not None:
            said = self._wishes.cite(turn, page)  # "does it arrive today?" changes nothing
        elif has_value:
            forms.apply(turn, form, reading, spec)
            said = forms.run(turn)
        elif is_question and (page := await self._page(turn, form, text)) is not None:
            said = self._wishes.cite(turn, page)
        elif _asks_choice(form, spec) and (is_question or forms.take_early_text(form, spec, text) or insists):
            said = forms.repeat_question(turn, form, spec)
        else:
            said = forms.unclear(turn, form, spec)
        async for sentence in said:
            yield sentence

    async def _page(self, turn: FormTurn, form: Form, text: str) -> Passage | None:
        """Return the passage that answers a question, which may be about the form: "does that cost anything?"."""
        about = f"{turn.skill(form.skill, form.tool).title}: {text}"
        return (await turn.context.look_up(text)).answer or (await turn.context.look_up(about)).answer

    def _other_wish(
        self, form: Form, spec: ToolSpec, decision: Decision, has_value: bool, rest: str, is_question: bool
    ) -> bool:
        """Say whether the words are another wish rather than an answer to the form's question."""
        if decision.step is not NextStep.ACT or decision.skill in (form.skill, CANCEL):
            return False
        if decision.skill not in self._skills or self._skills[decision.skill].tool == form.tool:
            return False
        if _asks_text(form, spec):  # almost any words answer this
            is_urgent = decision.score >= LEAVE_TEXT_AT and self._skills[decision.skill].urgent
            return is_urgent or (decision.score >= DIGRESS_AT and is_question)
        if has_value:
            return decision.score >= DIGRESS_AT and (len(rest.split()) >= MIN_REST_WORDS or is_question)
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
    """Say whether a choice is asked for, for the first time."""
    is_first = form.state is FormState.ASKING and form.slot in spec.parameter_types
    return is_first and spec.parameter_types[form.slot].kind == "choice"


def _asks_text(form: Form, spec: ToolSpec) -> bool:
    is_open = not form.state.is_confirming and form.slot in spec.parameter_types
    return is_open and spec.parameter_types[form.slot].kind == "text"


def _may_correct_text(form: Form, spec: ToolSpec, rest: str) -> bool:
    """Say whether a few words after a no may be the right value of one of several texts: "no, Springfield"."""
    texts = [name for name, each in spec.parameter_types.items() if each.kind == "text" and name in form.values]
    return len(texts) > 1 and 0 < len(rest.split()) <= MIN_REST_WORDS


def _is_question(text: str) -> bool:
    return "?" in text or _first_word(text) in _QUESTION_WORDS


def _first_word(text: str) -> str:
    return next(iter(text.lower().split()), "")


def _ends_with_yes(turn: FormTurn) -> bool:
    """Say whether the last of several clauses repeats the words of the open question."""
    _, comma, last = turn.context.user_text.rstrip(" .!").replace(".", ",").rpartition(",")
    question = turn.context.open_question
    return bool(comma and question) and answer(f"yes, {last}", question.summary if question else "") == "yes"


def _asks_fact(form: Form, text: str) -> bool:
    """Say whether words ask how something is before a yes, not for a change: "does it arrive today?"."""
    is_fact = _first_word(text) in ("do", "does", "is", "are", "when", "why")
    return form.state.is_confirming and "?" in text and is_fact
