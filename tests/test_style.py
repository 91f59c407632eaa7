"""Prose in the code and in the documentation avoids phrases that cost the reader a second reading."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ADVICE = {
    r"\b(?:is|are|was|were|be|been|being) told\b": "say who tells, or use reported, shown or passed",
    r"\bso (?:many|long)\b": "give the number, the time or the condition",
    r"\bof one's own\b": "write separate, or name the owner",
    r"(?<!there\s)(?<!which\s)\bis no (?!longer\b|more than\b|one\b)[a-z]": "write is not a, or cannot",
    r"\bwhat is \w+(?: \w+){0,3} is\b": "name the subject",
}
"""Banned phrases as regular expressions, and what to write instead."""

PATTERNS = (
    "*.md",
    "docs/*.md",
    "config/**/*.toml",
    "examples/**/*.html",
    "*.py",
    "banker/**/*.py",
    "examples/**/*.py",
    "tests/**/*.py",
)
EXCLUDED = (
    "tests/test_style.py",
    "banker/speech/",
    "tests/speech/",
)

Block = tuple[int, str]
"""A piece of prose with the number of its first line."""


def comments(source: str) -> Iterator[Block]:
    """Yield adjacent lines of comments as one block, so that a phrase is found across a line break."""
    found = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT]
    for _, group in groupby(enumerate(found), lambda item: item[1].start[0] - item[0]):
        tokens = [token for _, token in group]
        yield tokens[0].start[0], "\n".join(token.string.lstrip("# ") for token in tokens)


def strings(source: str, only_docstrings: bool) -> Iterator[Block]:
    """Yield string literals. Those of tests are often what customers say, so tests are checked in docstrings only."""
    for node in ast.walk(ast.parse(source)):
        literal = node.value if isinstance(node, ast.Expr) else None if only_docstrings else node
        if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
            yield literal.lineno, literal.value


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text()
    if path.suffix != ".py":
        yield 1, text
        return
    yield from comments(text)
    yield from strings(text, only_docstrings=path.is_relative_to(ROOT / "tests"))


def violations(path: Path) -> list[str]:
    found = set()
    for first, text in blocks(path):
        for phrase, advice in ADVICE.items():
            for match in re.finditer(phrase.replace(" ", r"\s+"), text, re.IGNORECASE):
                line = first + text.count("\n", 0, match.start())
                found.add(f"{path.relative_to(ROOT)}:{line}: “{' '.join(match[0].split())}”: {advice}")
    return sorted(found)


def prose_files() -> list[Path]:
    files = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(path for path in files if not str(path.relative_to(ROOT)).startswith(EXCLUDED))


def test_no_banned_phrase_is_used() -> None:
    assert [line for path in prose_files() for line in violations(path)] == []


@pytest.mark.parametrize(
    ("text", "number_of_lines"),
    [
        ('"""The listener is\ntold that speech continues."""', 1),
        ("# So\n# many seconds, and so long.", 2),
        ('x = "This is no WebSocket handshake."', 1),
        ('x = "There is no such tool, and it is no longer there."', 0),
    ],
)
def test_banned_phrases_are_found_across_lines_in_comments_and_strings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, number_of_lines: int
) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "module.py").write_text(text)
    assert len(violations(tmp_path / "module.py")) == number_of_lines
