"""Builds the agents of the tenants, as their configuration asks for."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from banker.agents.base import Agent, TurnContext
from banker.agents.knowledge import KnowledgeBase, read_pages
from banker.agents.safety import SafetyTopics, load_safety_topics
from banker.agents.scripted import INTENTS, Recognised, ScriptedAgent
from banker.config.settings import Config
from banker.config.tenant import KnowledgeSettings
from banker.process_cache import load_once
from banker.tools.base import ToolResult, ToolSpec
from banker.tools.toolbox import Toolbox

log = logging.getLogger(__name__)


class UnderstandingUnavailable(Exception):
    """The packages of the scripted agent are not installed. The message says which extra to install."""


@dataclass(frozen=True)
class TenantAgent:
    """The agent, the tools and the pages of a tenant, shared by all of its conversations."""

    agent: Agent
    toolbox: Toolbox
    knowledge: KnowledgeBase | None = None
    safety: SafetyTopics | None = None
    """None if the packages that recognise the safety topics are not installed."""


def build_tenant_agents(config: Config, toolbox: Toolbox) -> dict[str, TenantAgent]:
    """Return the agent of each tenant by tenant_id. Blocks for two or three seconds while the scripted agent learns."""
    scripted_agents: dict[str | None, ScriptedAgent | UnavailableAgent] = {}
    llm_agents: dict[Any, Agent] = {}
    tenant_agents = {}
    for tenant in config.tenants.values():
        examples = tenant.agent.examples
        agent: Agent
        if tenant.agent.kind == "forms":
            agent = _form_agent(toolbox.specs(tenant.config.allowed_tools))
        else:
            if examples not in scripted_agents:
                scripted_agents[examples] = _scripted_agent(examples)
            agent = scripted_agents[examples]
        if tenant.agent.kind == "llm":
            from banker.agents.llm import LlmAgent

            settings = replace(tenant.agent, prompt=None)  # tenants of one server share its connections
            agent = llm_agents.setdefault((settings, examples), LlmAgent(settings, fallback=agent))
        tenant_agents[tenant.tenant_id] = TenantAgent(
            agent, toolbox, load_knowledge(tenant.knowledge), load_safety_topics()
        )
    return tenant_agents


def train_recogniser(examples: str | None) -> Callable[[str], Recognised]:
    """Train the intent recogniser with the packaged examples and those of a folder. Blocks for two or three seconds.

    Raises `UnderstandingUnavailable`, and `ValueError` for a file of the folder that is not named after an intent.
    """
    try:
        from banker.agents.understanding import (
            OURS,
            IntentRecogniser,
            RememberingEncoder,
            load_examples,
            packaged_encoder,
        )

        encoder = RememberingEncoder(packaged_encoder())
    except ImportError as error:
        raise UnderstandingUnavailable(f"the scripted agent needs {error.name}; install the extra [speech]") from None
    folders = [OURS, *([Path(examples)] if examples else [])]
    utterances = load_examples(*folders)
    if unknown := sorted(set(utterances) - set(INTENTS)):
        raise ValueError(f"{folders[-1]}: {unknown[0]}.txt: there is no such intent; there are: {', '.join(INTENTS)}")
    return IntentRecogniser(utterances, encoder).recognise


def load_knowledge(settings: KnowledgeSettings) -> KnowledgeBase | None:
    """Return a tenant's pages; None if there are none. Without the encoder's packages they are found by words alone."""
    passages = read_pages(settings, [])
    if settings.path is None or not passages:
        return None
    try:
        from banker.agents.understanding import RememberingEncoder, packaged_encoder

        encoder = RememberingEncoder(packaged_encoder(), settings.path / "vectors.npz")
    except ImportError:
        log.warning("the pages in %s are searched by words only; install the extra [speech]", settings.path)
        return KnowledgeBase(passages)
    return KnowledgeBase(passages, encoder)


def example_utterances() -> list[str]:
    """Return examples of what customers say, in English; none if the scripted agent's packages are missing."""
    try:
        from banker.agents.understanding import OURS, load_examples
    except ImportError:
        return []
    return [utterance for utterances in load_examples(OURS).values() for utterance in utterances]


class UnavailableAgent:
    """Replaces the scripted agent if its packages are missing: tells the user that it cannot answer."""

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        """Answer from the bank's pages, or apologise."""
        passage = (await context.look_up(context.user_text)).answer
        if passage is not None:
            context.cite(passage)
        yield context.tenant.texts.untaught if passage is None else passage.text

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        """Say whether the tool succeeded."""
        yield context.tenant.texts.tool_ok if outcome.status == "ok" else context.tenant.texts.tool_failed


def _form_agent(tools: Sequence[ToolSpec]) -> Agent:
    from banker.agents.forms.agent import FormAgent
    from banker.agents.skills.loading import load_understanding
    from banker.agents.skills.views import EncoderMissing

    try:
        loaded = load_understanding(None, tools)
    except (ImportError, EncoderMissing) as error:
        log.warning("the form agent cannot answer: %s", error)
        return UnavailableAgent()
    # An utterance takes 15 ms, which the media loop must not wait for.
    executor = ThreadPoolExecutor(1, thread_name_prefix="banker-understanding")
    return FormAgent(loaded.skills, loaded.model, executor=executor)


def _scripted_agent(examples: str | None) -> ScriptedAgent | UnavailableAgent:
    try:
        return ScriptedAgent(load_once(train_recogniser, examples))
    except UnderstandingUnavailable as error:
        log.warning("the scripted agent cannot answer: %s", error)
        return UnavailableAgent()
