"""One turn of the agent: its context, the dialogue state, and the tenant's sentences."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from banker.agents.base import PersonAnswer, TurnContext
from banker.agents.scripted.forms.dialogue import Dialogue, Form
from banker.agents.scripted.forms.states import FormState
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.slots.bank_choices import Vocabulary
from banker.text.en.calendar import DAYS, MONTHS
from banker.text.en.join_items import listed
from banker.tools.base import Choice, ToolResult, ToolSpec

MAX_ABILITIES = 6
"""How many abilities the banker lists in one sentence."""
MAX_REASON_CHARACTERS = 300
RECENT_TURNS = 4
"""How many turns, of both sides, a closed form stays a possible subject of a follow-up."""
COMMON_IN_SKILLS = 0.25
"""A word in the examples of this share of the skills says nothing about any of them: "bank", "new"."""

_TROUBLE = {"denied": "tool_denied", "timeout": "tool_timeout", "declined": "tool_declined", "dropped": "tool_declined"}


_WORD = re.compile(r"[^\W\d_][\w'-]*")


class FormTurn:
    """Everything for answering one turn. Changes are stored at once, since a reply may be cut off anywhere."""

    def __init__(self, context: TurnContext, skills: Mapping[str, Skill], now: datetime) -> None:
        self.context = context
        self.skills = skills
        self.now = now
        self.dialogue = Dialogue.read(context.dialogue_state)
        top = self.dialogue.top
        self.open_form = None if top is None or top.state is FormState.SUSPENDED else top
        """The form that the customer was asked about last."""
        self.asked_confirmation = False
        """Whether the conversation asks the customer to confirm a call at the end of this reply."""
        self.has_spoken = False
        """Whether this reply already has a sentence."""
        self.unanswered: set[str] = set()
        """The tools whose choices the bank could not provide."""
        self._specs = {spec.name: spec for spec in context.tools}
        self._choices: dict[tuple[str, str], tuple[Choice, ...]] = {}

    def keep(self) -> None:
        """Write the state into the context."""
        self.dialogue.write(self.context.dialogue_state)

    def spec(self, tool: str | None) -> ToolSpec | None:
        """Return a tool if this tenant allows it."""
        return self._specs.get(tool or "")

    def skill(self, name: str, tool: str | None = None) -> Skill:
        """Return a skill by its name, or the tool's own where no skill has this name."""
        if name in self.skills:
            return self.skills[name]
        by_tool = next((skill for skill in self.skills.values() if tool and skill.tool == tool), None)
        return by_tool or Skill(name, tool, (tool or name).replace("_", " "))

    def vocabulary(self) -> "Vocabulary":
        """Return the words with which customers ask for things."""
        return _vocabulary(tuple(skill.examples for skill in self.skills.values() if skill.examples))

    async def choices(self, tool: str, argument: str) -> Sequence[Choice]:
        """Return the choices for an argument. The bank is asked once per turn."""
        if (tool, argument) not in self._choices:
            spec = self.spec(tool)
            known = spec.parameter_types[argument].choices if spec and argument in spec.parameter_types else ()
            offered = known or await self.context.choices(tool, argument)
            if offered is None:
                self.unanswered.add(tool)
            self._choices[tool, argument] = tuple(offered or ())
        return self._choices[tool, argument]

    def names(self) -> dict[str, str]:
        """Return what the customer calls the values of the choices that were asked for in this turn."""
        return {c.value: c.names[0] for choices in self._choices.values() for c in choices if c.names}

    def is_asked(self, tool: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether the customer is being asked to confirm exactly this call. The conversation repeats it."""
        question = self.context.open_question
        return question is not None and (question.tool, question.arguments) == (tool, arguments)

    async def drop(self, tool: str) -> None:
        """Close the open question about a tool."""
        if self.context.open_question is not None and self.context.open_question.tool == tool:
            await self.context.drop_question()

    def answer_of_person(self, person: PersonAnswer) -> str:
        """Return what to say to the wish for a person, and note what it offers instead."""
        if person.offers_ticket:
            self.dialogue.offer_ticket(self.context.tenant.safety.call_back_subject)
        if person.link:
            self.context.links.append({"text": person.link, "url": person.link})
        return person.text

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Call a tool."""
        self.keep()
        outcome = await self.context.call_tool(tool, arguments)
        self.asked_confirmation = self.asked_confirmation or outcome.status == "asked"
        return outcome

    def text(self, name: str, **values: str) -> str:
        """Return the tenant's sentence `name`. Variants take turns."""
        text: str | tuple[str, ...] = getattr(self.context.tenant.texts, name)
        if not isinstance(text, str):
            turn = self.dialogue.variants.get(name, 0)
            self.dialogue.variants[name] = turn + 1
            text = text[turn % len(text)]
        return text.format(**values, **({"abilities": self.abilities()} if "{abilities}" in text else {}))

    def abilities(self) -> str:
        """Return what this tenant's banker can do, as a list in words."""
        titles = [self.skill(name, name).title for name in self._specs]
        return listed(list(dict.fromkeys(titles))[:MAX_ABILITIES], "or") or "answer questions about the bank"

    def trouble(self, outcome: ToolResult, title: str = "", *, changes: bool = True) -> str:
        """Return the sentence for a call that did not succeed: the bank's own reason if it gave one.

        `title` is the skill's. `changes`: whether the tool changes something, so that a late end matters.
        """
        reason = outcome.reason.strip()
        is_sentence = reason.endswith((".", "!", "?")) and len(reason) <= MAX_REASON_CHARACTERS
        if outcome.status == "failed" and is_sentence:
            return reason
        if outcome.status == "timeout" and not changes:
            return self.text("form_no_answer")
        if title and outcome.status not in _TROUBLE:
            return self.text("form_failed", title=title)
        return self.text(_TROUBLE.get(outcome.status, "tool_failed"))

    def close(self, form: Form, *, undone: bool = False) -> None:
        """Close a form in this turn. `undone`: it was given up, or its tool has failed."""
        self.dialogue.close(form)
        self.dialogue.last |= {"closed_at": len(self.context.turns), "undone": undone}

    def just_closed(self) -> Mapping[str, Any]:
        """Return the last form, as `Dialogue.last`, if it was closed within two turns; otherwise an empty mapping."""
        closed_at = self.dialogue.last.get("closed_at")
        is_recent = isinstance(closed_at, int) and len(self.context.turns) - closed_at <= RECENT_TURNS
        return self.dialogue.last if is_recent else {}

    def last_words(self) -> str:
        """Return what the banker said last."""
        return next(
            (str(turn.get("text")) for turn in reversed(self.context.turns) if turn.get("role") == "banker"), ""
        )


def _ordinary(example: str) -> list[str]:
    """Return the words of an example without names, which have a capital: "send money", but not "Anna"."""
    first, *others = _WORD.findall(example) or [""]
    return [first.lower(), *(word.lower() for word in others if word[0].islower() or word.isupper() or "'" in word)]


@lru_cache(32)
def _vocabulary(skills: tuple[tuple[str, ...], ...]) -> Vocabulary:
    used = Counter(word for examples in skills for word in {each for one in examples for each in _ordinary(one)})
    used.update(map(str.lower, (*DAYS, *MONTHS)))
    common = len(skills) * COMMON_IN_SKILLS
    return Vocabulary(frozenset(used), frozenset(word for word, count in used.items() if count >= common))


async def say(turn: FormTurn, name: str, **values: str) -> AsyncIterator[str]:
    """Yield the tenant's sentence `name`."""
    yield turn.text(name, **values)


async def nothing() -> AsyncIterator[str]:
    """Yield nothing."""
    return
    yield ""
