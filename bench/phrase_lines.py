"""Counts the lines of patterns and phrase lists in banker/agents, which stand for understanding that is not learned.

    python -m bench.phrase_lines [FOLDER]

A line counts if it belongs to a call of the module `re`, or to a constant that lists three texts or more, be it a
collection or a text that is split. Not counted are dictionaries whose values are texts, because those are what is said;
and the modules of `SYNTAX`, which read no sentence of a customer or a model. Names that the program gives to its own
things, such as speech acts, are counted.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

AGENTS = Path(__file__).parents[1] / "banker" / "agents"
FEWEST_TEXTS = 3
SYNTAX = {
    "knowledge/pages.py",  # Markdown
    "llm/colleague.py",  # the declaration of a tool
    "llm/dialect.py",  # error messages of model servers
    "llm/reasoning_filter.py",  # markup and special tokens of models
    "llm/statements/training.py",  # slots of example sentences
    "scripted/skills/skill_files.py",  # names of files
    "scripted/forms/wording.py",  # values of results
}


def phrase_lines(folder: Path = AGENTS) -> Iterator[tuple[Path, int]]:
    """Yield each line that counts, once."""
    for file in sorted(folder.rglob("*.py")):
        if file.relative_to(folder).as_posix() in SYNTAX:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        nodes = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and _lists_words(node)]
        nodes += [node for node in ast.walk(tree) if _is_pattern(node)]
        lines = {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
        yield from ((file, line) for line in sorted(lines))


def _is_pattern(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr != "escape"
    )


def _lists_words(node: ast.Assign | ast.AnnAssign) -> bool:
    """Return whether a constant is a collection of three texts or more, or a text that is split into as many."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets) or _is_said(node.value):
        return False
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    is_list = any(isinstance(part, ast.Tuple | ast.List | ast.Set | ast.Dict) for part in ast.walk(node))
    is_split = any(isinstance(part, ast.Attribute) and part.attr.startswith("split") for part in ast.walk(node))
    longest = max((len(text.split()) for text in texts), default=0)
    return (is_list and len(texts) >= FEWEST_TEXTS) or (is_split and longest >= FEWEST_TEXTS)


def _is_said(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Dict) and all(isinstance(each, ast.Constant) for each in value.values)


if __name__ == "__main__":
    for path, number in phrase_lines(*(Path(name) for name in sys.argv[1:])):
        print(f"{path}:{number}: {path.read_text(encoding='utf-8').splitlines()[number - 1].strip()}")
