"""The agent that needs no model server: it finds out what the customer wants, and fills in the form of a tool."""

from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.scripted.form_words import FormWords
from banker.agents.scripted.forms import runner as forms
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.states import FormEvent, FormState
from banker.agents.scripted.forms.turn import FormTurn, say
from banker.agents.scripted.offer_answers import answer_to_offer
from banker.agents.scripted.skills.decision import NextStep
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.wish_server import WishServer
from banker.agents.scripted.wishes import Understander, leading
from banker.text.en.assent import answer, redoes
from banker.tools.base import ToolResult


class ScriptedAgent:
    """An `Agent` without a model server.

    `understander` finds the skill of an utterance, in `executor` (None: the loop's own). `now` returns the bank's local
    time. It keeps no state between turns, so one agent serves every conversation.
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
        self._form_words = FormWords(skills, self._wishes)
        self._now = now

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        """Answer `context.user_text`, yielding whole sentences."""
        turn = FormTurn(context, self._skills, self._now())
        async for piece in self._spaced(turn, self._answer(turn)):
            yield piece

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        """Report the result of a tool call that had waited for the customer's confirmation."""
        turn = FormTurn(context, self._skills, self._now())
        async for piece in self._spaced(turn, self._report(turn, tool, arguments, outcome)):
            yield piece

    async def anticipate(self, context: TurnContext) -> bool:
        """Understand the words beforehand: what the encoders find is remembered for a while."""
        is_free = FormTurn(context, self._skills, self._now()).dialogue.top is None and context.open_question is None
        return await self._wishes.is_clear_and_harmless(context) and is_free

    async def resume(self, context: TurnContext) -> AsyncIterator[str]:
        """Ask the question of the open form again, however often it was asked before."""
        turn = FormTurn(context, self._skills, self._now())
        form = turn.dialogue.top
        if form is None:
            return
        form.on(FormEvent.DIGRESSED)
        form.asked, form.repeated = {}, 0
        async for sentence in forms.resume(turn):
            turn.keep()
            yield f" {sentence}"
        turn.keep()

    async def _spaced(self, turn: FormTurn, said: AsyncIterator[str]) -> AsyncIterator[str]:
        """Yield sentences with spaces between them, at least one unless the safety text is enough.

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
        form = turn.dialogue.top or _form_of_question(turn)
        said = await answer_to_offer(turn, self._wishes, offer) if offer else None
        if said is not None:
            pass
        elif form is not None and form.state is not FormState.SUSPENDED:
            said = self._form_words.answer(turn, form, plain)
        elif plain == "yes" and form is not None:
            said = forms.run(turn)
        elif form is None and turn.just_closed().get("undone") and redoes(text):
            last = turn.dialogue.last
            tool = turn.skill(last["skill"]).tool or ""
            turn.dialogue.push(Form(last["skill"], tool, values=dict(last["values"]), said=str(last.get("words", ""))))
            said = forms.run(turn)
        elif plain is not None:
            if form is not None:
                turn.dialogue.close(form)
            if plain == "no":
                await turn.context.drop_question()
            rest = leading(text)[1] if plain == "yes" else ""
            if rest and (await self._wishes.decide(rest))[1].step is NextStep.ACT:  # "yes, open a ticket"
                said = self._wishes.find_and_serve(turn, rest)
            else:
                turn.dialogue.unserved = ""
                said = say(turn, "yes_to_nothing" if plain == "yes" else "no_to_nothing")
        else:
            if form is None and answer(leading(text)[0]) == "no":
                await turn.context.drop_question()
            said = self._wishes.find_and_serve(turn, text)
        async for sentence in said:
            yield sentence


def _form_of_question(turn: FormTurn) -> Form | None:
    """Open a form for the call that the customer is asked to confirm, if it was proposed without one."""
    question = turn.context.open_question
    if question is None or turn.spec(question.tool) is None:
        return None
    form = Form(question.tool, question.tool, values=dict(question.arguments), repeated=question.repeated)
    turn.dialogue.push(form)
    form.state = FormState.CONFIRMING
    return form
