"""Loads the skills of a bank and the model that understands them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from banker.agents.skills.model import UnderstandingModel
from banker.agents.skills.skill_files import Skill, load_skills
from banker.tools.base import ToolSpec


@dataclass(frozen=True)
class LoadedSkills:
    """The skills of a bank by name, and the model that finds them in a sentence."""

    skills: Mapping[str, Skill]
    model: UnderstandingModel


def load_understanding(folder: Path | None, tools: Sequence[ToolSpec]) -> LoadedSkills:
    """Return the packaged skills with those of the bank's `folder` and of its `tools`, and the model for them.

    Takes under a second with the packaged examples, and some seconds where skills have examples of the bank's own.
    Raises `SkillFileError`, and `EncoderMissing` without the packages of the extra [speech].
    """
    skills = load_skills(folder, tools)
    return LoadedSkills(skills, UnderstandingModel({name: skill.examples for name, skill in skills.items()}))
