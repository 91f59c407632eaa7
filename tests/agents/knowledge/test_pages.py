"""Reading Markdown pages: what is a passage, and how each mistake is reported."""

from pathlib import Path

import pytest

from banker.agents.knowledge import Passage, read_pages
from banker.config.tenant import KnowledgeSettings

CARDS = """# Cards

## A lost card {#lost}
<!-- asked:
my card is gone
where's my card?
-->

Freeze it **at once**, here or
[in the app](https://bank.example/app).

Then order a new one.

<!-- Ask the card team before you change this. -->

## Limits
You can pay up to $5,000 a day.
"""


def read(folder: Path, pages: dict[str, str], url: str | None = None) -> tuple[list[Passage], list[str]]:
    for name, text in pages.items():
        (folder / name).write_text(text)
    mistakes: list[str] = []
    passages = read_pages(KnowledgeSettings(path=folder, url=url), mistakes)
    return passages, [line.replace(f"{folder}/", "") for line in mistakes]


def test_each_paragraph_below_a_heading_is_a_passage(tmp_path: Path) -> None:
    passages, mistakes = read(tmp_path, {"cards.md": CARDS}, "/help/{page}#{topic}")
    asked = ("my card is gone", "where's my card?")
    assert mistakes == []
    assert passages == [
        Passage("lost", "A lost card", "Freeze it at once, here or in the app.", "/help/cards#lost", asked),
        Passage("lost", "A lost card", "Then order a new one.", "/help/cards#lost", asked),
        Passage("limits", "Limits", "You can pay up to $5,000 a day.", "/help/cards#limits"),
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "is empty; write a # title"),
        ("## Limits\n", "line 1: a page begins with its title"),
        ("# Cards\n\nWelcome.\n\n## Limits\n\nFew.\n", "line 3: stands above the first topic"),
        ("# Cards\n# Loans\n## Limits\nFew.\n", "line 2: a page has one # title"),
        ("# Cards\n## Limits\n## Fees\nNone.\n", "line 2: the topic has no paragraph"),
        ("# Cards\n## Limits\n- Few\n- Many\n", "line 3: a list cannot be spoken"),
        ("# Cards\n## Limits\nThese:\n1. Few\n", "line 3: a list cannot be spoken"),
        ("# Cards\n## Limits\n| a | b |\n", "line 3: a table cannot be spoken"),
        ("# Cards\n## Limits\n### More\nFew.\n", "line 3: only # for the page and ## for a topic"),
        ("# Cards\n## Limits\n<b>Few</b>\n", "line 3: HTML cannot be spoken"),
        ("# Cards\n## Limits\nFew.\n<!-- asked:\nhow many", "line 4: the comment has no end"),
        ("# Cards\n## Limits\n" + "Many words. " * 100, "line 3: has 1199 characters; split it"),
        ("# Cards\n## Limits\nFew.\n## Limits\nMany.\n", "line 4: the anchor limits is taken by cards.md: line 2"),
    ],
)
def test_a_mistake_is_one_line_with_the_file_the_place_and_the_fix(tmp_path: Path, text: str, mistake: str) -> None:
    _, mistakes = read(tmp_path, {"cards.md": text})
    assert any(line.startswith(f"cards.md: {mistake}") for line in mistakes), mistakes
    assert all("\n" not in line for line in mistakes)


def test_a_page_that_is_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "cards.md").write_bytes(b"# Caf\xe9")
    assert "cannot be read as UTF-8" in read(tmp_path, {})[1][0]
    assert "the name is part of a URL" in read(tmp_path, {"my cards.md": CARDS})[1][1]
