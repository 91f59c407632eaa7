"""Files and pages that the documentation names exist."""

import re

import pytest

from tests.servers import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page) -> None:
    text = page.read_text(encoding="utf-8")
    links = [page.parent / target for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text)]
    named = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|js|toml|conf|md))?)`", text)
    roots = (ROOT, ROOT / "banker")
    assert [str(link) for link in links if not link.exists()] == []
    assert [path for path in named if not any((root / path).exists() for root in roots)] == []
