"""The agent that needs no model server: it finds out what the customer wants and fills the tool's form with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.forms import form_runner as forms
from banker.agents.forms.dialogue import Form
from banker.agents.forms.form_states import FormEvent, FormState
from banker.agents.forms.form_turn import FormTurn
from banker.agents.forms.protocols import Knowledge, SkillTexts, Understander, Understanding
from banker.agents.forms.wishes import (
    MIN_SCORE_TO_DIGRESS,
    SkillWish,
    candidates,
    judge,
    leading,
    urgent_first,
)
from banker.text.en.assent import answer
from banker.tools.base import ToolResult, ToolSpec

CANCEL = "cancel"
REPEAT = "repeat"
"""Skills that are about the conversation itself."""
MAX_FOLLOW_UP_WORDS = 8
""" "And my savings?" is short; a longer sentence that is not understood is a new wish."""
MIN_REST_WORDS = 3
"""Words beside the value, from which on an answer may be another wish: "from my savings" has two."""
_QUESTION_WORDS = frozenset("what when where which who why how can could do does is are will would".split())


class FormAgent:
    """An `Agent` without a model server.

    `understander` finds the skill of an utterance, in `executor` (None: the loop's own). `now` returns the bank's local
    time. Nothing is kept here between turns: one agent serves every conversation.
    """

    def __init__(
        self,
        skills: Mapping[str, SkillTexts],
        understander: Understander,
        *,
        knowledge: Knowledge | None = None,
        executor: Executor | None = None,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._skills = skills
        self._understander = understander
        self._knowledge = knowledge
        self._executor = executor
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
        """Yield sentences with spaces between them, and never nothing. The state is stored before each of them."""
        is_first = True
        async for sentence in said:
            if sentence:
                turn.keep()
                yield sentence if is_first else f" {sentence}"
                is_first = False
        if is_first and not turn.asked_confirmation:
            yield turn.text("not_understood")
        turn.keep()

    async def _report(
        self, turn: FormTurn, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        form = next((form for form in reversed(turn.dialogue.stack) if form.tool == tool), None)
        spec = turn.spec(tool)
        if outcome.status == "asked":
            return
        if form is None or spec is None:
            form = Form("", tool)
        form.values = dict(arguments)
        if spec is None:
            yield turn.text("tool_ok") if outcome.status == "ok" else turn.trouble(outcome)
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
        plain = answer(turn.context.user_text)
        form = turn.dialogue.top
        if offer and plain is not None:
            said = self._after_offer(turn, offer, plain == "yes")
        elif form is not None and form.state is not FormState.SUSPENDED:
            said = self._in_form(turn, form, plain)
        elif plain == "yes" and form is not None:
            said = forms.run(turn)
        elif plain is not None:
            if form is not None:
                turn.dialogue.close(form)
            said = _say(turn, "yes_to_nothing" if plain == "yes" else "no_to_nothing")
        else:
            said = self._wishes(turn, turn.context.user_text)
        async for sentence in said:
            yield sentence

    async def _after_offer(self, turn: FormTurn, offer: Mapping[str, str], yes: bool) -> AsyncIterator[str]:
        """Act on the answer to "Do you mean …?" or to the offer of a ticket."""
        form = turn.dialogue.top
        turn.dialogue.misses = 0
        if offer.get("kind") == "ticket":
            title = turn.skill(offer["skill"]).title if offer.get("skill") else ""
            if form is not None and form.state is FormState.STUCK:
                form.on(FormEvent.CANCELLED)
                turn.dialogue.close(form)
            if not yes:
                yield turn.text("cancelled")
                return
            ticket = Form(forms.TICKET_TOOL, forms.TICKET_TOOL, said=title)
            if title:
                ticket.values["subject"] = title[:1].upper() + title[1:]
            turn.dialogue.push(ticket)
            async for sentence in forms.run(turn):
                yield sentence
        elif yes:
            async for sentence in self._serve(turn, [SkillWish(offer.get("skill", ""), offer.get("text", ""))]):
                yield sentence
        else:
            yield turn.text("no_to_nothing")

    async def _in_form(self, turn: FormTurn, form: Form, plain: str | None) -> AsyncIterator[str]:
        """The customer answers the open question, corrects a value, cancels, or wants something else first."""
        spec = turn.spec(form.tool)
        if spec is None:
            turn.dialogue.close(form)
            said = self._wishes(turn, turn.context.user_text)
        elif plain == "no" and not _asks_boolean(form, spec):
            said = self._cancel(turn, form, "")
        elif plain == "yes" and form.state in _CONFIRMING:
            said = forms.run(turn)
        else:
            said = self._words_in_form(turn, form, spec)
        async for sentence in said:
            yield sentence

    async def _words_in_form(self, turn: FormTurn, form: Form, spec: ToolSpec) -> AsyncIterator[str]:
        text = turn.context.user_text
        asked = "" if form.state in _CONFIRMING else form.slot
        first, rest = leading(text)
        lead = answer(first) if rest else None
        understanding = await self._understand(text)
        reading = await forms.read_into(turn, form, rest if lead == "no" else text, spec, asked=asked)
        changes = {name: value for name, value in reading.values.items() if form.values.get(name) != value}
        has_value = bool(changes or reading.candidates)
        other = self._other_wish(form, spec, understanding, has_value, reading.rest, text)
        verdict, best, _ = judge(understanding)
        is_cancel = best == CANCEL and verdict == "act"
        is_denied = best == form.skill and understanding.act == "denied"
        if (is_cancel or is_denied) and not changes:
            said = self._cancel(turn, form, "")
        elif other and lead == "no":
            said = self._cancel(turn, form, rest)
        elif other:
            said = self._wishes(turn, text)
        elif lead == "no" and not has_value and form.state in _CONFIRMING:
            said = self._cancel(turn, form, rest)
        elif has_value:
            forms.apply(turn, form, reading, spec)
            said = forms.run(turn)
        elif lead == "yes" and form.state in _CONFIRMING:
            said = forms.run(turn)
        else:
            said = forms.unclear(turn, form, spec)
        async for sentence in said:
            yield sentence

    def _other_wish(
        self, form: Form, spec: ToolSpec, understanding: Understanding, has_value: bool, rest: str, text: str
    ) -> bool:
        """Say whether the words are another wish rather than an answer to the form's question."""
        verdict, best, score = judge(understanding)
        if verdict != "act" or best in (form.skill, CANCEL) or best not in self._skills:
            return False
        if self._skills[best].tool == form.tool:
            return False
        is_question = "?" in text or text.split()[0].lower() in _QUESTION_WORDS
        if form.state not in _CONFIRMING and form.slot in spec.parameter_types and _takes_text(form, spec):
            return score >= MIN_SCORE_TO_DIGRESS and is_question
        if has_value:
            return score >= MIN_SCORE_TO_DIGRESS and (len(rest.split()) >= MIN_REST_WORDS or is_question)
        return True

    async def _cancel(self, turn: FormTurn, form: Form, rest: str) -> AsyncIterator[str]:
        form.on(FormEvent.CANCELLED)
        turn.dialogue.close(form)
        await turn.drop(form.tool)
        yield turn.text("form_cancelled", title=turn.skill(form.skill, form.tool).title)
        if rest:
            understanding = await self._understand(rest)
            if judge(understanding)[0] == "act":
                async for sentence in self._wishes(turn, rest):
                    yield sentence
                return
        async for sentence in forms.resume(turn):
            yield sentence

    async def _wishes(self, turn: FormTurn, text: str) -> AsyncIterator[str]:
        """Find the wishes of a turn and serve them; ask back or admit what is not understood."""
        whole = await self._understand(text)
        verdict, best, score = judge(whole)
        several = await self._several(turn, text)
        if several:
            said = self._serve(turn, several)
        elif verdict == "act" and best in self._skills:
            said = self._serve(turn, [SkillWish(best, text, score)])
        elif (follow_up := await self._follow_up(turn, text)) is not None:
            turn.dialogue.push(follow_up)
            said = forms.run(turn)
        elif passage := self._passage(text):
            said = self._pass_on(turn, passage)
        elif whole.act == "denied" and verdict == "no_wish":
            said = _say(turn, "no_to_nothing")
        elif verdict in ("ask", "no_wish") and best in self._skills and best not in (CANCEL, REPEAT):
            turn.dialogue.offer = {"kind": "mean", "skill": best, "text": text}
            said = _words(turn.text("mean_skill", title=self._skills[best].title))
        else:
            said = self._miss(turn)
        async for sentence in said:
            yield sentence

    async def _several(self, turn: FormTurn, text: str) -> list[SkillWish]:
        """Return two or three wishes if the turn splits into parts that each clearly ask for something else."""
        best: tuple[float, list[SkillWish]] = (0.0, [])
        for parts in candidates(text):
            wishes = []
            for part in parts:
                verdict, skill, score = judge(await self._understand(part))
                if verdict == "act" and skill in self._skills and self._skills[skill].tool is not None:
                    wishes.append(SkillWish(skill, part, score))
            tools = {self._skills[wish.skill].tool for wish in wishes}
            if len(wishes) == len(parts) == len(tools):
                total = min(wish.score for wish in wishes) + 0.05 * len(wishes)
                best = max(best, (total, wishes), key=lambda pair: pair[0])
        return urgent_first(best[1], self._skills)

    async def _serve(self, turn: FormTurn, wishes: list[SkillWish]) -> AsyncIterator[str]:
        """Open a form for each wish, the first one on top, and carry them on."""
        turn.dialogue.misses = 0
        opened = []
        for wish in wishes:
            skill = turn.skill(wish.skill)
            spec = turn.spec(skill.tool)
            if spec is not None:
                form = Form(wish.skill, spec.name, said=wish.text)
                forms.apply(turn, form, await forms.read_into(turn, form, wish.text, spec), spec)
                opened.append(form)
            elif skill.tool is not None:
                yield skill.not_here
            elif wish.skill == REPEAT:
                yield turn.last_words() or turn.text("nothing_to_repeat")
            elif wish.skill == CANCEL:
                yield turn.text("nothing_to_cancel")
            else:
                yield skill.answer or self._passage(wish.text) or skill.not_here
        for form in reversed(opened):
            turn.dialogue.push(form)
        if opened:
            async for sentence in forms.run(turn):
                yield sentence
        else:
            async for sentence in self._suspended_below(turn):
                yield sentence

    async def _suspended_below(self, turn: FormTurn) -> AsyncIterator[str]:
        """After a question that needed no form, return to the form that was open."""
        form = turn.dialogue.top
        spec = turn.spec(form.tool) if form is not None else None
        if form is None or spec is None or form.state is FormState.STUCK:
            return
        form.on(FormEvent.DIGRESSED)
        async for sentence in forms.resume(turn):
            yield sentence

    async def _follow_up(self, turn: FormTurn, text: str) -> Form | None:
        """Return the last form with another value for "and my savings?", if its tool changes nothing."""
        last = turn.dialogue.last
        spec = turn.spec(turn.skill(last["skill"]).tool) if last.get("skill") else None
        if spec is None or spec.confirm or len(text.split()) > MAX_FOLLOW_UP_WORDS:
            return None
        form = Form(last["skill"], spec.name, values=dict(last.get("values") or {}), said=text)
        reading = await forms.read_into(turn, form, text, spec)
        return form if forms.apply(turn, form, reading, spec) else None

    async def _pass_on(self, turn: FormTurn, passage: str) -> AsyncIterator[str]:
        turn.dialogue.misses = 0
        yield passage
        async for sentence in self._suspended_below(turn):
            yield sentence

    async def _miss(self, turn: FormTurn) -> AsyncIterator[str]:
        """Admit that nothing was understood; the second time in a row, offer a person."""
        turn.dialogue.misses += 1
        if turn.dialogue.misses < 2:
            yield turn.text("not_understood")
        elif turn.spec(forms.TICKET_TOOL) is not None and turn.dialogue.misses == 2:
            turn.dialogue.offer = {"kind": "ticket"}
            yield turn.text("offer_ticket")
        else:
            yield turn.text("give_up")

    def _passage(self, text: str) -> str:
        passage = self._knowledge.find(text) if self._knowledge is not None else None
        if passage is None:
            return ""
        return f"{passage.text} {passage.url}" if passage.url else passage.text

    async def _understand(self, text: str) -> Understanding:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._understander.understand, text)


_CONFIRMING = (FormState.CONFIRMING, FormState.CONFIRMING_AGAIN)


def _asks_boolean(form: Form, spec: ToolSpec) -> bool:
    is_open = form.state not in _CONFIRMING and form.slot in spec.parameter_types
    return is_open and spec.parameter_types[form.slot].kind == "boolean"


def _takes_text(form: Form, spec: ToolSpec) -> bool:
    return spec.parameter_types[form.slot].kind == "text"


async def _say(turn: FormTurn, name: str) -> AsyncIterator[str]:
    yield turn.text(name)


async def _words(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text
