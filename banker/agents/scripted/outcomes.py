"""Tells how a tool went that had waited for the user's confirmation."""

from collections.abc import Mapping
from typing import Any

from banker.agents.scripted.accounts.account_data import read_accounts
from banker.agents.scripted.accounts.answers import Accounts
from banker.agents.scripted.intents import ACCOUNT_TOOL, TICKET_TOOL
from banker.agents.scripted.tickets import form as tickets
from banker.agents.scripted.turn import ScriptedTurn
from banker.tools.base import ToolResult


def told(
    turn: ScriptedTurn, accounts: Accounts, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
) -> list[str]:
    """The sentences for an outcome: nothing is claimed that it does not say."""
    if outcome.status == "asked":
        return []
    if tool == TICKET_TOOL:
        return _ticket(turn, arguments, outcome)
    if tool == ACCOUNT_TOOL and outcome.status == "ok" and read_accounts(outcome.value):
        return accounts.describe(turn, outcome.value)
    same = {"invalid": "failed", "dropped": "declined"}
    return [turn.text(f"tool_{same.get(outcome.status, outcome.status)}")]


def _ticket(turn: ScriptedTurn, arguments: Mapping[str, Any], outcome: ToolResult) -> list[str]:
    """A ticket that the user has begun meanwhile is left as it is."""
    ticket = turn.notes.ticket
    other = ticket if ticket is not None and ticket.subject != arguments.get("subject") else None
    if other is not None:
        turn.notes.ticket = None
    sentences = tickets.told(turn, outcome)
    turn.notes.ticket = other or turn.notes.ticket
    return [turn.text("ticket_dropped")] if outcome.status == "dropped" else sentences
