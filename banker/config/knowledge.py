"""`[knowledge]` in a tenant's file: the folder of its Markdown pages, and where customers find them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Formatter

from marshmallow.validate import Length

from banker.config.checks import url_parts
from banker.config.dataclass_schema import key, must


def _is_page_url(value: str) -> bool:
    try:
        names = {name for _, name, spec, conversion in Formatter().parse(value) if name is not None or spec}
    except ValueError:
        return False
    is_local = value.startswith("/") and not value.startswith(("//", "/\\"))
    return names <= {"page", "topic"} and (is_local or bool(value.startswith("https://") and url_parts(value).hostname))


@dataclass(frozen=True)
class KnowledgeSettings:
    """`folder` is a folder in `config/knowledge/`; by default it is named after the tenant and need not exist.

    `url` is the address of a passage, with the placeholders `{page}` (the file's name without `.md`) and `{topic}` (the
    anchor of its heading). Without it, answers have no links.
    """

    folder: str | None = key(None, check=Length(min=1, max=1000, error="must be the name of a folder"))
    url: str | None = key(
        None,
        check=must(_is_page_url, 'must be https:// or a path of the same host, such as "/help/{page}#{topic}"'),
    )
    path: Path | None = field(default=None, metadata={"internal": True})


def resolve(
    where: str, knowledge: KnowledgeSettings, tenant_id: str, folder: Path, mistakes: list[str]
) -> KnowledgeSettings:
    """Find the pages in `folder`, `config/knowledge`. `where`, "demo.toml: knowledge.", begins each mistake line."""
    path = folder / (knowledge.folder or tenant_id)
    if any(path.glob("*.md")):
        return replace(knowledge, path=path)
    if knowledge.folder is not None:
        mistakes.append(f"{where}folder: there is no .md file in {path}; add one or remove the key")
    return knowledge
