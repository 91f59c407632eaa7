"""Reads a tenant's pages, Markdown files with one H1 for the page and an H2 for each topic (docs/knowledge.md)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from banker.agents.knowledge.passage import Passage
from banker.config.settings import Config
from banker.config.tenant import KnowledgeSettings

MAX_PASSAGE_CHARACTERS = 1000
"""A minute of speech, like the texts in a tenant's file."""

_PAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ANCHOR = re.compile(r"\s*\{#([A-Za-z0-9][A-Za-z0-9_-]*)\}\s*$")
_NOT_SPOKEN = (
    (re.compile(r"#"), "only # for the page and ## for a topic are read; use one of them"),
    (re.compile(r"(?:[-*+]|\d+[.)])\s"), "a list cannot be spoken; write sentences"),
    (re.compile(r"\|"), "a table cannot be spoken; write sentences"),
    (re.compile(r"```|~~~"), "code cannot be spoken; write sentences"),
    (re.compile(r">"), "a quotation is not read; write a paragraph"),
    (re.compile(r"<"), "HTML cannot be spoken; only <!-- comments --> are allowed"),
    (re.compile(r"!\["), "a picture cannot be spoken; write sentences"),
    (re.compile(r"(?:-{3,}|={3,}|\*{3,})$"), "a rule or an underlined heading is not read; remove it or use #"),
)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1")


@dataclass
class _Section:
    """The H2 that is being read."""

    line: int
    title: str
    topic: str
    questions: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)


def knowledge_mistakes(config: Config) -> list[str]:
    """Return every mistake in the tenants' pages, one line each, with file, line and fix."""
    mistakes: list[str] = []
    for tenant in config.tenants.values():
        read_pages(tenant.knowledge, mistakes)
    return list(dict.fromkeys(mistakes))  # tenants may share a folder


def read_pages(settings: KnowledgeSettings, mistakes: list[str]) -> list[Passage]:
    """Return the passages of a tenant's folder in the order of the files, and append the mistakes in them."""
    if settings.path is None:
        return []
    passages: list[Passage] = []
    first_use: dict[str, str] = {}
    for path in sorted(settings.path.glob("*.md")):
        for section in _read_page(path, mistakes):
            where = f"{path}: line {section.line}"
            other = first_use.setdefault(section.topic, where)
            if other != where:
                mistakes.append(f"{where}: the anchor {section.topic} is taken by {other}; give it another {{#anchor}}")
            url = settings.url.format(page=path.stem, topic=section.topic) if settings.url else None
            passages += [
                Passage(section.topic, section.title, text, url, tuple(section.questions))
                for text in section.paragraphs
            ]
    return passages


def _read_page(path: Path, mistakes: list[str]) -> list[_Section]:
    if not _PAGE_NAME.fullmatch(path.stem):
        mistakes.append(f"{path}: the name is part of a URL; use letters, digits, - and _")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        mistakes.append(f"{path}: cannot be read as UTF-8 text: {error}")
        return []
    sections: list[_Section] = []
    has_title = False
    for line, block in _blocks(path, text, mistakes):
        where = f"{path}: line {line}"
        if block.startswith("# "):
            if has_title:
                mistakes.append(f"{where}: a page has one # title; use ## for a topic or another file")
            has_title = True
        elif not has_title:
            mistakes.append(f"{where}: a page begins with its title; put a line such as # Cards first")
            return []
        elif block.startswith("## "):
            sections.append(_section(where, line, block, mistakes))
        elif not sections:
            mistakes.append(f"{where}: stands above the first topic; put a ## heading before it")
        elif block.startswith("<!--"):
            sections[-1].questions += _questions(block)
        else:
            sections[-1].paragraphs += _paragraph(where, block, mistakes)
    if not has_title:
        mistakes.append(f"{path}: is empty; write a # title, ## topics and paragraphs, or remove the file")
    mistakes += [
        f"{path}: line {section.line}: the topic has no paragraph; write what is answered, or remove the heading"
        for section in sections
        if not section.paragraphs
    ]
    return sections


def _blocks(path: Path, text: str, mistakes: list[str]) -> Iterator[tuple[int, str]]:
    """Yield each heading, comment and paragraph with the number of its first line."""
    block: list[str] = []
    begun = 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        in_comment = bool(block) and block[0].startswith("<!--")
        if in_comment:
            block.append(line.strip())
        if block and ((in_comment and "-->" in line) or (not in_comment and (not line.strip() or _begins_block(line)))):
            yield begun, "\n".join(block)
            block = []
        if in_comment or not line.strip():
            continue
        if not block:
            begun = number
        block.append(line.strip())
        if line.startswith("#") or (line.startswith("<!--") and "-->" in line):
            yield begun, "\n".join(block)
            block = []
    if block:
        mistakes.append(f"{path}: line {begun}: the comment has no end; close it with -->")


def _begins_block(line: str) -> bool:
    return line.startswith(("#", "<!--"))


def _section(where: str, line: int, block: str, mistakes: list[str]) -> _Section:
    heading = block.removeprefix("## ")
    anchor = _ANCHOR.search(heading)
    title = _plain(_ANCHOR.sub("", heading))
    if not title:
        mistakes.append(f"{where}: the heading is empty; write what the topic is")
    topic = anchor[1] if anchor else re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return _Section(line, title, topic)


def _questions(comment: str) -> list[str]:
    lines = comment.removeprefix("<!--").removesuffix("-->").strip().splitlines()
    if not lines or lines[0].strip().lower() != "asked:":
        return []  # a remark of the authors
    return [line.strip() for line in lines[1:] if line.strip()]


def _paragraph(where: str, block: str, mistakes: list[str]) -> list[str]:
    for pattern, message in _NOT_SPOKEN:
        if any(pattern.match(line) for line in block.splitlines()):
            mistakes.append(f"{where}: {message}")
            return []
    text = _plain(block)
    if len(text) > MAX_PASSAGE_CHARACTERS:
        mistakes.append(f"{where}: has {len(text)} characters; split it, at most {MAX_PASSAGE_CHARACTERS} can be said")
        return []
    return [text]


def _plain(markdown: str) -> str:
    """Return the words without links and emphasis, on one line."""
    return " ".join(_EMPHASIS.sub(r"\2", _LINK.sub(r"\1", markdown)).split())
