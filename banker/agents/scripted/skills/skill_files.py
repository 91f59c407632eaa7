"""Reads skills (what customers may want) from TOML files that a bank can change and add to.

A skill without a tool at this bank is read too, so that the agent recognises the request and honestly says that it
can't be served here.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from marshmallow.validate import OneOf

from banker.agents.scripted.skills.examples import read_lines
from banker.config.dataclass_schema import key, must, parse
from banker.speech.tts.manner import WISHES
from banker.tools.base import ToolSpec

PACKAGED = Path(__file__).with_name("packaged")
NOT_HERE = "I'm afraid I can't {title} here. A colleague can help you by phone or at a branch."
"""What is said of a skill whose tool the bank lacks and which has no text for that; {title} is the skill's."""

_MAX_TEXT = 600  # characters; about a minute of speech
_MAX_EXAMPLE = 300  # characters; the encoders read no more than about 60 words of a sentence
_MAX_CHOICES = 6  # of an argument; each makes a sentence
_LINKING = re.compile(r"^(?:(?:to|into|for|of|a|an|the|my)\s+)+")
_ARTICLE = re.compile(r"^(?:an?|the|my|your)\s+")
_FILE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class SkillFileError(ValueError):
    """Skill files have mistakes. The message has a line for each: file, key, what to fix."""


@dataclass(frozen=True)
class Skill:
    """Something that a customer may want, served by a tool of the bank or by an answer."""

    name: str
    tool: str | None
    """The tool that serves the skill, which may be one that this bank lacks; None for a skill with an answer."""
    title: str
    """Completes "I can't … here" and "Do you mean: …?", as in "transfer money"."""
    examples: tuple[str, ...] = ()
    ask: Mapping[str, str] = field(default_factory=dict)
    """The question for a parameter of the tool, by its name."""
    says: str | None = None
    """How a result is said; `{key}` stands for a value of it."""
    says_none: str | None = None
    """The sentence for a result that is an empty list or has one."""
    each: str | None = None
    """How a row of a list in the result is said; `{key}` stands for a value of the row."""
    answer: str | None = None
    """The answer of a skill without a tool."""
    not_here: str = "I'm sorry, I can't do that here."
    """What is said if the bank lacks the tool: honest, and with another way to get it done."""
    voice: str | None = None
    """How a skill without a tool changes the voice of this conversation: one of `speech.tts.manner.WISHES`."""
    urgent: bool = False
    """Whether this skill is served first if the customer wants several things."""
    ticket: bool = False
    """Whether a ticket is offered after `answer` or `not_here`, so that a colleague helps."""


def load_skills(folder: Path | None, tools: Sequence[ToolSpec]) -> Mapping[str, Skill]:
    """Return the skills by name: the packaged ones, those in the bank's `folder`, and one for each other tool.

    A file in `folder` that is named like a packaged skill replaces the keys that it has and adds its examples. The
    examples, questions and `says` of a tool's declaration are added to the skill of the tool's name, or make a new
    skill. Raises `SkillFileError`.
    """
    mistakes: list[str] = []
    skills = dict(_packaged())
    if folder is not None:
        packaged = _read_folder(PACKAGED, mistakes)
        own = {
            name: _merged(packaged.get(name, {}), content) for name, content in _read_folder(folder, mistakes).items()
        }
        skills |= _parsed(folder, own, mistakes)
    if mistakes:
        raise SkillFileError("\n".join(mistakes))
    for tool in tools:
        skills[tool.name] = _of_tool(tool, skills)
    return skills


@cache
def _packaged() -> Mapping[str, Skill]:
    """Return the skills of the package, which are read once: they take a tenth of a second."""
    mistakes: list[str] = []
    skills = _parsed(PACKAGED, _read_folder(PACKAGED, mistakes), mistakes)
    if mistakes:
        raise SkillFileError("\n".join(mistakes))
    return skills


def _parsed(folder: Path, contents: Mapping[str, Any], mistakes: list[str]) -> dict[str, Skill]:
    skills = {}
    for name, content in contents.items():
        try:
            skills[name] = _skill(name, parse(SkillFile, content))
        except ValueError as error:
            mistakes += [f"{folder / name}.toml: {line}" for line in str(error).splitlines()]
    return skills


def skill_mistakes(folder: Path | None) -> list[str]:
    """Return a line for each mistake in the bank's skill files: file, key, what to fix."""
    try:
        load_skills(folder, ())
    except SkillFileError as error:
        return str(error).splitlines()
    return []


def _is_template(text: str) -> bool:
    try:
        return all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(text))
    except ValueError:
        return False


_TEXT = must(lambda text: 0 < len(text.strip()) <= _MAX_TEXT, f"must have 1 to {_MAX_TEXT} characters")
_TEMPLATE = must(
    lambda text: 0 < len(text.strip()) <= _MAX_TEXT and _is_template(text),
    f"must have 1 to {_MAX_TEXT} characters, with placeholders like {{amount}}",
)


