"""Loads the skills of a bank and the model that understands them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from banker.agents.scripted.skills.model import UnderstandingModel
from banker.agents.scripted.skills.skill_files import Skill, load_skills
from banker.process_cache import load_once
from banker.tools.base import ToolSpec


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
    examples = tuple((name, skill.examples) for name, skill in sorted(skills.items()))
    return LoadedSkills(skills, load_once(_model, examples))


def _model(examples: tuple[tuple[str, tuple[str, ...]], ...]) -> UnderstandingModel:
    return UnderstandingModel(dict(examples))
