"""A talk for the tests of the LLM agent: a bank with two tools, a scripted agent, and who collects words."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.llm import LlmAgent
from banker.config.agent import AgentSettings
from banker.config.settings import IdentitySettings, Tenant
from banker.tools.base import Caller, ToolResult, ToolSpec
from tests.model_server import ModelServer

LOCAL = "The scripted agent speaks."
LOCAL_REPORT = "The scripted agent reports."

STATUS = ToolSpec(
    "get_account_status",
    "Balance of an account.",
    {"type": "object", "properties": {"account_id": {"type": "string"}}, "required": ["account_id"]},
    confirm=False,
)
TICKET = ToolSpec("create_ticket", "Opens a ticket.", {"type": "object", "properties": {}}, confirm=True)


class ScriptedAgent:
    """Says that it is the local one, after having used the tools that it is told to use."""

    def __init__(self) -> None:
        self.uses: list[tuple[str, dict[str, Any]]] = []
        self.outcomes: list[ToolResult] = []
        self.broken = False

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        if self.broken:
            raise RuntimeError("broken")
        for name, arguments in self.uses:
            self.outcomes.append(await context.use(name, arguments))
        yield LOCAL

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        yield LOCAL_REPORT


@dataclass
class Bank:
    """Answers the uses of tools as the conversation would, and notes them."""

    used: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    outcomes: dict[str, Callable[[Mapping[str, Any]], ToolResult]] = field(default_factory=dict)

    async def use(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.used.append((name, dict(arguments)))
        if name in self.outcomes:
            return self.outcomes[name](arguments)
        if name == "create_ticket":
            return ToolResult("asked")
        if name != "get_account_status":
            return ToolResult("denied", reason="There is no such tool.")
        if set(arguments) != {"account_id"}:
            return ToolResult("invalid", reason="account_id: is missing")
        return ToolResult("ok", {"balance": "1234.56", "currency": "USD"})


@dataclass
class World:
    """A LLM agent that talks with `server`."""

    server: ModelServer
    limits: dict[str, Any] = field(default_factory=dict)
    bank: Bank = field(default_factory=Bank)
    local: ScriptedAgent = field(default_factory=ScriptedAgent)
    now: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        limits = {"timeout_seconds": 5.0, "idle_seconds": 3.0, **self.limits}
        self.settings = AgentSettings(
            kind="llm", base_url=self.server.base_url, model="test-1", secret="key-1", **limits
        )
        self.agent = LlmAgent(self.settings, self.local, clock=lambda: self.now, monotonic=lambda: self.now)

    def context(self, said: str = "What is my balance?", **changed: Any) -> TurnContext:
        identity = IdentitySettings(issuer="https://bank.example", algorithms=("HS256",))
        tenant = Tenant(tenant_id="bank", identity=identity, agent=self.settings)
        context = TurnContext(
            tenant=tenant,
            caller=Caller("bank", "user-1", portal_context={"route": "/account", "account_id": "acc-789"}),
            turns=[{"turn": 1, "role": "user", "text": said}],
            said=said,
            memo={"asked": "Which account?"},
            tools=[STATUS, TICKET],
            use=self.bank.use,
        )
        return replace(context, **changed)

    def hear(self, context: TurnContext | None = None) -> str:
        """The whole reply, in a loop of its own."""
        return asyncio.run(self.reply(context))

    async def reply(self, context: TurnContext | None = None) -> str:
        try:
            return await collect(self.agent.reply(context or self.context()), self.server.heard.set)
        finally:
            await self.agent.close()

    def hear_report(self, outcome: ToolResult, context: TurnContext | None = None) -> str:
        async def main() -> str:
            try:
                words = self.agent.report(context or self.context("Yes"), "create_ticket", {"subject": "Card"}, outcome)
                return await collect(words)
            finally:
                await self.agent.close()

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
