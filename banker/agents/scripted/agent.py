"""The scripted agent: follows the talk through its notes, and hands each wish to what answers it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from datetime import date
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.scripted import fallback as misses
from banker.agents.scripted import pages
from banker.agents.scripted.accounts.answers import Accounts
from banker.agents.scripted.accounts.references import points_only
from banker.agents.scripted.dialogue_state import Ticket
from banker.agents.scripted.intents import WISHES, Recognised
from banker.agents.scripted.outcomes import told
from banker.agents.scripted.sentence_stream import last_words, say, spaced, words
from banker.agents.scripted.tickets import form as tickets
from banker.agents.scripted.tickets.collecting import meaning
from banker.agents.scripted.tickets.subjects import clean_details, edited, parted, subject_and_details
from banker.agents.scripted.turn import ScriptedTurn
from banker.text.en.assent import answer
from banker.tools.base import ToolResult

_TOOL_INTENTS = frozenset({"account_status", "lost_card", "open_ticket", "human"})


class ScriptedAgent:
    """A `Agent` without a model server.

    `recognise` finds the intent of an utterance; it takes milliseconds and runs in `executor` (None: the loop's own).
    `today` is the date of the bank. Nothing is kept here between turns: one agent serves every talk.
    """

    def __init__(
        self,
        recognise: Callable[[str], Recognised],
        *,
        executor: Executor | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._recognise = recognise
        self._executor = executor
        self._accounts = Accounts(today)

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        """Answer `context.user_text`, one sentence a piece."""
        turn = ScriptedTurn(context)
        async for piece in spaced(turn, self._answer(turn)):
            yield piece

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        """Tell how a tool went that had waited for the user's confirmation."""
        turn = ScriptedTurn(context)
        async for piece in spaced(turn, words(*told(turn, self._accounts, tool, arguments, outcome))):
            yield piece

    async def _answer(self, turn: ScriptedTurn) -> AsyncIterator[str]:
        asked, turn.notes.asked = turn.notes.asked, {}
        turn.keep()
        plain = answer(turn.said)
        if asked.get("kind") == "pages" and (chosen := await pages.choice(turn, asked, plain)) is not None:
            said = chosen
        elif plain is not None and asked:
            said = self._after_question(turn, asked, plain == "yes")
        else:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._executor, self._recognise, turn.said)
            ticket = turn.notes.ticket
            if ticket is not None and ticket.stage in ("subject", "details"):
                said = self._collect(turn, ticket, found)
            elif plain is not None:
                said = self._bare(turn, plain == "yes")
            else:
                said = self._wish_or_edit(turn, found, asked)
        async for sentence in said:
            yield sentence

    async def _after_question(self, turn: ScriptedTurn, asked: Mapping[str, str], yes: bool) -> AsyncIterator[str]:
        """A plain yes or no to the question that the last reply ended with."""
        match asked["kind"], yes:
            case "mean", True:
                turn.said = asked.get("text", "")
                said = self._wish(turn, asked.get("intent", ""))
            case "mean", False:
                said = misses.miss(turn)
            case "offer_ticket", True:
                turn.notes.misses = 0
                turn.notes.ticket = None
                said = tickets.start(turn, "")
            case "which_account", True:
                turn.ask("which_account")
                said = say(turn, "which_account_number")
            case _:
                said = self._bare(turn, yes)
        async for sentence in said:
            yield sentence
        async for sentence in tickets.come_back(turn):
            yield sentence

    async def _bare(self, turn: ScriptedTurn, yes: bool) -> AsyncIterator[str]:
        """A plain yes or no that is about a ticket that waits, or about nothing in particular."""
        ticket = turn.notes.ticket
        if ticket is None or ticket.stage not in ("ready", "asked"):
            yield turn.text("yes_to_nothing" if yes else "no_to_nothing")
        elif yes:
            async for sentence in tickets.hand_in(turn):
                yield sentence
        else:
            turn.notes.ticket = None
            yield turn.text("ticket_declined")

    async def _collect(self, turn: ScriptedTurn, ticket: Ticket, found: Recognised) -> AsyncIterator[str]:
        """The words are the ticket's subject or details, or a change of subject after which the ticket goes on."""
        subject, details = edited(turn.said)
        if subject or (details and ticket.stage == "details"):
            ticket.subject, ticket.details = subject or ticket.subject, details
            said: AsyncIterator[str] = tickets.go_on(turn)
        elif self._points_at_account(turn):
            said = self._detour(turn, found)
        else:
            match meaning(turn.said, found, ticket):
                case "slot":
                    said = self._fill(turn, ticket, found)
                case "detour":
                    said = self._detour(turn, found)
                case "done":
                    said = tickets.hand_in(turn)
                case "yes":
                    said = say(turn, "details_please" if ticket.stage == "details" else "ask_subject")
                case "urgent":
                    said = tickets.urgent(turn, "lost_card")
                case "unclear":
                    said = self._unclear(turn, ticket)
                case other:
                    turn.notes.ticket = None
                    said = self._leave(turn, found, goodbye=other == "goodbye")
        async for sentence in said:
            yield sentence

    async def _leave(self, turn: ScriptedTurn, found: Recognised, goodbye: bool) -> AsyncIterator[str]:
        yield turn.text("ticket_dropped" if goodbye else "ticket_cancelled")
        if goodbye or (found.denied is not None and found.intent in WISHES and not found.doubtful):
            async for sentence in self._wish(turn, found.intent):
                yield sentence

    async def _fill(self, turn: ScriptedTurn, ticket: Ticket, found: Recognised) -> AsyncIterator[str]:
        turn.notes.misses = 0
        if ticket.stage == "details":
            ticket.details = clean_details(turn.said)
        else:
            read = subject_and_details if found.intent == "open_ticket" else parted
            ticket.subject, ticket.details = read(turn.said)
        async for sentence in tickets.go_on(turn):
            yield sentence

    async def _unclear(self, turn: ScriptedTurn, ticket: Ticket) -> AsyncIterator[str]:
        turn.notes.misses += 1
        if turn.notes.misses > 1:
            turn.notes.misses, turn.notes.ticket = 0, None
            yield turn.text("ticket_cancelled")
        else:
            yield turn.text("subject_unclear" if ticket.stage == "subject" else "ask_details_again")

    async def _detour(self, turn: ScriptedTurn, found: Recognised) -> AsyncIterator[str]:
        async for sentence in self._dispatch(turn, found, {}):
            yield sentence
        async for sentence in tickets.come_back(turn):
            yield sentence

    async def _wish_or_edit(
        self, turn: ScriptedTurn, found: Recognised, asked: Mapping[str, str]
    ) -> AsyncIterator[str]:
        ticket = turn.notes.ticket
        subject, details = edited(turn.said)
        if ticket is not None and ticket.stage in ("ready", "asked") and (subject or details):
            ticket.subject = subject or ticket.subject
            ticket.details = clean_details(f"{ticket.details} {details}")
            said = tickets.hand_in(turn)
        else:
            said = self._detour(turn, found) if ticket is not None else self._dispatch(turn, found, asked)
        async for sentence in said:
            yield sentence

    def _points_at_account(self, turn: ScriptedTurn) -> bool:
        pointed = self._accounts.pointed_at(turn)
        return (
            turn.notes.topic == "account"
            and pointed is not None
            and points_only(turn.said, pointed, turn.notes.accounts)
        )

    async def _dispatch(self, turn: ScriptedTurn, found: Recognised, asked: Mapping[str, str]) -> AsyncIterator[str]:
        """Answer a recognised wish; ask back when it is doubtful, and say so when there is none."""
        intent = found.intent
        if turn.context.safety_text and (intent not in WISHES or found.doubtful):
            return  # the bank's own text has answered
        which = asked.get("kind") == "which_account" and self._accounts.pointed_at(turn) is not None
        if self._points_at_account(turn) or (which and intent in ("account_status", "unknown") and not found.denied):
            said = self._wish(turn, "account_status")
        elif intent == "unknown" and found.denied is not None:
            if found.denied in _TOOL_INTENTS - {"account_status"}:
                turn.notes.ticket = None
            turn.notes.misses = 0
            said = say(turn, "denied")
        elif found.doubtful and intent in WISHES and not (turn.notes.topic == "account" and intent == "account_status"):
            said = pages.answer_or(turn, misses.ask_back(turn, intent))
        elif intent == "unknown" or (found.doubtful and intent not in WISHES):
            said = pages.answer_or(turn, misses.miss(turn))
        else:
            said = self._wish(turn, intent)
        async for sentence in said:
            yield sentence

    async def _wish(self, turn: ScriptedTurn, intent: str) -> AsyncIterator[str]:
        turn.notes.misses = 0
        match intent:
            case "account_status":
                said = self._accounts.tell(turn, self._accounts.pointed_at(turn))
            case "lost_card":
                said = tickets.urgent(turn, "lost_card")
            case "human":
                said = tickets.urgent(turn, "call_back")
            case "open_ticket":
                said = tickets.start(turn, turn.said)
            case "card_question" | "opening_hours":
                turn.notes.topic = intent
                said = pages.answer_or(turn, say(turn, intent))
            case "repeat":
                turn.on_ticket = True
                said = words(last_words(turn) or turn.text("nothing_to_repeat"))
            case "cancel":
                said = tickets.cancel(turn)
            case "goodbye" if turn.notes.ticket is not None and turn.notes.ticket.stage != "parked":
                turn.notes.ticket = None
                said = words(turn.text("ticket_dropped"), turn.text("goodbye"))
            case "greeting" | "smalltalk" | "thanks" | "goodbye":
                said = say(turn, intent)
            case _:
                said = misses.miss(turn)
        async for sentence in said:
            yield sentence
