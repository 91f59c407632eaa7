"""Replies where the customer's safety is at stake, or where they ask about the talk itself."""

import functools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from banker.agents.base import TICKET_TOOL, Agent, TurnContext
from banker.agents.safety.memory import CERTAIN, SafetyMemory
from banker.agents.safety.topics import HELD_TOPICS, NO_ACTION_TOPICS, SafetyTopic
from banker.agents.scripted.forms.dialogue import Dialogue, note_ticket_offer
from banker.agents.scripted.skills.skill_files import load_skills
from banker.agents.scripted.wishes import leading
from banker.text.en.assent import answer
from banker.text.en.join_items import listed
from banker.text.en.questions import is_question
from banker.tools.base import ToolResult, ToolSpec

DATA_TOPICS = frozenset({"privacy", "recording"})
"""Topics to which the bank's own pages may have a closer answer: what is stored, and for how long."""
CARD_TOPICS = frozenset({"scam", "phishing"})
"""Topics in which a stranger may have the card's details."""
COLLEAGUE_TOPICS = frozenset({"threat", "bereavement", "hardship", "third_party"})
"""Topics in which the texts speak of a colleague, so that a yes to them opens a ticket."""
UNSAFE_TO_CALL = frozenset({"coercion"})
"""Topics in which no ticket is offered: somebody else may see it, or answer the call."""
DESPAIR = "self_harm"
"""The topic in which each turn gets a kind word, also beside an answer."""
QUIET_TOPICS = frozenset({DESPAIR, "coercion"})
"""Topics in which small talk does not answer: "Goodbye, and have a good day!" """
MOST_OFFERS = 2
"""A call back is offered so often in a conversation, and not pressed on anybody."""
FREEZE_TOOL = "freeze_card"
OFFER_AT = 0.8
"""From this probability of a topic a person is offered; a false alarm costs only the bank's text."""
MAX_SUBJECT_CHARACTERS = 150
MOST_ABILITIES = 7
"""A longer list is not listened to."""
NO_ABILITIES = "tell you what I am"
"""Completes "I can …, and answer questions about your bank" for a tenant without tools."""


async def reply_with_safety(context: TurnContext, agent: Agent, topic: SafetyTopic) -> AsyncIterator[str]:
    """Say the bank's text, then what the agent answers to the rest, and offer a person if it has nothing to answer."""
    memory = SafetyMemory(context.dialogue_state)
    is_certain = topic.name in HELD_TOPICS and topic.probability >= CERTAIN
    if topic.again and not (is_certain or (topic.name in CARD_TOPICS and topic.probability)):
        async for piece in _go_on(context, agent, topic):
            yield piece
        return
    safety, text = context.tenant.safety, _text(context, topic.name)
    if topic.name in DATA_TOPICS and (page := (await context.look_up(context.user_text)).answer) is not None:
        context.cite(page)
        text = page.text
    yield text
    memory.note_said(topic.name)
    if topic.is_about_the_talk and memory.topic == DESPAIR:
        yield f" {_text(context, DESPAIR)}"
        memory.note_said(DESPAIR)
    can_freeze = any(spec.name == FREEZE_TOOL for spec in context.tools)
    if topic.name in CARD_TOPICS and can_freeze and not memory.times_said("freeze_offer"):
        memory.note_said("freeze_offer")
        yield f" {safety.freeze_offer}"
    if not topic.is_about_the_talk:
        memory.note(topic)
    wish, question = context.user_text, context.open_question
    is_open, is_ticket = question is not None, question is not None and question.tool == TICKET_TOOL
    if is_certain and not is_ticket:
        await context.drop_question()
        memory.forget_wishes()
        if is_open:
            yield f" {safety.set_aside}"
            is_open = False
    if topic.is_about_the_talk or (topic.name in NO_ACTION_TOPICS and is_certain):
        wish = topic.rest
    has_answered = False
    if wish:
        async for piece in answer_unless_held(replace(context, user_text=wish, safety_text=text), agent):
            yield piece if has_answered else f" {piece}"
            has_answered = True
    if topic.is_about_the_talk or topic.again or topic.probability < OFFER_AT:
        return
    if topic.name in context.tenant.handover.safety_topics:
        person = await context.hand_over(topic.name.replace("_", " "), "urgent")
        if person is not None and person.is_waiting:
            context.person_offered()
            yield f" {person.text}"
            if person.offers_ticket:
                note_ticket_offer(context.dialogue_state, safety.call_back_subject)
            return
    is_said = has_answered or is_open or memory.times_said("call_back") >= MOST_OFFERS
    if not is_said and topic.name not in UNSAFE_TO_CALL and _may_offer(context.tools):
        context.person_offered()
        memory = SafetyMemory(context.dialogue_state)
        memory.note_said("call_back")
        memory.note_offer(True)
        yield f" {safety.call_back}"
        await context.call_tool(TICKET_TOOL, {"subject": safety.call_back_subject})


async def let_offer_lapse(context: TurnContext) -> TurnContext:
    """Close the question about the call back that the last reply offered, unless this turn begins with a yes to it."""
    memory = SafetyMemory(context.dialogue_state)
    was_offered, question = memory.has_offered, context.open_question
    memory.note_offer(False)
    says_yes = "yes" in (answer(context.user_text), answer(leading(context.user_text)[0]))
    if not was_offered or question is None or question.tool != TICKET_TOOL or says_yes:
        return context
    await context.drop_question()
    return replace(context, open_question=None)


