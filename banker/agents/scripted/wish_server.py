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
from banker.agents.scripted.form_states import FormEvent, FormState
from banker.agents.scripted.form_turn import FormTurn, say
from banker.agents.scripted.own_wishes import OwnWish, own_wish, take_as_on
from banker.agents.scripted.protocols import SkillTexts, Understander, Understanding
from banker.agents.scripted.skills.decision import Decision, NextStep
from banker.agents.scripted.slots import Reading
from banker.agents.scripted.slots.free_text import MAX_TEXT_CHARACTERS
from banker.agents.scripted.wishes import FoundWishes, SkillWish, WishFinder
from banker.tools.base import ToolSpec

T = TypeVar("T")

CANCEL = "cancel"
REPEAT = "repeat"
"""Skills that are about the conversation itself."""
OFFER_INSTEAD_AT = 0.6
"""From this score a page is offered, or said if no other fits, rather than to say only that the tool isn't here."""
PAGE_LEAD, PAGE_LEAD_IF_URGENT = 0.1, 0.2
"""A page that scores so much more than the skill's probability answers, although the skill could be acted on."""
MIN_VALUES_IF_ASKED, MIN_VALUES_IF_NONE = 2, 3
"""Arguments without a default, none of them free text, that make up for doubt about the skill if all are said."""
MAX_FOLLOW_UP_REST = 2
"""Words beside the new value, unless the turn begins with "and": "trasnfer 20 to savings" is a wish of its own."""
MAX_FOLLOW_UP_WORDS = 8
""" "And my savings?" is short; a longer sentence that is not understood is a new wish."""


