"""The values of knowledge: a passage of the bank's pages, and what a search of the pages found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """One paragraph of a page, as it is said."""

    topic: str
    """The anchor of the heading above it. Unique in the folder; several paragraphs may share it."""
    title: str
    """The heading."""
    text: str
    """Plain text, without Markdown."""
    url: str | None = None
    """Where the passage stands in the bank's pages, if the tenant has `knowledge.url`."""
    questions: tuple[str, ...] = ()
    """How customers ask for the topic, from the page's `asked` comment."""
    score: float = 0.0
    """How well the passage fits the question: 0 for nothing in common, about 1 for the same words."""


@dataclass(frozen=True)
class Finding:
    """What the pages say to a question: an answer, or up to two topics that may be meant, or neither."""

    answer: Passage | None = None
    offers: tuple[Passage, ...] = ()
    nearest: tuple[Passage, ...] = ()
    """The best passages, one a topic, that score enough to be offered. The answer is the first of them."""
    likely: Passage | None = None
    """Without an answer: the first passage, if it would answer but for the next one, which is about as near."""
