"""A talk for the tests of the model brain: a bank with two tools, a local brain, and who collects words."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from banker.agents.base import Caller, Outcome, Talk, ToolSpec
from banker.agents.llm import ModelBrain
from banker.config.agent import Brain
from banker.config.settings import Identity, Tenant
from tests.model_server import ModelServer

LOCAL = "The local brain speaks."
LOCAL_REPORT = "The local brain reports."

STATUS = ToolSpec(
    "get_account_status",
    "Balance of an account.",
    {"type": "object", "properties": {"account_id": {"type": "string"}}, "required": ["account_id"]},
    confirm=False,
)
TICKET = ToolSpec("create_ticket", "Opens a ticket.", {"type": "object", "properties": {}}, confirm=True)


class LocalBrain:
    """Says that it is the local one, after having used the tools that it is told to use."""

    def __init__(self) -> None:
        self.uses: list[tuple[str, dict[str, Any]]] = []
        self.outcomes: list[Outcome] = []
        self.broken = False

    async def reply(self, talk: Talk) -> AsyncIterator[str]:
        if self.broken:
            raise RuntimeError("broken")
        for name, arguments in self.uses:
            self.outcomes.append(await talk.use(name, arguments))
        yield LOCAL

    async def report(self, talk: Talk, tool: str, arguments: Mapping[str, Any], outcome: Outcome) -> AsyncIterator[str]:
        yield LOCAL_REPORT


@dataclass
class Bank:
    """Answers the uses of tools as the conversation would, and notes them."""

    used: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    outcomes: dict[str, Callable[[Mapping[str, Any]], Outcome]] = field(default_factory=dict)

    async def use(self, name: str, arguments: Mapping[str, Any]) -> Outcome:
        self.used.append((name, dict(arguments)))
        if name in self.outcomes:
            return self.outcomes[name](arguments)
        if name == "create_ticket":
            return Outcome("asked")
        if name != "get_account_status":
            return Outcome("denied", reason="There is no such tool.")
        if set(arguments) != {"account_id"}:
            return Outcome("invalid", reason="account_id: is missing")
        return Outcome("ok", {"balance": "1234.56", "currency": "USD"})


@dataclass
class World:
    """A model brain that talks with `server`."""

    server: ModelServer
    limits: dict[str, Any] = field(default_factory=dict)
    bank: Bank = field(default_factory=Bank)
    local: LocalBrain = field(default_factory=LocalBrain)
    now: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        limits = {"timeout_seconds": 5.0, "idle_seconds": 3.0, **self.limits}
        self.settings = Brain(kind="model", base_url=self.server.base_url, model="test-1", secret="key-1", **limits)
        self.brain = ModelBrain(self.settings, self.local, clock=lambda: self.now, monotonic=lambda: self.now)

    def talk(self, said: str = "What is my balance?", **changed: Any) -> Talk:
        identity = Identity(issuer="https://bank.example", algorithms=("HS256",))
        tenant = Tenant(tenant_id="bank", identity=identity, brain=self.settings)
        talk = Talk(
            tenant=tenant,
            caller=Caller("bank", "user-1", portal_context={"route": "/account", "account_id": "acc-789"}),
            turns=[{"turn": 1, "role": "user", "text": said}],
            said=said,
            memo={"asked": "Which account?"},
            tools=[STATUS, TICKET],
            use=self.bank.use,
        )
        return replace(talk, **changed)

    def hear(self, talk: Talk | None = None) -> str:
        """The whole reply, in a loop of its own."""
        return asyncio.run(self.reply(talk))

    async def reply(self, talk: Talk | None = None) -> str:
        try:
            return await collect(self.brain.reply(talk or self.talk()), self.server.heard.set)
        finally:
            await self.brain.close()

    def hear_report(self, outcome: Outcome, talk: Talk | None = None) -> str:
        async def main() -> str:
            try:
                words = self.brain.report(talk or self.talk("Yes"), "create_ticket", {"subject": "Card"}, outcome)
                return await collect(words)
            finally:
                await self.brain.close()

        return asyncio.run(main())

    def tool_results(self, request: int = -1) -> list[str]:
        """What the model was told about its calls."""
        return [m["content"] for m in self.server.requests[request]["messages"] if m["role"] == "tool"]


async def collect(words: AsyncIterator[str], heard: Callable[[], None] = lambda: None) -> str:
    text = ""
    async with aclosing(words) as pieces:
        async for piece in pieces:
            text += piece
            heard()
    return text
