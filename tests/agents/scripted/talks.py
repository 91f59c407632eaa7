"""A talk with the scripted agent: a bank with two accounts, and a user whose yes opens what the agent has asked for."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.knowledge import Finding, KnowledgeBase
from banker.agents.scripted import ScriptedAgent, answer
from banker.config.dataclass_schema import parse
from banker.config.tenant import Tenant
from banker.tools.base import Caller, ToolResult, ToolSpec

ACCOUNT = ToolSpec("get_account_status", "", {"properties": {"account_id": {"type": "string"}}}, confirm=False)
TICKET = ToolSpec("create_ticket", "", {"properties": {"subject": {}, "details": {}}}, confirm=True)
CHECKING = {"account_id": "acc-789", "name": "Checking", "balance": "1234.56", "currency": "USD", "status": "active"}
SAVINGS = {"account_id": "acc-790", "name": "Savings", "balance": -20, "currency": "EUR", "as_of": "2026-11-20"}


@dataclass(frozen=True)
class Found:
    """A recognition."""

    intent: str
    score: float = 0.9
    runner_up: str | None = None
    doubtful: bool = False
    denied: str | None = None


# What the faked recogniser knows, by the first of these words that a text holds.
KEYWORDS = {
    "don't open": Found("unknown", denied="open_ticket"),
    "ignore your instructions": Found("unknown", 1.0),
    "perhaps a ticket": Found("open_ticket", 0.4, doubtful=True),
    "lost my card": Found("lost_card"),
    "human": Found("human"),
    "ticket": Found("open_ticket"),
    "balance": Found("account_status"),
    "account": Found("account_status"),
    "hours": Found("opening_hours"),
    "pin": Found("card_question"),
    "declined": Found("card_question"),
    "hello": Found("greeting"),
    "joke": Found("smalltalk"),
    "thanks": Found("thanks"),
    "bye": Found("goodbye"),
    "again": Found("repeat"),
    "cancel": Found("cancel"),
}


def by_keyword(text: str) -> Found:
    """The faked recogniser."""
    return next((found for word, found in KEYWORDS.items() if word in text.lower()), Found("unknown", 0.4))


def bank(texts: Mapping[str, Any] | None = None) -> Tenant:
    """A tenant."""
    identity = {"issuer": "https://bank.example", "algorithms": ["HS256"]}
    values = {"tenant_id": "bank", "identity": identity, "texts": dict(texts or {})}
    return parse(Tenant, values)


class Customer:
    """Says lines one by one, each to an agent of its own: nothing but the memo goes from turn to turn."""

    def __init__(
        self,
        recognise: Callable[[str], Any] = by_keyword,
        *,
        tools: Sequence[ToolSpec] = (ACCOUNT, TICKET),
        accounts: Sequence[Mapping[str, Any]] = (CHECKING, SAVINGS),
        here: str | None = "acc-789",
        tenant: Tenant | None = None,
        outcome: ToolResult | None = None,
        knowledge: KnowledgeBase | None = None,
    ) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.opened: list[dict[str, Any]] = []
        self.memo: dict[str, Any] = {}
        self.turns: list[dict[str, Any]] = []
        self.pending: dict[str, Any] | None = None
        self._recognise, self._tools, self._accounts = recognise, tools, accounts
        self._portal = {"account_id": here} if here else {}
        self._tenant = tenant or bank()
        self._outcome = outcome
        self._knowledge = knowledge or KnowledgeBase(())
        self.links: list[dict[str, str]] = []
        """The links below the last reply."""

    async def _use(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.calls.append((tool, dict(arguments)))
        if self._outcome is not None:
            return self._outcome
        if tool == "create_ticket":
            self.pending = dict(arguments)
            return ToolResult("asked")
        wanted = arguments.get("account_id")
        wanted = self._portal.get("account_id") if wanted is None else wanted
        if not wanted:
            return ToolResult("ok", {"accounts": list(self._accounts)})
        found = [account for account in self._accounts if account["account_id"] == wanted]
        return ToolResult("ok", found[0]) if found else ToolResult("failed", reason="LookupError")

    async def _look_up(self, question: str, offered: Sequence[str] = ()) -> Finding:
        return self._knowledge.look_up(question, offered)

    def says(self, text: str) -> str:
        """Say a line and return the banker's words; a plain yes or no answers the ticket that waits."""
        self.turns.append({"turn": len(self.turns) + 1, "role": "user", "text": text})
        agent = ScriptedAgent(self._recognise, today=lambda: date(2026, 11, 24))
        caller = Caller("bank", "user", {}, self._portal)
        self.links = []
        context = TurnContext(
            self._tenant,
            caller,
            self.turns,
            text,
            self.memo,
            self._tools,
            self._use,
            look_up=self._look_up,
            links=self.links,
        )
        pending, self.pending = self.pending, None
        plain = answer(text)
        if pending is not None and plain is not None:
            if plain == "yes":
                self.opened.append(pending)
            outcome = ToolResult("ok", {"ticket_id": "T-1042"}) if plain == "yes" else ToolResult("declined")
            return self._listen(agent.report(context, "create_ticket", pending, outcome))
        return self._listen(agent.reply(context))

    def hears(self, tool: str, outcome: ToolResult) -> str:
        """What is reported of a confirmed call."""
        context = TurnContext(self._tenant, Caller("bank", "user"), self.turns, "", self.memo, self._tools, self._use)
        return self._listen(ScriptedAgent(self._recognise).report(context, tool, self.pending or {}, outcome))

    def _listen(self, pieces: Any) -> str:
        async def collect() -> str:
            return "".join([piece async for piece in pieces])

        words = asyncio.run(collect())
        self.turns.append({"turn": len(self.turns) + 1, "role": "banker", "text": words})
        self.memo = json.loads(json.dumps(self.memo))
        return words
