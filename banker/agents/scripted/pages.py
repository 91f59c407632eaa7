"""Answers from the bank's pages, and the question which of two topics is meant."""

from collections.abc import AsyncIterator, Mapping
from typing import Literal

from banker.agents.knowledge import Passage
from banker.agents.scripted.sentence_stream import words
from banker.agents.scripted.turn import ScriptedTurn


async def answer_or(turn: ScriptedTurn, otherwise: AsyncIterator[str]) -> AsyncIterator[str]:
    """Say what the pages answer, or offer the topics that may be meant, or else say `otherwise`."""
    finding = await turn.context.look_up(turn.said)
    if finding.answer is not None:
        yield _cited(turn, finding.answer)
    elif finding.offers:
        turn.notes.misses = 0
        first, *others = finding.offers
        names = {"first": _in_sentence(first.title)}
        turn.ask("pages", topics=" ".join(passage.topic for passage in finding.offers))
        if others:
            yield turn.text("offer_pages", **names, second=_in_sentence(others[0].title))
        else:
            yield turn.text("offer_page", **names)
    else:
        async for sentence in otherwise:
            yield sentence


async def choice(
    turn: ScriptedTurn, asked: Mapping[str, str], plain: Literal["yes", "no"] | None
) -> AsyncIterator[str] | None:
    """Return the answer to the topic that the user chose of those offered; None if the words are about something else.

    A plain yes to two topics takes the nearer one.
    """
    if plain == "no":
        return words(turn.text("page_not_meant"))
    text = "the first one" if plain == "yes" else turn.said
    topics = asked.get("topics", "").split()
    finding = await turn.context.look_up(text, topics)
    if finding.answer is None or finding.answer.topic not in topics:
        return None
    return words(_cited(turn, finding.answer))


def _cited(turn: ScriptedTurn, passage: Passage) -> str:
    turn.notes.misses = 0
    turn.context.cite(passage)
    return passage.text


def _in_sentence(title: str) -> str:
    """Return a heading as a part of a sentence: "How long a transfer takes" in lower case, "PIN" as it is."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title
