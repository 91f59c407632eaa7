"""Loads the skills of a bank and the model that understands them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from banker.agents.scripted.skills.examples import NONE
from banker.agents.scripted.skills.model import UnderstandingModel
from banker.agents.scripted.skills.skill_files import Skill, load_skills
from banker.process_cache import load_once
from banker.tools.base import ToolSpec

SAME_WISH_AT = 0.6
"""A tool serves a packaged skill if its own words are understood as that skill with this probability."""
MAX_EXAMPLES_COMPARED = 12
"""Examples of a tool that are understood to find the skill: the last ones, made of the tool's name and description."""


@dataclass(frozen=True)
class LoadedSkills:
    """The skills of a bank by name, and the model that finds them in a sentence."""

    skills: Mapping[str, Skill]
    model: UnderstandingModel


def load_understanding(folder: Path | None, tools: Sequence[ToolSpec]) -> LoadedSkills:
    """Return the packaged skills with those of the bank's `folder` and of its `tools`, and the model for them.

    Takes under a second with the packaged examples, and some seconds where skills have examples of the bank's own.
    Banks with the same examples share one model. Raises `SkillFileError`, and `ModuleNotFoundError` without the
    packages of the extra [speech].
    """
    skills = load_skills(folder, tools)
    known = load_skills(folder, ())
    if any(tool.name not in known for tool in tools):
        skills = _with_packaged_examples(skills, known, _load(known))
    return LoadedSkills(skills, _load(skills))


def _load(skills: Mapping[str, Skill]) -> UnderstandingModel:
    return load_once(_model, tuple((name, skill.examples) for name, skill in sorted(skills.items())))


def _model(examples: tuple[tuple[str, tuple[str, ...]], ...]) -> UnderstandingModel:
    return UnderstandingModel(dict(examples))


def _with_packaged_examples(
    skills: Mapping[str, Skill], known: Mapping[str, Skill], model: UnderstandingModel
) -> dict[str, Skill]:
    """Let the bank's tools serve the packaged skills that they are meant for under other names.

    A bank that has `raise_card_limit` lacks `set_card_limit`, but not what its customers want: the examples of the
    packaged skill are then those of the bank's tool. Where several tools serve one skill, each example goes to the
    tool that it is most similar to.
    """
    tools = {skill.tool for name, skill in skills.items() if name not in known}
    served: dict[str, list[Skill]] = {}
    for name, skill in skills.items():
        meant = None if name in known else known.get(_meant_by(skill, model))
        if meant is not None and meant.tool is not None and meant.tool not in tools - {skill.tool}:
            served.setdefault(meant.name, []).append(skill)
    result = {name: skill for name, skill in skills.items() if name not in served}
    for packaged, own in served.items():
        examples = known[packaged].examples
        nearest = model.nearest(examples, [skill.examples for skill in own])
        for number, skill in enumerate(own):
            more = [example for example, owner in zip(examples, nearest, strict=True) if owner == number]
            result[skill.name] = replace(
                skill,
                examples=tuple(dict.fromkeys([*skill.examples, *more])),
                urgent=skill.urgent or known[packaged].urgent,
            )
    return result


def _meant_by(skill: Skill, model: UnderstandingModel) -> str:
    """Return the packaged skill that the words of the bank's own skill are understood as; "" if it is none of them."""
    totals: dict[str, float] = defaultdict(float)
    examples = skill.examples[-MAX_EXAMPLES_COMPARED:]
    for example in examples:
        for name, probability in model.understand(example).ranking:
            totals[name] += probability / len(examples)
    best, total = max(totals.items(), key=lambda pair: pair[1])
    return best if best != NONE and total >= SAME_WISH_AT else ""
