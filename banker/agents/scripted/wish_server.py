"""Serves the wishes of a turn: by a form, by an answer, by the bank's pages, or by saying what is not possible here."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TypeVar

from banker.agents.base import TICKET_TOOL
from banker.agents.knowledge.knowledge_base import WITH_MEANING
from banker.agents.knowledge.passage import Finding, Passage
from banker.agents.scripted import form_runner as forms
from banker.agents.scripted.dialogue import Form
from banker.agents.scripted.follow_ups import (
    about_last_wish,
    follow_up,
    last_result,
    listed_line,
    note_unserved,
    only_line,
    page_about,
    share_values,
    with_words_before,
)
from banker.agents.scripted.form_states import FormEvent, FormState
from banker.agents.scripted.form_turn import FormTurn, say
from banker.agents.scripted.own_wishes import adds_to, complete_wish, own_wish_instead, said_twice, take_as_on
from banker.agents.scripted.questions import ask_what_is_meant, ask_which_page
from banker.agents.scripted.skills.decision import ACT_AT, Decision, NextStep, Understanding
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.slots import Reading
from banker.agents.scripted.wishes import FoundWishes, SkillWish, Understander, WishFinder
from banker.text.en.slots.free_text import MAX_TEXT_CHARACTERS, about
from banker.tools.base import ToolSpec

T = TypeVar("T")

CANCEL = "cancel"
REPEAT = "repeat"
PERSON = "talk_to_human"
"""Skills that are about the conversation itself."""
OFFER_INSTEAD_AT = 0.6
"""From this score a page is offered, or said if no other fits, rather than to say only that the tool isn't here."""
MAX_WORDS_OF_VALUE = 2
"""So few words may be a value rather than a question to the pages: "debit"."""
MAX_CITED = 3
"""Answers from the pages that are not said again to words that only go on."""
TOLD_BELOW = 0.2
"""Probability of a wish below which nothing is wanted; above, it is better to ask."""
PAGE_LEAD, PAGE_LEAD_IF_URGENT = 0.1, 0.2
"""A page that scores so much more than the skill's probability answers, although the skill could be acted on."""


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
        if turn.context.safety_text and not any(turn.skill(wish.skill).tool for wish in found.wishes):
            note_unserved(turn, text)
            return
        finding = await turn.context.look_up(text)
        own = await own_wish_instead(turn, found, text)
        if own is not None and own.is_sure:
            said = self.serve(turn, [SkillWish(own.skill, text)])
        elif len(text.split()) <= MAX_WORDS_OF_VALUE and (form := await follow_up(turn, text)) is not None:
            turn.dialogue.push(form)
            said = forms.run(turn)
        elif self._pages_know_better(turn, found, finding):
            only = finding.nearest[0] if len(finding.nearest) == 1 else None  # the skill makes up for what it lacks
            said = self._cite_or_offer(turn, replace(finding, answer=finding.answer or only))
        elif found.wishes:
            said = self.serve(turn, found.wishes)
        elif line := listed_line(turn, text):
            said = _say_line(line)
        elif (form := await follow_up(turn, text)) is not None:
            turn.dialogue.push(form)
            said = forms.run(turn)
        elif line := only_line(turn, text):
            said = _say_line(line)
        elif (complete := await complete_wish(turn, found, text, has_page=finding.answer is not None)) is not None:
            said = self.serve(turn, [complete])
        elif found.understanding.act == "denied" and step is NextStep.NOT_WISHED and "?" not in text:
            is_for_person = offered is not None and offered.ticket  # "I don't want a bot"
            said = self.serve(turn, [SkillWish(decision.skill, text)]) if is_for_person else say(turn, "no_to_nothing")
        elif (joined := await self._joined(turn, found, finding, text)) is not None:
            said = joined
        elif finding.answer is None and own is not None:
            said = ask_what_is_meant(turn, Decision(NextStep.ASK, own.skill), text)
        elif finding.answer is None and decision.score >= ACT_AT and self._is_only_told(turn, found):
            said = say(turn, "nothing_asked")
        elif finding.answer is not None or (finding.offers and not self._may_ask(turn, decision)):
            said = self._cite_or_offer(turn, finding)
        elif step is NextStep.ASK and offered is not None and offered.answer:
            said = self.serve(turn, [SkillWish(decision.skill, text, decision.score)])
        elif self._is_only_told(turn, found):
            said = say(turn, "nothing_asked")
        elif step is not NextStep.NONE and offered is not None and offered.tool is not None:
            said = ask_what_is_meant(turn, decision, text)
        elif line := last_result(turn, text):
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

    def _is_only_told(self, turn: FormTurn, found: FoundWishes) -> bool:
        """Say whether a turn certainly only reports something that the bank could do: "my card turned up again"."""
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
        if not together:
            about_last = about_last_wish(turn, text)
            last = (await turn.context.look_up(about_last)).answer if about_last else None
            return None if last is None or finding.answer is not None else self.cite(turn, last)
        wishes = (await self._in_executor(self._finder.find, together)).wishes
        for wish in wishes:
            if await adds_to(turn, wish, found.decision, text):
                return self.serve(turn, [replace(wish, newest=text)])
        answer = (await turn.context.look_up(together)).answer
        if answer is None or answer.topic in turn.dialogue.cited:
            return None
        return self.cite(turn, answer)

    def _pages_know_better(self, turn: FormTurn, found: FoundWishes, finding: Finding) -> bool:
        """Say whether the pages serve a turn better than the skills of its wishes.

        They do if the tool of the only wish isn't here or only a part of the turn asks for it, and a page fits; and if
        a skill is clearly less certain than the page.
        """
        skills = [turn.skill(wish.skill) for wish in found.wishes if wish.skill != PERSON]
        if not skills or turn.context.safety_text or not finding.nearest or any(skill.tool is None for skill in skills):
            return False
        best = finding.nearest[0].score
        is_here = any(turn.spec(skill.tool) for skill in skills)
        if len(skills) == 1 and not (is_here and found.decision.step is NextStep.ACT):
            return best >= (WITH_MEANING.answer if is_here else OFFER_INSTEAD_AT)
        lead = PAGE_LEAD_IF_URGENT if any(skill.urgent for skill in skills) else PAGE_LEAD
        return finding.answer is not None and best - min(wish.score for wish in found.wishes) >= lead

    def _may_ask(self, turn: FormTurn, decision: Decision) -> bool:
        """Say whether "Do you mean …?" may be asked about a skill: it answers by itself, or its tool is here."""
        skill = self._skills.get(decision.skill)
        if decision.step is not NextStep.ASK or skill is None:
            return False
        return skill.tool is None or turn.spec(skill.tool) is not None

    async def serve(self, turn: FormTurn, wishes: Sequence[SkillWish]) -> AsyncIterator[str]:
        """Open a form for each wish, the first one on top, and carry them on."""
        turn.dialogue.misses = 0
        opened: list[tuple[Form, Reading]] = []
        for wish in [part for each in wishes for part in await said_twice(turn, each)]:
            skill = turn.skill(wish.skill)
            spec = turn.spec(skill.tool)
            if spec is not None:
                form = Form(wish.skill, spec.name, said=wish.text)
                reading = await forms.read_into(turn, form, wish.text, spec)
                forms.apply(turn, form, reading, spec)
                if wish.newest:
                    forms.apply(turn, form, await forms.read_into(turn, form, wish.newest, spec), spec)
                await self._take_rest_as_text(form, spec, wish, reading.rest)
                await share_values(turn, form, spec, reading, [other for other, _ in opened])
                take_as_on(form, spec)
                opened.append((form, reading))
            elif skill.tool is not None:
                found = None if wish.skill == PERSON else await page_about(turn, wish.text)
                if found is not None:
                    turn.context.cite(found)
                yield skill.not_here if found is None else found.text
                if found is None and skill.ticket and len(wishes) == 1 and turn.spec(TICKET_TOOL) is not None:
                    note_unserved(turn, "" if wish.skill == PERSON else wish.text)
                    yield self._offer_ticket(turn, "ticket_instead", about(wish.text) or turn.dialogue.unserved)
            elif wish.skill == REPEAT:
                yield turn.last_words() or turn.text("nothing_to_repeat")
            elif wish.skill == CANCEL:
                yield turn.text("nothing_to_cancel")
            else:
                yield skill.answer or skill.not_here
                if skill.ticket and turn.spec(TICKET_TOOL) is not None:
                    yield self._offer_ticket(turn, "ticket_instead", "")
        for form, reading in reversed(opened):
            turn.dialogue.push(form, beside=[other for other, _ in opened])
            for name, values in reading.every.items():
                turn.dialogue.repeat_below(form, name, values[1:])
        if opened:
            turn.dialogue.unserved, turn.dialogue.cited = "", []
            async for sentence in forms.run(turn):
                yield sentence
        elif not any(wish.skill == REPEAT for wish in wishes):  # what is repeated has the open question in it
            async for sentence in self._suspended_below(turn):
                yield sentence

    async def _take_rest_as_text(self, form: Form, spec: ToolSpec, wish: SkillWish, unread: str) -> None:
        """Fill the free text that is missing with what follows the wish: "open a ticket, my rent was paid twice".

        `unread`: the words in which no other argument was found.
        """
        missing = [name for name, each in spec.parameter_types.items() if each.required and name not in form.values]
        match = _AFTER_WISH.match(wish.text)
        if match is None or len(missing) != 1 or spec.parameter_types[missing[0]].kind != "text":
            return
        if " ".join(match["rest"].split()) not in unread or _ASKS_AGAIN.match(match["rest"]):
            return
        _, decision = await self.decide(match["wish"])
        if decision.skill == form.skill and decision.step is NextStep.ACT and (text := match["rest"].strip(" .")):
            form.values[missing[0]] = text[:1].upper() + text[1:MAX_TEXT_CHARACTERS]

    async def _suspended_below(self, turn: FormTurn) -> AsyncIterator[str]:
        """After a question that needed no form, return to the form that was open."""
        form = turn.dialogue.top
        spec = turn.spec(form.tool) if form is not None else None
        if form is None or spec is None or form.state is FormState.STUCK:
            return
        form.on(FormEvent.DIGRESSED)
        async for sentence in forms.resume(turn):
            yield sentence

    def _cite_or_offer(self, turn: FormTurn, finding: Finding) -> AsyncIterator[str]:
        return ask_which_page(turn, finding.offers) if finding.answer is None else self.cite(turn, finding.answer)

    async def cite(self, turn: FormTurn, passage: Passage) -> AsyncIterator[str]:
        """Answer from the bank's pages, and return to the open form."""
        turn.dialogue.misses = 0
        turn.context.cite(passage)
        turn.dialogue.cited = [*turn.dialogue.cited, passage.topic][-MAX_CITED:]
        yield passage.text
        async for sentence in self._suspended_below(turn):
            yield sentence

    async def _miss(self, turn: FormTurn, text: str) -> AsyncIterator[str]:
        """Admit that nothing was understood; the second time in a row, offer a person."""
        turn.dialogue.misses += 1
        turn.context.not_understood()
        if turn.dialogue.misses < 2:
            yield turn.text("not_understood")
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
        turn.dialogue.offer = {"kind": "ticket", "subject": subject}
        turn.context.person_offered()
        return turn.text(name)

    async def decide(self, text: str) -> tuple[Understanding, Decision]:
        """Return what a text is taken for, as one wish, and what follows from that."""
        return await self._in_executor(self._finder.decide, text)

    async def _in_executor(self, find: Callable[[str], T], text: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, find, text)


_ASKS_AGAIN = re.compile(r"please(?:\s+\w+){0,2}\W*$", re.IGNORECASE)
_AFTER_WISH = re.compile(
    r"(?P<wish>[^,.:;]{4,60})(?:[,.:;]|\s(?:because|saying|that))\s(?P<rest>\S+\s+\S.*)", re.DOTALL
)


async def _say_line(line: str) -> AsyncIterator[str]:
    yield line
