"""Builds each tenant's configured agent."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from banker.agents.base import Agent, TurnContext
from banker.agents.knowledge import KnowledgeBase, read_pages
from banker.agents.safety import SafetyTopics, load_safety_topics
from banker.config.settings import Config
from banker.config.tenant import KnowledgeSettings
from banker.process_cache import load_once
from banker.tools.base import ToolResult, ToolSpec
from banker.tools.toolbox import Toolbox

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TenantAgent:
    """A tenant's agent, tools and pages, shared by all of its conversations."""

    agent: Agent
    toolbox: Toolbox
    knowledge: KnowledgeBase | None = None
    safety: SafetyTopics | None = None
    """None if the packages that recognise the safety topics are not installed."""


def build_tenant_agents(config: Config, toolbox: Toolbox) -> dict[str, TenantAgent]:
    """Return the agent of each tenant by tenant_id. Blocks for a second while the understanding model loads.

    Raises `SkillFileError` if the bank's skill files have mistakes.
    """
    scripted_agents: dict[Any, Agent] = {}
    llm_agents: dict[Any, Agent] = {}
    tenant_agents = {}
    for tenant in config.tenants.values():
        tools = tenant.config.allowed_tools
        if tools not in scripted_agents:
            scripted_agents[tools] = _scripted_agent(config.skills_path, toolbox.specs(tools))
        agent = scripted_agents[tools]
        if tenant.agent.kind == "llm":
            from banker.agents.llm import LlmAgent

            settings = replace(tenant.agent, prompt=None)  # tenants of one server share its connections
            agent = llm_agents.setdefault(
                (settings, tools), LlmAgent(settings, agent, executor=load_once(_understanding_thread))
            )
        tenant_agents[tenant.tenant_id] = TenantAgent(
            agent, toolbox, load_knowledge(tenant.knowledge), load_safety_topics()
        )
    return tenant_agents


def load_knowledge(settings: KnowledgeSettings) -> KnowledgeBase | None:
    """Return a tenant's pages, if any. Without the encoder's packages, they are searched by words only."""
    passages = read_pages(settings, [])
    if settings.path is None or not passages:
        return None
    try:
        from banker.agents.sentence_encoder import RememberingEncoder, packaged_encoder

        encoder = RememberingEncoder(packaged_encoder(), settings.path / "vectors.npz")
    except ImportError:
        log.warning("the pages in %s are searched by words only; install the extra [speech]", settings.path)
        return KnowledgeBase(passages)
    return KnowledgeBase(passages, encoder)


def example_utterances() -> list[str]:
    """Return what customers say to a bank, in English: the examples of the packaged skills."""
    from banker.agents.scripted.skills.skill_files import load_skills

    return [example for skill in load_skills(None, ()).values() for example in skill.examples]


class UnavailableAgent:
    """Replaces the scripted agent if its packages are missing: says that it cannot answer."""

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

    async def anticipate(self, context: TurnContext) -> bool:
        """Nothing can be prepared."""
        return False

    async def resume(self, context: TurnContext) -> AsyncIterator[str]:
        """Yield nothing, since nothing is ever open."""
        return
        yield ""


def _scripted_agent(folder: Path | None, tools: Sequence[ToolSpec]) -> Agent:
    try:
        from banker.agents.scripted.agent import ScriptedAgent
        from banker.agents.scripted.skills.loading import load_understanding

        loaded = load_understanding(folder, tools)
    except ImportError as error:
        log.warning("the scripted agent cannot answer: it needs %s; install the extra [speech]", error.name)
        return UnavailableAgent()
    return ScriptedAgent(loaded.skills, loaded.model, executor=load_once(_understanding_thread))


def _understanding_thread() -> Executor:
    """Return the thread in which utterances are understood and a model's sentences are checked.

    Each utterance takes 15 ms, too long for the media loop.
    """
    return ThreadPoolExecutor(1, thread_name_prefix="banker-understanding")
