"""Serves the wishes of a turn: by a form, an answer, the bank's pages, or a sentence that it is not possible here."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TypeVar

from banker.agents.base import TICKET_TOOL, TurnContext
from banker.agents.knowledge.passage import Finding
from banker.agents.progress_questions import asks_for_progress
from banker.agents.scripted import pages
from banker.agents.scripted.follow_ups import (
    follow_up,
    last_result,
    listed_line,
    note_unserved,
    only_line,
    points_back,
    share_values,
    with_noun,
    with_words_before,
)
from banker.agents.scripted.forms import filling
from banker.agents.scripted.forms import runner as forms
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.questions import ask_what_is_meant
from banker.agents.scripted.forms.turn import FormTurn, say
from banker.agents.scripted.own_wishes import adds_to, complete_wish, own_wish_instead, said_twice, take_as_on
from banker.agents.scripted.pages import PERSON
from banker.agents.scripted.skills.decision import ACT_AT, Decision, NextStep, Understanding
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.slots import Reading
from banker.agents.scripted.wish_text import take_rest_as_text
from banker.agents.scripted.wishes import CLEAR_AT, FoundWishes, SkillWish, Understander, WishFinder
from banker.text.en.questions import is_question
from banker.text.en.slots.free_text import about
from banker.text.en.value_context import RETRACTION

T = TypeVar("T")

CANCEL = "cancel"
REPEAT = "repeat"
"""Skills that are about the conversation itself."""
LIKELY_OF_SAME_THING = 0.12
"""From this probability a skill is offered for words about the thing that was spoken of."""
MAX_WORDS_OF_VALUE = 2
"""So few words may be a value rather than a question to the pages: "debit"."""
LIKELY_PAGE_AT = 0.75
"""From this score two topics are offered rather than a skill that is in doubt."""
TOLD_BELOW = 0.2
"""Probability of a wish below which nothing is wanted; above, it is better to ask."""


class WishServer:
    """Finds and serves the wishes of a turn. The arguments are those of `ScriptedAgent`."""

    def __init__(
        self,
        skills: Mapping[str, Skill],
        understander: Understander,
        executor: Executor | None,
    ) -> None:
        self._skills = skills
        self._finder = WishFinder(skills, understander.understand)
        self._executor = executor

    async def find_and_serve(self, turn: FormTurn, text: str) -> AsyncIterator[str]:
        """Find the wishes of a turn and serve them; ask back or admit what is not understood."""
        found = await self._in_executor(self._finder.find, text)
        decision, step = found.decision, found.decision.step
        offered = self._skills.get(decision.skill)
        if turn.context.safety_text and not any(self._is_served_beside_safety(turn, wish) for wish in found.wishes):
            return
        finding = await turn.context.look_up(text)
        own = await own_wish_instead(turn, found, text)
        if own is not None and own.is_sure:
            said = self.serve(turn, [SkillWish(own.skill, text)])
        elif len(text.split()) <= MAX_WORDS_OF_VALUE and (form := await follow_up(turn, text)) is not None:
            turn.dialogue.push(form)
            said = forms.run(turn)
        elif (page := await pages.going_on(turn, text, found)) is not None:
            said = (
                self._no_more(turn, text)
                if page.text == turn.last_words() and finding.answer is None
                else pages.cite(turn, page)
            )
        elif pages.pages_know_better(turn, found, finding):
            only = finding.nearest[0] if len(finding.nearest) == 1 else None  # the skill makes up for what it lacks
            said = pages.cite_or_offer(turn, replace(finding, answer=finding.answer or only), found)
        elif found.wishes:
            said = self.serve(turn, found.wishes)
        elif line := listed_line(turn, text):
            said = _say_line(line)
        elif (form := await follow_up(turn, text)) is not None:
            is_redone = RETRACTION.match(text) is not None and bool(turn.just_closed().get("said"))
            turn.dialogue.push(form)
            said = _after("form_done" if is_redone else "", turn, forms.run(turn))
        elif line := only_line(turn, text):
            said = _say_line(line)
        elif (complete := await complete_wish(turn, found, text, has_page=finding.answer is not None)) is not None:
            said = self.serve(turn, [complete])
        elif found.understanding.act == "denied" and step is NextStep.NOT_WISHED and "?" not in text:
            is_for_person = offered is not None and offered.ticket  # "I don't want a bot"
            said = self.serve(turn, [SkillWish(decision.skill, text)]) if is_for_person else say(turn, "no_to_nothing")
        elif decision.skill == CANCEL and decision.step is NextStep.ASK and turn.just_closed().get("said"):
            said = self.serve(turn, [SkillWish(CANCEL, text)])
        elif (line := last_result(turn, text)) and bool(await self._in_executor(asks_for_progress, text)):
            said = _say_line(line)
        elif (joined := await self._joined(turn, found, finding, text)) is not None:
            said = joined
        elif finding.answer is None and own is not None:
            said = ask_what_is_meant(turn, Decision(NextStep.ASK, own.skill), text)
        elif finding.answer is None and decision.score >= ACT_AT and self._is_only_told(turn, found):
            said = say(turn, "nothing_asked")
        elif finding.answer is not None or (finding.offers and not self._may_ask(turn, decision, finding)):
            said = pages.cite_or_offer(turn, finding, found)
        elif step is NextStep.ASK and offered is not None and offered.answer and decision.skill != CANCEL:
            said = self.serve(turn, [SkillWish(decision.skill, text, decision.score)])
        elif self._is_only_told(turn, found):
            said = say(turn, "nothing_asked")
        elif step is not NextStep.NONE and offered is not None and offered.tool is not None:
            said = ask_what_is_meant(turn, decision, text)
        elif is_question(text) and (line := last_result(turn, text)):
            said = _say_line(line)
        elif turn.dialogue.cited and with_words_before(turn, text):
            said = self._no_more(turn, text)
        else:
            said = self._miss(turn, text)
        async for sentence in said:
            yield sentence
        if found.wishes and all(turn.skill(wish.skill).tool is None for wish in found.wishes):
            turn.dialogue.unserved = ""  # a greeting, say
        elif not turn.dialogue.stack and turn.dialogue.last.get("closed_at") != len(turn.context.turns):
            note_unserved(turn, text)

    def _is_served_beside_safety(self, turn: FormTurn, wish: SkillWish) -> bool:
        """Say whether a wish is served in a turn that is about the customer's safety."""
        tool = turn.skill(wish.skill).tool
        if wish.skill == PERSON or not turn.context.goes_on:
            return tool is not None
        return tool is None or turn.spec(tool) is not None

    async def is_clear_and_harmless(self, context: TurnContext) -> bool:
        """Say whether words ask for one thing for certain that changes nothing and is asked back about at most."""
        found = await self._in_executor(self._finder.find, context.user_text)
        if len(found.wishes) != 1 or found.wishes[0].skill in (CANCEL, PERSON) or found.decision.score < CLEAR_AT:
            return False
        tool = self._skills[found.wishes[0].skill].tool
        spec = next((spec for spec in context.tools if spec.name == tool), None)
        if tool is None or spec is None:
            return tool is None
        required = [parameter for parameter in spec.parameter_types.values() if parameter.required]
        return not spec.confirm and all(parameter.kind == "choice" for parameter in required)

    def _is_only_told(self, turn: FormTurn, found: FoundWishes) -> bool:
        """Return whether a turn certainly only reports something that the bank could do: "my card turned up again"."""
        skill = self._skills.get(found.decision.skill)
        is_told = found.understanding.act == "told" and found.understanding.p_wish < TOLD_BELOW
        return is_told and skill is not None and turn.spec(skill.tool) is not None

    async def _joined(
        self, turn: FormTurn, found: FoundWishes, finding: Finding, text: str
    ) -> AsyncIterator[str] | None:
        """Return what serves a short turn that is clear only together with the words before it: "and abroad?"."""
        together = with_words_before(turn, text)
        is_complete = finding.answer is not None and len(text.split()) > MAX_WORDS_OF_VALUE
        if is_complete or found.understanding.act == "denied":
            return None
        wishes = (await self._in_executor(self._finder.find, together)).wishes if together else ()
        asks_for_it = found.understanding.act == "wish" and points_back(text) and not is_question(text)
        for wish in wishes:
            if asks_for_it and (meant := await self._of_same_thing(turn, wish, text)) is not None:
                return meant
            if await adds_to(turn, wish, found.decision, text):
                return self.serve(turn, [replace(wish, newest=text)])
        page = await pages.page_about(turn, text) if finding.answer is None else None
        return None if page is None else pages.cite(turn, page)

    async def _of_same_thing(self, turn: FormTurn, wish: SkillWish, text: str) -> AsyncIterator[str] | None:
        """Return what serves what is asked for of the thing that was spoken of: "can you order it then?" of a card."""
        named = with_noun(text, wish.skill.rpartition("_")[2])
        understanding, decision = await self.decide(named)
        here = [(skill, score) for skill, score in understanding.ranking if turn.spec(turn.skill(skill).tool)]
        if decision.step is NextStep.ACT and here and here[0][0] == decision.skill:
            return self.serve(turn, [SkillWish(decision.skill, named, decision.score)])
        if here and here[0][1] >= LIKELY_OF_SAME_THING:
            return ask_what_is_meant(turn, Decision(NextStep.ASK, here[0][0]), named)
        return None

    def _may_ask(self, turn: FormTurn, decision: Decision, finding: Finding) -> bool:
        """Return whether "Do you mean …?" may be asked about a skill rather than about the two topics that were found.

        The skill answers by itself, or its tool is here; and it is urgent, or no topic is likely.
        """
        skill = self._skills.get(decision.skill)
        if decision.step is not NextStep.ASK or skill is None:
            return False
        if finding.nearest[0].score >= LIKELY_PAGE_AT and not skill.urgent:
            return False
        return skill.tool is None or turn.spec(skill.tool) is not None

    async def serve(self, turn: FormTurn, wishes: Sequence[SkillWish]) -> AsyncIterator[str]:
        """Open a form for each wish, the first one on top, and carry them on."""
        turn.dialogue.misses = 0
        opened: list[tuple[Form, Reading]] = []
        is_handed_over = False
        wishes = self._ticket_about(turn, wishes)
        for wish in [part for each in wishes for part in await said_twice(turn, each, self.decide)]:
            skill = turn.skill(wish.skill)
            spec = turn.spec(skill.tool)
            if wish.skill == PERSON and (person := await turn.context.hand_over("asked for")) is not None:
                is_handed_over = True
                yield turn.answer_of_person(person)
            elif spec is not None:
                form = Form(wish.skill, spec.name, said=wish.text)
                reading = await filling.read_into(turn, form, _CONDITION.sub("", wish.text), spec)
                filling.apply(turn, form, reading, spec)
                if wish.newest:
                    filling.apply(turn, form, await filling.read_into(turn, form, wish.newest, spec), spec)
                await share_values(turn, form, spec, reading, [other for other, _ in opened])
                await take_rest_as_text(turn, form, spec, wish, reading.rest, self.decide)
                take_as_on(form, spec)
                opened.append((form, reading))
                if filling.asks_for_later(spec, reading.rest, turn.now):
                    yield turn.text("form_only_now")
            elif skill.tool is not None:
                found = None if wish.skill == PERSON else await pages.page_instead(turn, wish.text)
                if found is not None:
                    turn.context.cite(found)
                yield skill.not_here if found is None else found.text
                if found is None and wish.skill != PERSON:
                    turn.dialogue.said_of(wish.text, skill.name)
                if found is None and skill.ticket and len(wishes) == 1 and _may_offer_ticket(turn):
                    note_unserved(turn, "" if wish.skill == PERSON else wish.text)
                    yield self._offer_ticket(turn, "ticket_instead", about(wish.text) or turn.dialogue.unserved)
            elif wish.skill == REPEAT:
                yield turn.last_words() or turn.text("nothing_to_repeat")
            elif wish.skill == CANCEL and turn.just_closed().get("said"):
                page = await pages.page_about(turn, wish.text)
                yield turn.text("done_already") if page is None else f"{turn.text('done_already')} {page.text}"
                if turn.spec(TICKET_TOOL) is not None:
                    yield self._offer_ticket(turn, "ticket_instead", wish.text)
            elif wish.skill == CANCEL:
                yield turn.text("nothing_to_cancel")
            elif skill.voice is not None and not turn.context.adjust_voice(skill.voice):
                yield turn.text("voice_at_limit")
            else:
                yield skill.answer or skill.not_here
                if skill.ticket and turn.spec(TICKET_TOOL) is not None:
                    yield self._offer_ticket(turn, "ticket_instead", turn.dialogue.unserved)
        for form, reading in reversed(opened):
            turn.dialogue.push(form, beside=[other for other, _ in opened])
            for name, values in reading.every.items():
                turn.dialogue.repeat_below(form, name, values[1:])
        if opened:
            turn.dialogue.unserved, turn.dialogue.cited = "", []
            async for sentence in forms.run(turn):
                yield sentence
        elif not is_handed_over and not any(
            wish.skill == REPEAT for wish in wishes
        ):  # that has the open question in it
            async for sentence in pages.return_to_form(turn):
                yield sentence

    def _ticket_about(self, turn: FormTurn, wishes: Sequence[SkillWish]) -> Sequence[SkillWish]:
        """Return the wish for a ticket alone, where the other one is what it is about and can't be served here."""
        ticket = next((wish for wish in wishes if turn.skill(wish.skill).tool == TICKET_TOOL), None)
        other = next((wish for wish in wishes if turn.spec(turn.skill(wish.skill).tool) is None), None)
        if len(wishes) != 2 or ticket is None or other is None or turn.spec(TICKET_TOOL) is None:
            return wishes
        return [replace(ticket, text=f"{ticket.text}: {other.text}")]

    async def _miss(self, turn: FormTurn, text: str) -> AsyncIterator[str]:
        """Admit that nothing was understood; the second time in a row, offer a person."""
        turn.dialogue.misses += 1
        turn.context.not_understood()
        if turn.dialogue.misses < 2:
            yield turn.text("not_understood")
        elif turn.context.has_person and turn.dialogue.misses == 2:
            note_unserved(turn, text)
            turn.dialogue.offer = {"kind": "person"}
            turn.context.person_offered()
            yield turn.text("handover_offer")
        elif turn.spec(TICKET_TOOL) is not None and turn.dialogue.misses == 2:
            note_unserved(turn, text)
            yield self._offer_ticket(turn, "offer_ticket", turn.dialogue.unserved)
        else:
            turn.context.person_offered()
            yield turn.text("give_up")

    async def _no_more(self, turn: FormTurn, text: str) -> AsyncIterator[str]:
        """Admit that the pages say no more, and offer a person."""
        turn.context.not_understood()
        yield turn.text("no_more_here")
        if turn.spec(TICKET_TOOL) is not None:
            note_unserved(turn, text)
            yield self._offer_ticket(turn, "ticket_instead", turn.dialogue.unserved)

    def _offer_ticket(self, turn: FormTurn, name: str, subject: str) -> str:
        turn.dialogue.offer_ticket(subject)
        turn.context.person_offered()
        return turn.text(name)

    async def decide(self, text: str) -> tuple[Understanding, Decision]:
        """Understand a text as one wish, and decide the next step."""
        return await self._in_executor(self._finder.decide, text)

    async def _in_executor(self, find: Callable[[str], T], text: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, find, text)


_CONDITION = re.compile(r"^(?:please\s+)?if\s[^,]*,\s*(?:then\s+)?(?=\S)", re.IGNORECASE)
"""What has to hold first: the customer is asked to confirm what follows from it."""


def _may_offer_ticket(turn: FormTurn) -> bool:
    """Return whether there are tickets, and the customer is not being asked about one."""
    question = turn.context.open_question
    return turn.spec(TICKET_TOOL) is not None and (question is None or question.tool != TICKET_TOOL)


async def _after(name: str, turn: FormTurn, said: AsyncIterator[str]) -> AsyncIterator[str]:
    """Yield the tenant's sentence `name`, if any, and what follows."""
    if name:
        yield turn.text(name)
    async for sentence in said:
        yield sentence


async def _say_line(line: str) -> AsyncIterator[str]:
    yield line
