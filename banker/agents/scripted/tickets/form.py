"""Tickets: collects the fields over several turns, calls the tool and reports the result."""

import re
from collections.abc import AsyncIterator

from banker.agents.scripted.dialogue_state import Ticket
from banker.agents.scripted.intents import TICKET_TOOL
from banker.agents.scripted.tickets.subjects import clean_details, subject_and_details
from banker.agents.scripted.turn import ScriptedTurn, reason_of
from banker.tools.base import ToolResult

_ANOTHER = re.compile(r"\b(?:another|new|second|different)\b", re.IGNORECASE)
_DETOURS = 2
"""How often a reply that is not about the ticket comes back to it."""
_OPEN = {"ticket": "ticket_open", "lost_card": "lost_card_open", "call_back": "call_back_open"}


async def start(turn: ScriptedTurn, text: str) -> AsyncIterator[str]:
    """Begin a ticket, or go on with the one that was left lying."""
    if turn.spec(TICKET_TOOL) is None:
        yield turn.text("ticket_denied")
        return
    turn.on_ticket = True
    subject, details = subject_and_details(text)
    old = turn.notes.ticket
    if subject or old is None or _ANOTHER.search(text):
        turn.notes.ticket = Ticket(stage="subject", subject=subject, details=details)
    async for sentence in go_on(turn):
        yield sentence


async def go_on(turn: ScriptedTurn) -> AsyncIterator[str]:
    """Ask for what the ticket lacks, or use the tool."""
    ticket, turn.on_ticket = turn.notes.ticket, True
    if ticket is None:
        return
    if not ticket.subject:
        ticket.stage = "subject"
        turn.keep()
        yield turn.text("ask_subject")
    elif not ticket.details and ticket.stage in ("subject", "details"):
        ticket.stage = "details"
        turn.keep()
        yield turn.text("ask_details")
    else:
        async for sentence in hand_in(turn):
            yield sentence


async def urgent(turn: ScriptedTurn, kind: str) -> AsyncIterator[str]:
    """A lost card or a call-back: everything is known, so a ticket is offered at once."""
    spec = turn.spec(TICKET_TOOL)
    if spec is None:
        yield turn.text("lost_card_without_ticket" if kind == "lost_card" else "human_without_ticket")
        return
    turn.on_ticket = True
    lost = kind == "lost_card"
    subject = turn.text("lost_card_subject" if lost else "call_back_subject")
    turn.notes.ticket = Ticket("lost_card" if lost else "call_back", "ready", subject, clean_details(turn.said))
    turn.ask("ready")
    yield turn.text("lost_card" if lost else "call_back")
    if spec.confirm:
        async for sentence in hand_in(turn):
            yield sentence
    else:
        yield turn.text("offer_lost_card" if lost else "offer_call_back")


async def cancel(turn: ScriptedTurn) -> AsyncIterator[str]:
    """Drop what was begun."""
    dropped, turn.notes.ticket = turn.notes.ticket, None
    turn.keep()
    yield turn.text("ticket_cancelled" if dropped else "cancelled" if turn.notes.topic else "nothing_to_cancel")


async def come_back(turn: ScriptedTurn) -> AsyncIterator[str]:
    """After something else was answered: come back to the ticket that is not open yet, but not for ever."""
    ticket = turn.notes.ticket
    if ticket is None or turn.notes.asked or turn.on_ticket:
        return
    ticket.detours += 1
    if ticket.detours > _DETOURS:
        ticket.stage = "parked"
    elif ticket.stage in ("subject", "details"):
        yield turn.text(f"ask_{ticket.stage}_again")
    elif ticket.stage in ("ready", "asked"):
        ticket.stage = "ready"
        turn.ask("ready")
        yield turn.text("ticket_waiting")
    turn.keep()


async def hand_in(turn: ScriptedTurn) -> AsyncIterator[str]:
    """Use the tool; where it waits for the user's yes, the conversation asks the question."""
    ticket, turn.on_ticket = turn.notes.ticket, True
    if ticket is None:
        return
    ticket.stage, ticket.detours, turn.notes.asked = "ready", 0, {}
    outcome = await turn.use(TICKET_TOOL, {"subject": ticket.subject, "details": ticket.details})
    if outcome.status == "asked":
        ticket.stage = "asked"
    for sentence in told(turn, outcome):
        yield sentence
    turn.keep()


def told(turn: ScriptedTurn, outcome: ToolResult) -> list[str]:
    """How a ticket went, in sentences; a ticket that is settled one way or the other is forgotten."""
    ticket = turn.notes.ticket
    match outcome.status:
        case "asked":
            return []
        case "dropped":
            if ticket is not None:
                ticket.stage = "parked"
            turn.keep()
            return []
        case "ok":
            number = _number(outcome)
            text = turn.text(_OPEN[ticket.kind if ticket else "ticket"], ticket=number) if number else ""
            sentences = [text or turn.text("ticket_open_unnumbered"), turn.text("anything_else")]
            turn.ask("anything_else")
        case "invalid":
            turn.notes.ticket = Ticket()
            turn.keep()
            return [turn.text("ticket_invalid")]
        case status:
            sentences = [turn.text(f"ticket_{status}")]
            if status == "failed" and (reason := reason_of(outcome)):
                sentences.append(reason)
    turn.notes.ticket = None
    turn.keep()
    return sentences


def _number(outcome: ToolResult) -> str:
    value = outcome.value
    if isinstance(value, dict):
        keys = ("ticket_id", "ticket", "ticket_number", "id", "number", "reference")
        value = next((value[key] for key in keys if isinstance(value.get(key), str | int)), "")
    number = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return number if len(number) <= 40 and number.replace("-", "").replace("_", "").isalnum() else ""
