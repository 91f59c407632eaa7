"""The values of knowledge: a passage of the bank's pages, and the result of a search."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """One paragraph of a page, as it is spoken."""

    topic: str
    """The anchor of the heading above it. Unique in the folder; several paragraphs may share it."""
    title: str
    """The heading."""
    text: str
    """Plain text, without Markdown."""
    url: str | None = None
    """The address of the passage, if the tenant has `knowledge.url`."""
    questions: tuple[str, ...] = ()
    """How customers ask for the topic, from the page's `asked` comment."""
    score: float = 0.0
    """How well the passage fits the question: 0 for nothing in common, about 1 for the same words."""


@dataclass(frozen=True)
class Finding:
    """The result of a search: an answer, up to two topics that may be meant, or neither."""

    answer: Passage | None = None
    offers: tuple[Passage, ...] = ()
    nearest: tuple[Passage, ...] = ()
    """The best passages that score enough to be offered, one per topic. The answer is the first."""
    likely: Passage | None = None
    """Without an answer: the first passage, if only a second one with a similar score kept it from being the answer."""