async def _go_on(context: TurnContext, agent: Agent, topic: SafetyTopic) -> AsyncIterator[str]:
    """Answer what is asked after a topic was spoken of: as the agent and the bank's pages can, or by the text."""
    text, proposed = _text(context, topic.name), list[str]()
    question = context.open_question

    async def call_tool(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        outcome = await context.call_tool(tool, arguments)
        proposed.extend([tool] if outcome.status == "asked" else [])
        return outcome

    if topic.probability:
        SafetyMemory(context.dialogue_state).note(topic)
    is_despair, has_answered = topic.name == DESPAIR, False
    own = replace(context, call_tool=call_tool, safety_text=text, goes_on=topic.name not in QUIET_TOPICS)
    async for piece in answer_unless_held(own, agent):
        yield piece
        has_answered = True
    may_be_of_a_stranger = topic.name in HELD_TOPICS and not {*proposed} <= {FREEZE_TOOL, TICKET_TOOL}
    asks = any(question is None or tool != question.tool for tool in proposed)
    if not (has_answered or asks or topic.name in HELD_TOPICS) and is_question(context.user_text):
        page = (await context.look_up(context.user_text)).answer
        if page is not None:
            context.cite(page)
            yield page.text
            has_answered = True
    if not (has_answered or asks) and _says_when_to_call(context, topic):
        subject = f"{context.tenant.safety.call_back_subject}; {context.user_text.strip(' .')}"
        await context.call_tool(TICKET_TOOL, {"subject": subject[:MAX_SUBJECT_CHARACTERS]})
        return
    if is_despair or may_be_of_a_stranger or not (has_answered or asks):
        SafetyMemory(context.dialogue_state).note_said(topic.name)
        yield f" {text}" if has_answered else text
    if topic.name in COLLEAGUE_TOPICS and not (has_answered or asks) and _may_offer(context.tools):
        note_ticket_offer(context.dialogue_state, context.tenant.safety.call_back_subject)


def _says_when_to_call(context: TurnContext, topic: SafetyTopic) -> bool:
    """Say whether the customer names a time after a call back was offered: "tomorrow at ten would be good"."""
    from banker.text.en.slots.amounts import find_amounts  # of the speech extra, as topics are
    from banker.text.en.slots.times import find_times

    was_offered = SafetyMemory(context.dialogue_state).times_said("call_back")
    is_time = bool(find_times(context.user_text)) and not find_amounts(context.user_text)
    return bool(was_offered) and topic.name in COLLEAGUE_TOPICS and is_time


async def answer_unless_held(context: TurnContext, agent: Agent) -> AsyncIterator[str]:
    """Yield the agent's reply, or the bank's text where it would move money soon after somebody may have forced it."""
    memory = SafetyMemory(context.dialogue_state)
    if not memory.holds_money:
        async for piece in agent.reply(context):
            yield piece
        return
    before = Dialogue.read(context.dialogue_state)
    is_open = before.stack or before.offer or context.open_question is not None
    topic = memory.topic
    if topic and answer(context.user_text) is not None and not is_open:  # "please" asks for nothing new
        yield _text(context, topic)
        memory.note_said(topic)
        return
    held, tried = {spec.name for spec in context.tools if _moves_money(spec)}, list[str]()

    async def call_tool(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        tried.append(tool)
        return ToolResult("dropped") if tool in held else await context.call_tool(tool, arguments)

    pieces = [piece async for piece in agent.reply(replace(context, call_tool=call_tool))]
    tried += [form.tool for form in Dialogue.read(context.dialogue_state).stack]
    if held.isdisjoint(tried):
        for piece in pieces:
            yield piece
        return
    memory = SafetyMemory(context.dialogue_state)  # which the agent may have written to
    memory.forget_wishes()
    yield context.tenant.safety.say("hold", memory.times_said("hold"))
    memory.note_said("hold")


def _moves_money(spec: ToolSpec) -> bool:
    """Say whether a tool asks for a yes to an amount."""
    return spec.confirm and any(each.kind == "amount" for each in spec.parameter_types.values())


def _text(context: TurnContext, name: str) -> str:
    """Return the bank's text about a topic; another one each time that it is spoken of again."""
    safety, times = context.tenant.safety, SafetyMemory(context.dialogue_state).times_said(name)
    if name == "abilities":
        return safety.say("abilities", abilities=_abilities(context))
    return safety.say(f"{name}_next", times - 1) if times and safety.has_next(name) else safety.say(name)


def _may_offer(tools: Sequence[ToolSpec]) -> bool:
    """Return whether there is a ticket that waits for the user's yes and needs no more than a subject."""
    return any(
        spec.name == TICKET_TOOL and spec.confirm and set(spec.parameters.get("required", ())) <= {"subject"}
        for spec in tools
    )


def _abilities(context: TurnContext) -> str:
    """Return what this tenant's tools can do, as a list in words."""
    titles = _skill_titles()
    names = [titles.get(spec.name, spec.name.replace("_", " ")) for spec in context.tools[:MOST_ABILITIES]]
    return listed(names, "and") or NO_ABILITIES


@functools.cache
def _skill_titles() -> dict[str, str]:
    """Return what each usual tool of a bank does, as it completes "I can …"."""
    return {skill.tool: skill.title for skill in load_skills(None, ()).values() if skill.tool is not None}
