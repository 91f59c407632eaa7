"""What the tests of the LLM agent share: a bank with two tools, a fallback agent and a turn to answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.llm import LlmAgent
from banker.config.agent import AgentSettings
from banker.config.tenant import IdentitySettings, Tenant
from banker.tools.base import Caller, ToolResult, ToolSpec
from tests.model_server import ModelServer

FALLBACK = "The fallback agent speaks."
FALLBACK_REPORT = "The fallback agent reports."

STATUS = ToolSpec(
    "get_account_status",
    "Balance of an account.",
    {"type": "object", "properties": {"account_id": {"type": "string"}}, "required": ["account_id"]},
    confirm=False,
)
TICKET = ToolSpec("create_ticket", "Opens a ticket.", {"type": "object", "properties": {}}, confirm=True)


class FallbackAgent:
    """Calls the given tools, and then says that it is the fallback agent."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.results: list[ToolResult] = []
        self.fails = False

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        if self.fails:
            raise RuntimeError("broken")
        for name, arguments in self.calls:
            self.results.append(await context.call_tool(name, arguments))
        yield FALLBACK

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        yield FALLBACK_REPORT


@dataclass
class Bank:
    """Answers tool calls as the conversation would, and records them."""

    called: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    results: dict[str, Callable[[Mapping[str, Any]], ToolResult]] = field(default_factory=dict)

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.called.append((name, dict(arguments)))
        if name in self.results:
            return self.results[name](arguments)
        if name == "create_ticket":
            return ToolResult("asked")
        if name != "get_account_status":
            return ToolResult("denied", reason="There is no such tool.")
        if set(arguments) != {"account_id"}:
            return ToolResult("invalid", reason="account_id: is missing")
        return ToolResult("ok", {"balance": "1234.56", "currency": "USD"})


@dataclass
class World:
    """An LLM agent that asks `server`."""

    server: ModelServer
    limits: dict[str, Any] = field(default_factory=dict)
    bank: Bank = field(default_factory=Bank)
    fallback: FallbackAgent = field(default_factory=FallbackAgent)
    now: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        limits = {"timeout_seconds": 5.0, "idle_seconds": 3.0, **self.limits}
        self.settings = AgentSettings(
            kind="llm", base_url=self.server.base_url, model="test-1", secret="key-1", **limits
        )
        self.agent = LlmAgent(self.settings, self.fallback, clock=lambda: self.now, monotonic=lambda: self.now)

    def context(self, user_text: str = "What is my balance?", **changed: Any) -> TurnContext:
        identity = IdentitySettings(issuer="https://bank.example", algorithms=("HS256",))
        tenant = Tenant(tenant_id="bank", identity=identity, agent=self.settings)
        context = TurnContext(
            tenant=tenant,
            caller=Caller("bank", "user-1", portal_context={"route": "/account", "account_id": "acc-789"}),
            turns=[{"turn": 1, "role": "user", "text": user_text}],
            user_text=user_text,
            dialogue_state={"asked": "Which account?"},
            tools=[STATUS, TICKET],
            call_tool=self.bank.call_tool,
        )
        return replace(context, **changed)

    def ask(self, context: TurnContext | None = None) -> str:
        """Return the whole reply; runs an event loop."""
        return asyncio.run(self.reply(context))

    async def reply(self, context: TurnContext | None = None) -> str:
        try:
            return await collect(self.agent.reply(context or self.context()), self.server.words_received.set)
        finally:
            await self.agent.close()

    def ask_report(self, outcome: ToolResult, context: TurnContext | None = None) -> str:
        async def main() -> str:
            try:
                words = self.agent.report(context or self.context("Yes"), "create_ticket", {"subject": "Card"}, outcome)
                return await collect(words)
            finally:
                await self.agent.close()

        return asyncio.run(main())

    def tool_results(self, request: int = -1) -> list[str]:
        """Return the results of tool calls in a request to the model."""
        return [m["content"] for m in self.server.requests[request]["messages"] if m["role"] == "tool"]


async def collect(words: AsyncIterator[str], received: Callable[[], None] = lambda: None) -> str:
    text = ""
    async with aclosing(words) as pieces:
        async for piece in pieces:
            text += piece
            received()
    return text.rstrip("\n")
