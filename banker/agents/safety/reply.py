"""Replies where the customer's safety is at stake, or where they ask about the talk itself."""

import functools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from banker.agents.base import TICKET_TOOL, Agent, TurnContext
from banker.agents.safety import SafetyTopic
from banker.agents.scripted.skills.skill_files import load_skills
from banker.text.en.join_items import listed
from banker.tools.base import ToolSpec

NO_ACTION_TOPICS = frozenset({"scam", "coercion", "threat"})
"""Topics in which the wish may be somebody else's: a certain one is not acted on."""
DATA_TOPICS = frozenset({"privacy", "recording"})
"""Topics to which the bank's own pages may have a closer answer: what is stored, and for how long."""
CERTAIN = 0.7
OFFER_AT = 0.6
"""From this probability of a topic a person is offered; a false alarm costs only the bank's text."""
MOST_ABILITIES = 7
"""A longer list is not listened to."""
NO_ABILITIES = "tell you what I am"
"""Completes "I can …, and answer questions about your bank" for a tenant without tools."""


async def reply_with_safety(context: TurnContext, agent: Agent, topic: SafetyTopic) -> AsyncIterator[str]:
    """Say the bank's text, then what the agent answers to the rest, and offer a person if it has nothing to answer."""
    safety = context.tenant.safety
    text = safety.say(topic.name, **({"abilities": _abilities(context)} if topic.name == "abilities" else {}))
    if topic.name in DATA_TOPICS and (page := (await context.look_up(context.user_text)).answer) is not None:
        context.cite(page)
        text = page.text
    yield text
    context.dialogue_state["safety"] = topic.name
    wish = context.user_text
    if topic.is_about_the_talk or (topic.name in NO_ACTION_TOPICS and topic.probability >= CERTAIN):
        wish = topic.rest
    has_answered = False
    if wish:
        async for piece in agent.reply(replace(context, user_text=wish, safety_text=text)):
            yield piece if has_answered else f" {piece}"
            has_answered = True
    if has_answered or topic.is_about_the_talk or context.open_question or topic.probability < OFFER_AT:
        return
    if _may_offer(context.tools):
        context.person_offered()
        yield f" {safety.call_back}"
        await context.call_tool(TICKET_TOOL, {"subject": safety.call_back_subject})


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
