"""The transcript of a conversation: its turns, the agent's dialogue state, and the numbers that may be said."""

import asyncio
import functools
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from banker.agents.grounding import GroundingGuard
from banker.config.tenant import Tenant
from banker.conversation.mailbox import AdoptedTurn, Mailbox
from banker.conversation.transport import SessionRecords, Transport
from banker.errors import ApiError
from banker.tools.base import Caller

CATCH_UP_DELAYS_S = (0.3, 0.7, 1.0, 2.0, 4.0)
"""Pauses between looks for turns that the previous process of a continued conversation records late."""
CLIENT_KEYS = ("turn", "role", "text", "interrupted", "links", "message_id", "speaker")
"""The members of a stored turn that a client gets. The dialogue state and the known numbers stay here."""


class TurnNumbers:
    """Assigns the turn numbers of one conversation, in the order of speaking."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, at_least: int = 0) -> int:
        """Return a new number, greater than all earlier ones and not less than `at_least`."""
        self._last = max(self._last + 1, at_least)
        return self._last


class Transcript:
    """One conversation's transcript, stored in the session's records. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        transport: Transport,
        records: SessionRecords,
        turn_numbers: TurnNumbers,
        mailbox: Mailbox,
    ) -> None:
        self.turns: list[dict[str, Any]] = []
        """The turns as a client sees them, oldest first."""
        self.unanswered: str | None = None
        """The user's last words, if they still need an answer."""
        self.dialogue_state: dict[str, Any] = {}
        """The agent's `TurnContext.dialogue_state` after its last turn. Stored as `memo`."""
        self._tenant = tenant
        self._caller = caller
        self._transport = transport
        self._records = records
        self._turn_numbers = turn_numbers
        self._mailbox = mailbox
        self._guard = GroundingGuard()
        self._stored_facts: set[str] = set()
        self._id = secrets.token_hex(4)
        self._notes: dict[str, Any] = {}
        self._known: set[tuple[str, int]] = set()
        self._catching_up: asyncio.Task[None] | None = None

    async def load(self, now: float) -> None:
        """Load what an earlier connection recorded. Call it once, first. `now`: Unix seconds.

        Raises `StoreUnavailable`.
        """
        stored = await self._records.turns()
        for record in stored:
            self._add(record)
        self.dialogue_state = next((dict(record["memo"]) for record in reversed(stored) if "memo" in record), {})
        self._guard = GroundingGuard(fact for record in stored for fact in record.get("facts", []))
        self._stored_facts = set(self._guard.facts())
        self._teach_guard(date.fromtimestamp(now))

    async def append(self, record: Mapping[str, Any], turn: int | None = None, *, needs_answer: bool = True) -> None:
        """Show and store a finished turn, under the number `turn` or a new one.

        `needs_answer` is false for words of the user that the agent does not answer.
        """
        numbered = {"turn": self._turn_numbers.next() if turn is None else turn, **record}
        self.turns.append(numbered)
        is_users = record["role"] == "user"
        if not is_users:
            self._show(numbered)
        facts = [fact for fact in self._guard.facts() if fact not in self._stored_facts]
        self._stored_facts.update(facts)
        self._known.add((self._id, numbered["turn"]))
        stored = {**numbered, "memo": self.dialogue_state, "facts": facts, "by": self._id}
        if not needs_answer:
            stored["needs_answer"] = False
        if not is_users:
            stored |= self._notes
            self._notes = {}
        self._note_unanswered(stored)
        await self._records.append(stored)
        if is_users:  # only now: words that are shown as heard will be answered, if need be by another process
            self._show(numbered)

    def has_message(self, message_id: str | None) -> bool:
        """Return whether the client's message of this id is already a turn."""
        return message_id is not None and any(turn.get("message_id") == message_id for turn in self.turns)

    def _show(self, turn: Mapping[str, Any]) -> None:
        self._transport.send({"type": "transcript", **turn, "final": True})

    def note_tool(self, tool: str, ok: bool) -> None:
        """Store with the next turn that a tool has run. A colleague reads it in the summary."""
        self._notes["tools"] = [*self._notes.get("tools", ()), {"tool": tool, "ok": ok}]

    def note_topic(self, topic: str) -> None:
        """Store with the next turn that it is about a safety topic."""
        self._notes["topic"] = topic

    def note_missed(self) -> None:
        """Store with the next turn that the user was not understood."""
        self._notes["missed"] = True

    def learn(self, value: Any) -> None:
        """Allow the agent to say the numbers in `value`."""
        self._guard.learn(value)

    def hear(self, text: str) -> None:
        """Allow the agent to read back the numbers in the user's words."""
        self._guard.learn_user_text(text)

    def check(self, sentence: str) -> str:
        """Return the sentence, or the tenant's excuse if it has an ungrounded number."""
        return sentence if self._guard.allows(sentence) else self._tenant.texts.unsure_figure

    def start_catching_up(self) -> None:
        """Look for turns that the previous process records late because a tool was still running."""
        self._catching_up = asyncio.ensure_future(self._catch_up())

    def close(self) -> None:
        """Stop looking for late turns."""
        if self._catching_up is not None:
            self._catching_up.cancel()

    async def _catch_up(self) -> None:
        for delay in CATCH_UP_DELAYS_S:
            await asyncio.sleep(delay)
            try:
                stored = await self._records.turns()
            except ApiError:
                continue
            for record in stored:
                if _origin(record) not in self._known:
                    self._known.add(_origin(record))
                    self._mailbox.put(AdoptedTurn(record))

    def adopt(self, record: Mapping[str, Any]) -> None:
        """Show a turn that another process recorded, and continue from it."""
        (self.hear if record["role"] == "user" else self.learn)(record["text"])
        if all(by != self._id for by, _ in self._known):
            self.dialogue_state = dict(record.get("memo", self.dialogue_state))
        self._show(self._add(record))

    def _add(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Add a stored turn, with a new number if two processes assigned the same one."""
        self._known.add(_origin(record))
        shown = {key: record[key] for key in CLIENT_KEYS if key in record}
        shown["turn"] = self._turn_numbers.next(record["turn"])
        self.turns.append(shown)
        self._note_unanswered(record)
        return shown

    def _note_unanswered(self, record: Mapping[str, Any]) -> None:
        needs_answer = record["role"] == "user" and record.get("needs_answer", True)
        self.unanswered = record["text"] if needs_answer else None

    def _teach_guard(self, today: date) -> None:
        """Allow the numbers in the tenant's texts, today's date and the portal context."""
        tenant = self._tenant
        texts = (*vars(tenant.texts).values(), *vars(tenant.safety).values())
        self._guard.learn_facts(_facts((*texts, tenant.config.greeting, tenant.consent.text)))
        self.learn([today, dict(self._caller.portal_context)])


@functools.lru_cache(maxsize=256)
def _facts(texts: tuple[str | tuple[str, ...], ...]) -> list[str]:
    """Return the numbers in a tenant's texts. Uncached, this takes 30 ms of the media loop per conversation."""
    guard = GroundingGuard()
    guard.learn(texts)
    return guard.facts()


def _origin(record: Mapping[str, Any]) -> tuple[str, int]:
    """Return the conversation that recorded a turn, and the turn's number there."""
    return record.get("by", ""), record["turn"]
