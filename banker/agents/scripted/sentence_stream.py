"""Replies as streams of sentences."""

from collections.abc import AsyncIterator

from banker.agents.scripted.turn import ScriptedTurn


async def say(turn: ScriptedTurn, name: str) -> AsyncIterator[str]:
    """The tenant's sentence `name`."""
    yield turn.text(name)


async def words(*sentences: str) -> AsyncIterator[str]:
    """These sentences."""
    for sentence in sentences:
        yield sentence


async def spaced(turn: ScriptedTurn, sentences: AsyncIterator[str]) -> AsyncIterator[str]:
    """Sentences with spaces between them; the notes keep what was said and are in the memo before each piece."""
    said = ""
    async for sentence in sentences:
        piece = f" {sentence}" if said else sentence
        said += piece
        turn.notes.last = said
        turn.keep()
        yield piece
    turn.keep()


def last_words(turn: ScriptedTurn) -> str:
    """What the banker said last; the whole of it, also where it was cut off."""
    for record in reversed(turn.context.turns):
        if record.get("role") == "banker":
            text = str(record.get("text", ""))
            return turn.notes.last if record.get("interrupted") and turn.notes.last.startswith(text) else text
    return turn.notes.last
