"""Replies where the customer's safety is at stake, or where they ask about the talk itself."""

import functools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from banker.agents.base import TICKET_TOOL, Agent, TurnContext
from banker.agents.safety import SafetyTopic
from banker.agents.scripted.forms.dialogue import note_ticket_offer
from banker.agents.scripted.skills.skill_files import load_skills
from banker.text.en.join_items import listed
from banker.tools.base import ToolResult, ToolSpec

STATE = "safety"
"""The key of what is remembered of a topic in the dialogue state."""
SCAM = "scam"
NO_ACTION_TOPICS = frozenset({SCAM, "coercion", "threat"})
"""Topics in which the wish may be somebody else's: a certain one is not acted on."""
DATA_TOPICS = frozenset({"privacy", "recording"})
"""Topics to which the bank's own pages may have a closer answer: what is stored, and for how long."""
SET_ASIDE_TOPICS = NO_ACTION_TOPICS | {"self_harm"}
"""Topics after which what was open is not asked again: if it is still wished, the customer can say so."""
FOLLOWED_TOPICS = frozenset({SCAM, "coercion", "self_harm"})
"""Topics that the next turns are about as long as they ask for nothing else."""
CARD_TOPICS = frozenset({SCAM, "phishing"})
"""Topics in which a stranger may have the card's details."""
FREEZE_TOOL = "freeze_card"
TURNS_REMEMBERED = 3
"""The number of turns after a topic in which "what should I do now?" is still about it."""
CERTAIN = 0.7
OFFER_AT = 0.8
"""From this probability of a topic a person is offered; a false alarm costs only the bank's text."""
MOST_ABILITIES = 7
"""A longer list is not listened to."""
NO_ABILITIES = "tell you what I am"
"""Completes "I can …, and answer questions about your bank" for a tenant without tools."""


async def reply_with_safety(context: TurnContext, agent: Agent, topic: SafetyTopic) -> AsyncIterator[str]:
    """Say the bank's text, then what the agent answers to the rest, and offer a person if it has nothing to answer."""
    safety = context.tenant.safety
    text = _text(context, topic)
    if topic.again and (topic.name not in CARD_TOPICS or not topic.probability):
        async for piece in _go_on(context, agent, topic, text):
            yield piece
        return
    if topic.name in DATA_TOPICS and (page := (await context.look_up(context.user_text)).answer) is not None:
        context.cite(page)
        text = page.text
    yield text
    if topic.name in CARD_TOPICS and any(spec.name == FREEZE_TOOL for spec in context.tools):
        yield f" {safety.freeze_offer}"
    wish, question = context.user_text, context.open_question
    is_open, is_ticket = question is not None, question is not None and question.tool == TICKET_TOOL
    if topic.name in SET_ASIDE_TOPICS and topic.probability >= CERTAIN and not is_ticket:
        await context.drop_question()
        context.dialogue_state.clear()
        if is_open:
            yield f" {safety.set_aside}"
            is_open = False
    if topic.is_about_the_talk or (topic.name in NO_ACTION_TOPICS and topic.probability >= CERTAIN):
        wish = topic.rest
    has_answered = False
    if wish:
        async for piece in agent.reply(replace(context, user_text=wish, safety_text=text)):
            yield piece if has_answered else f" {piece}"
            has_answered = True
    if not topic.is_about_the_talk:
        context.dialogue_state[STATE] = {"topic": topic.name, "turns": TURNS_REMEMBERED}
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
    if has_answered or is_open:
        return
    if _may_offer(context.tools):
        context.person_offered()
        yield f" {safety.call_back}"
        await context.call_tool(TICKET_TOOL, {"subject": safety.call_back_subject})


async def _go_on(context: TurnContext, agent: Agent, topic: SafetyTopic, text: str) -> AsyncIterator[str]:
    """Answer what is asked after a topic was spoken of: as the agent and the bank's pages can, or by the text."""
    proposed: list[str] = []

    async def call_tool(tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        outcome = await context.call_tool(tool, arguments)
        proposed.extend([tool] if outcome.status == "asked" else [])
        return outcome

    has_answered = False
    async for piece in agent.reply(replace(context, call_tool=call_tool, safety_text=text, goes_on=True)):
        yield piece
        has_answered = True
    context.dialogue_state.setdefault(STATE, {"topic": topic.name, "turns": TURNS_REMEMBERED})
    may_be_of_a_stranger = topic.name in NO_ACTION_TOPICS and not {*proposed} <= {FREEZE_TOOL, TICKET_TOOL}
    if may_be_of_a_stranger or not (has_answered or proposed):
        yield f" {text}" if has_answered else text


def earlier_topic(dialogue_state: dict[str, Any]) -> str:
    """Return the topic that was spoken of in one of the last turns, "" if there is none, and count this turn."""
    state = dialogue_state.pop(STATE, None)
    if not isinstance(state, dict) or state["turns"] <= 0:
        return ""
    dialogue_state[STATE] = {**state, "turns": state["turns"] - 1}
    return str(state["topic"])


def _text(context: TurnContext, topic: SafetyTopic) -> str:
    safety = context.tenant.safety
    if topic.name == "abilities":
        return safety.say("abilities", abilities=_abilities(context))
    return safety.say(f"{topic.name}_next" if topic.again and topic.name in CARD_TOPICS else topic.name)


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
