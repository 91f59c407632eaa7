"""Replies to an utterance that was not understood, or understood with doubt."""

from collections.abc import AsyncIterator

from banker.agents.scripted.intents import TICKET_TOOL, tool_of
from banker.agents.scripted.tickets.subjects import clean_details
from banker.agents.scripted.turn import ScriptedTurn


async def ask_back(turn: ScriptedTurn, intent: str) -> AsyncIterator[str]:
    """Ask whether a doubtful wish is meant, if it can be granted; a lost card and a human always get an answer."""
    tool = tool_of(intent)
    if tool is None or intent in ("lost_card", "human") or turn.spec(tool) is not None:
        turn.ask("mean", intent=intent, text=clean_details(turn.said))
        yield turn.text("do_you_mean", wish=turn.text(f"wish_{intent}"))
    else:
        async for sentence in miss(turn):
            yield sentence


async def miss(turn: ScriptedTurn) -> AsyncIterator[str]:
    """Say so; the second time in a row offer a ticket, where there are tickets."""
    turn.notes.misses += 1
    if turn.notes.misses < 2:
        yield turn.text("not_understood")
    elif turn.spec(TICKET_TOOL) is not None:
        turn.ask("offer_ticket")
        yield turn.text("offer_ticket")
    else:
        yield turn.text("give_up")