class WishServer:
    """Finds and serves the wishes of a turn. The arguments are those of `ScriptedAgent`."""

    def __init__(
        self,
        skills: Mapping[str, SkillTexts],
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
            return
        finding = await turn.context.look_up(text)
        own = await self._own_wish(turn, found, text)
        if own is not None and own.is_sure:
            said = self.serve(turn, [SkillWish(own.skill, text)])
        elif self._pages_know_better(turn, found, finding):
            only = finding.nearest[0] if len(finding.nearest) == 1 else None  # the skill makes up for what it lacks
            said = self._cite_or_offer(turn, replace(finding, answer=finding.answer or only))
        elif found.wishes:
            said = self.serve(turn, found.wishes)
        elif (follow_up := await self._follow_up(turn, text)) is not None:
            turn.dialogue.push(follow_up)
            said = forms.run(turn)
        elif (complete := await self._complete(turn, found, text)) is not None:
            said = self.serve(turn, [complete])
        elif found.understanding.act == "denied" and step is NextStep.NOT_WISHED and "?" not in text:
            said = say(turn, "no_to_nothing")
        elif finding.answer is None and own is not None:
            said = self._ask_what_is_meant(turn, Decision(NextStep.ASK, own.skill), text)
        elif finding.answer is not None or (finding.offers and not self._may_ask(turn, decision)):
            said = self._cite_or_offer(turn, finding)
        elif step is NextStep.ASK and offered is not None and offered.answer:
            said = self.serve(turn, [SkillWish(decision.skill, text, decision.score)])
        elif step is not NextStep.NONE and offered is not None and offered.tool is not None:
            said = self._ask_what_is_meant(turn, decision, text)
        else:
            said = self._miss(turn)
        async for sentence in said:
            yield sentence

    def _pages_know_better(self, turn: FormTurn, found: FoundWishes, finding: Finding) -> bool:
        """Say whether the pages serve a turn better than the skills of its wishes.

        They do if the tool of the only wish isn't here or only a part of the turn asks for it, and a page fits; and if
        a skill is clearly less certain than the page.
        """
        skills = [turn.skill(wish.skill) for wish in found.wishes]
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

    async def _own_wish(self, turn: FormTurn, found: FoundWishes, text: str) -> OwnWish | None:
        """Return a tool of the bank's own that is meant rather than what was found, if nothing else can be served."""
        skills = [turn.skill(wish.skill) for wish in found.wishes]
        if any(skill.tool is None or skill.urgent or turn.spec(skill.tool) is not None for skill in skills):
            return None
        own = await own_wish(turn, found.understanding, text)
        return own if own is None or own.is_sure or not skills else None

    async def _ask_what_is_meant(self, turn: FormTurn, decision: Decision, text: str) -> AsyncIterator[str]:
        """Ask "Do you mean …?" about one or two skills."""
        first, second = turn.skill(decision.skill), self._skills.get(decision.second)
        turn.dialogue.offer = {"kind": "mean", "skill": decision.skill, "text": text}
        if second is not None and second.title != first.title:
            turn.dialogue.offer["second"] = decision.second
            yield turn.text("mean_skills", first=first.title, second=second.title)
        else:
            yield turn.text("mean_skill", title=first.title)

    async def _complete(self, turn: FormTurn, found: FoundWishes, text: str) -> SkillWish | None:
        """Return a wish that is in doubt but has all that its tool needs: the confirmation is the better question.

        A tool that changes nothing needs no question then. Words that no skill fits must say more of the arguments.
        """
        understanding, decision = found.understanding, found.decision
        if understanding.act != "wish" or decision.step not in (NextStep.ASK, NextStep.NONE):
            return None
        is_asked = decision.step is NextStep.ASK
        complete = []
        for name in [decision.skill] if is_asked else self._skills:
            spec = turn.spec(self._skills[name].tool) if name in self._skills else None
            if spec is None or not (spec.confirm or is_asked):
                continue
            needed = {each for each, parameter in spec.parameter_types.items() if parameter.required}
            is_text = any(spec.parameter_types[each].kind == "text" for each in needed)
            if is_text or len(needed) < (MIN_VALUES_IF_ASKED if is_asked else MIN_VALUES_IF_NONE):
                continue
            reading = await forms.read_into(turn, Form(name, spec.name), text, spec)
            if needed <= reading.values.keys():
                complete.append(SkillWish(name, text))
        return complete[0] if len({self._skills[wish.skill].tool for wish in complete}) == 1 else None

    async def serve(self, turn: FormTurn, wishes: Sequence[SkillWish]) -> AsyncIterator[str]:
        """Open a form for each wish, the first one on top, and carry them on."""
        turn.dialogue.misses = 0
        opened: list[tuple[Form, Reading]] = []
        for wish in wishes:
            skill = turn.skill(wish.skill)
            spec = turn.spec(skill.tool)
            if spec is not None:
                form = Form(wish.skill, spec.name, said=wish.text)
                reading = await forms.read_into(turn, form, wish.text, spec)
                forms.apply(turn, form, reading, spec)
                await self._take_rest_as_text(form, spec, wish)
                await self._share_choices(turn, form, spec, [other for other, _ in opened])
                take_as_on(form, spec)
                opened.append((form, reading))
            elif skill.tool is not None:
                found = (await turn.context.look_up(wish.text)).answer
                if found is not None:
                    turn.context.cite(found)
                yield skill.not_here if found is None else found.text
            elif wish.skill == REPEAT:
                yield turn.last_words() or turn.text("nothing_to_repeat")
            elif wish.skill == CANCEL:
                yield turn.text("nothing_to_cancel")
            else:
                yield skill.answer or skill.not_here
        for form, reading in reversed(opened):
            turn.dialogue.push(form)
            for name, values in reading.every.items():
                turn.dialogue.repeat_below(form, name, values[1:])
        if opened:
            async for sentence in forms.run(turn):
                yield sentence
        elif not any(wish.skill == REPEAT for wish in wishes):  # what is repeated has the open question in it
            async for sentence in self._suspended_below(turn):
                yield sentence

    async def _take_rest_as_text(self, form: Form, spec: ToolSpec, wish: SkillWish) -> None:
        """Fill the free text that is missing with what follows the wish: "open a ticket, my rent was paid twice"."""
        missing = [name for name, each in spec.parameter_types.items() if each.required and name not in form.values]
        match = _AFTER_WISH.match(wish.text)
        if match is None or len(missing) != 1 or spec.parameter_types[missing[0]].kind != "text":
            return
        _, decision = await self.decide(match["wish"])
        if decision.skill == form.skill and decision.step is NextStep.ACT and (text := match["rest"].strip(" .")):
            form.values[missing[0]] = text[:1].upper() + text[1:MAX_TEXT_CHARACTERS]

    async def _share_choices(self, turn: FormTurn, form: Form, spec: ToolSpec, others: Sequence[Form]) -> None:
        """Fill a choice that another wish of the turn has named: "I lost my credit card and need a new one"."""
        named = [value for other in others for value in other.values.values()]
        if spec.confirm and turn.was_just_done():
            named += turn.dialogue.last["values"].values()
        for name, parameter in spec.parameter_types.items():
            if parameter.kind == "choice" and parameter.required and name not in form.values:
                values = {choice.value for choice in await turn.choices(spec.name, name)}
                shared = next((value for value in named if value in values), None)
                if shared is not None:
                    form.values[name] = shared

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
        """Return the last form with another value: "and my savings?", or "and 20 to Omar" if the tool asks first."""
        last = turn.dialogue.last
        spec = turn.spec(turn.skill(last["skill"]).tool) if last.get("skill") else None
        if spec is None or len(text.split()) > MAX_FOLLOW_UP_WORDS:
            return None
        continues = _CONTINUES.match(text)
        if spec.confirm and not continues:
            return None
        form = Form(last["skill"], spec.name, values=dict(last.get("values") or {}), said=text)
        reading = await forms.read_into(turn, form, text, spec)
        if not continues and len(reading.rest.split()) > MAX_FOLLOW_UP_REST:
            return None
        return form if forms.apply(turn, form, reading, spec) else None

    def _cite_or_offer(self, turn: FormTurn, finding: Finding) -> AsyncIterator[str]:
        return self._offer_pages(turn, finding.offers) if finding.answer is None else self.cite(turn, finding.answer)

    async def cite(self, turn: FormTurn, passage: Passage) -> AsyncIterator[str]:
        """Answer from the bank's pages, and return to the open form."""
        turn.dialogue.misses = 0
        turn.context.cite(passage)
        yield passage.text
        async for sentence in self._suspended_below(turn):
            yield sentence

    async def _offer_pages(self, turn: FormTurn, offers: Sequence[Passage]) -> AsyncIterator[str]:
        """Ask which of two topics of the pages is meant."""
        turn.dialogue.misses = 0
        turn.dialogue.offer = {"kind": "pages", "topics": " ".join(passage.topic for passage in offers)}
        titles = [_in_sentence(passage.title) for passage in offers]
        if titles[1:]:
            yield turn.text("offer_pages", first=titles[0], second=titles[1])
        else:
            yield turn.text("offer_page", first=titles[0])

    async def _miss(self, turn: FormTurn) -> AsyncIterator[str]:
        """Admit that nothing was understood; the second time in a row, offer a person."""
        turn.dialogue.misses += 1
        turn.context.not_understood()
        if turn.dialogue.misses < 2:
            yield turn.text("not_understood")
        elif turn.spec(TICKET_TOOL) is not None and turn.dialogue.misses == 2:
            turn.dialogue.offer = {"kind": "ticket"}
            turn.context.person_offered()
            yield turn.text("offer_ticket")
        else:
            turn.context.person_offered()
            yield turn.text("give_up")

    async def decide(self, text: str) -> tuple[Understanding, Decision]:
        """Return what a text is taken for, as one wish, and what follows from that."""
        return await self._in_executor(self._finder.decide, text)

    async def _in_executor(self, find: Callable[[str], T], text: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, find, text)


_AFTER_WISH = re.compile(
    r"(?P<wish>[^,.:;]{4,60})(?:[,.:;]|\s(?:because|saying|that))\s(?P<rest>\S+\s+\S.*)", re.DOTALL
)
_CONTINUES = re.compile(r"\s*(?:and|also|plus|same|what about|how about)\b", re.IGNORECASE)


def _in_sentence(title: str) -> str:
    """Return a heading as a part of a sentence: "How long a transfer takes" in lower case, "PIN" as it is."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title