@dataclass(frozen=True)
class SkillFile:
    """The keys of a skill file."""

    title: str = key(check=_TEXT)
    examples: tuple[str, ...] = key(
        check=must(
            lambda lines: lines and all(0 < len(line.strip()) <= _MAX_EXAMPLE for line in lines),
            f"must have sentences of 1 to {_MAX_EXAMPLE} characters",
        )
    )
    tool: str | None = key(None, check=_TEXT)
    answer: str | None = key(None, check=_TEXT)
    ask: dict[str, str] = key(
        factory=dict, check=must(lambda ask: all(text.strip() for text in ask.values()), "has an empty question")
    )
    says: str | None = key(None, check=_TEMPLATE)
    says_none: str | None = key(None, check=_TEXT)
    each: str | None = key(None, check=_TEMPLATE)
    not_here: str | None = key(None, check=_TEXT)
    voice: str | None = key(None, check=OneOf(tuple(WISHES), error="must be one of: {choices}"))
    urgent: bool = key(False)
    ticket: bool = key(False)


def _read_folder(folder: Path, mistakes: list[str]) -> dict[str, dict[str, Any]]:
    """Return the content of each TOML file by its name without the suffix, and append what is wrong to `mistakes`."""
    if not folder.is_dir():
        mistakes.append(f"{folder}: the folder does not exist; create it, or remove the key")
        return {}
    contents = {}
    for file in sorted(folder.glob("*.toml")):
        if not _FILE_NAME.fullmatch(file.stem) or file.stem == "none":
            mistakes.append(f"{file}: the name must have 1 to 64 characters of a-z 0-9 _, and must not be none.toml")
            continue
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
            more = read_lines(file.with_suffix(".txt")) if file.with_suffix(".txt").is_file() else []
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            mistakes.append(f"{file}: is not valid TOML: {error}")
            continue
        except OSError as error:
            mistakes.append(f"{file}: cannot be read: {error.strerror}")
            continue
        examples = content.get("examples", [])
        if isinstance(examples, str):
            examples = [line.strip() for line in examples.splitlines() if line.strip()]
        if examples or more:
            content["examples"] = [*examples, *more] if isinstance(examples, list) else examples
        contents[file.stem] = content
    return contents


def _merged(packaged: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**packaged, **own}
    if isinstance(packaged.get("ask"), dict) and isinstance(own.get("ask"), dict):
        merged["ask"] = {**packaged["ask"], **own["ask"]}
    if packaged.get("examples") and isinstance(own.get("examples"), list):
        merged["examples"] = [*packaged["examples"], *own["examples"]]
    return merged


def _skill(name: str, content: SkillFile) -> Skill:
    values = {each.name: getattr(content, each.name) for each in fields(content)}
    return Skill(
        name=name,
        **{
            **values,
            "examples": tuple(dict.fromkeys(content.examples)),
            "not_here": content.not_here or NOT_HERE.format(title=content.title),
        },
    )


def _of_tool(tool: ToolSpec, skills: Mapping[str, Skill]) -> Skill:
    """Return the skill of a tool: the one of its name with what the declaration adds, or a new one."""
    skill = skills.get(tool.name)
    if skill is not None:
        return replace(
            skill,
            tool=tool.name,
            examples=tuple(dict.fromkeys([*skill.examples, *tool.examples])),
            ask={**skill.ask, **tool.ask},
            says=tool.says or skill.says,
        )
    words = " ".join(tool.name.replace("_", " ").replace("-", " ").split())
    sentence = tool.description.strip().split(". ")[0].rstrip(".")
    title = sentence[:1].lower() + sentence[1:] if sentence and len(sentence) <= _MAX_EXAMPLE else words
    made = [*_with_its_object(words, title, tool), words, title, f"I want to {title}", f"can you {title}"]
    return Skill(
        name=tool.name,
        tool=tool.name,
        title=title,
        examples=tuple(dict.fromkeys([*tool.examples, *made])),
        ask=dict(tool.ask),
        says=tool.says,
        not_here=NOT_HERE.format(title=title),
    )


def _with_its_object(words: str, title: str, tool: ToolSpec) -> list[str]:
    """Return sentences made of what a tool is about: its name and title without the verb, and its fixed choices."""
    name = _LINKING.sub("", words.partition(" ")[2])
    things = [thing for thing in (name, _ARTICLE.sub("", title.partition(" ")[2])) if thing]
    required = [each for each in tool.parameter_types.values() if each.required]
    choices = [choice for each in required if each.kind == "choice" for choice in each.choices[:_MAX_CHOICES]]
    made = [frame.format(thing=thing) for thing in things for frame in ("{thing}", "{thing} please", "I need {thing}")]
    made += [f"{title}, {(choice.names or (choice.value,))[0]}" for choice in choices]
    if name and any(each.kind == "boolean" for each in required):
        made += [f"turn {side} {name}" for side in ("on", "off")] + [f"{side} {name}" for side in ("enable", "disable")]
    return made
