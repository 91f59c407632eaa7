"""The bank's help pages: the Markdown files that the banker answers from, at /help and /help/<page>#<topic>."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, abort, render_template
from markupsafe import Markup, escape

PAGES = Path(__file__).parents[2] / "config" / "knowledge" / "demo"

_ANCHOR = re.compile(r"\s*\{#([\w-]+)\}$")
_LINK = re.compile(r"\[([^\]]+)\]\((/[^)\s/][^)\s]*|https://[^)\s]+)\)")
_EMPHASIS = re.compile(r"\*\*(.+?)\*\*")


def add_help_pages(app: Flask) -> None:
    """Add the pages. They are public, as a bank's help pages are."""

    @app.get("/help")
    def help_index() -> Any:
        pages = [(path.stem, _title(path.read_text(encoding="utf-8"))) for path in sorted(PAGES.glob("*.md"))]
        return render_template("help.html", title="Help", pages=pages)

    @app.get("/help/<page>")
    def help_page(page: str) -> Any:
        path = {path.stem: path for path in PAGES.glob("*.md")}.get(page)
        if path is None:
            abort(404, "There is no such help page.")
        text = path.read_text(encoding="utf-8")
        return render_template("help.html", title=_title(text), content=rendered(text))


def rendered(markdown: str) -> Markup:
    """Return HTML of our own pages: headings with anchors, paragraphs, lists, links and bold text; the rest is text."""
    text = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)
    return Markup("\n").join(_blocks(text))


def _blocks(text: str) -> Iterator[Markup]:
    for block in re.split(r"\n\s*\n|\n(?=#)|(?<=\})\n", text):
        lines = block.strip().splitlines()
        if not lines or lines[0].startswith("# "):  # the template shows the title
            continue
        if lines[0].startswith("## "):
            heading = lines[0].removeprefix("## ")
            anchor = _ANCHOR.search(heading)
            name = Markup(' id="{}"').format(anchor[1]) if anchor else Markup()
            yield Markup("<h2{}>{}</h2>").format(name, _inline(_ANCHOR.sub("", heading)))
        elif all(line.startswith("- ") for line in lines):
            items = (Markup("<li>{}</li>").format(_inline(line.removeprefix("- "))) for line in lines)
            yield Markup("<ul>{}</ul>").format(Markup().join(items))
        else:
            yield Markup("<p>{}</p>").format(_inline(" ".join(lines)))


def _inline(text: str) -> Markup:
    html = _LINK.sub(r'<a href="\2">\1</a>', str(escape(text)))
    return Markup(_EMPHASIS.sub(r"<strong>\1</strong>", html))  # noqa: S704 - escaped above


def _title(markdown: str) -> str:
    return markdown.partition("\n")[0].removeprefix("# ").strip()
