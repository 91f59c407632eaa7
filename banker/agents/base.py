"""The agent protocol: given the talk so far, an agent finds words and may use tools."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from banker.config.settings import Tenant
from banker.tools.base import Caller, ToolResult, ToolSpec


@dataclass(frozen=True)
class TurnContext:
    """What an agent is given for one turn."""

    tenant: Tenant
    caller: Caller
    turns: Sequence[Mapping[str, Any]]
    """The finished turns, oldest first: `turn`, `role` ("user" or "banker"), `text`, perhaps `interrupted`; this turn's
    user words are the last of them."""
    said: str
    """The user's words of this turn."""
    memo: dict[str, Any]
    """The agent's own notes (JSON data): what it leaves here comes back with the next turn, in any process."""
    tools: Sequence[ToolSpec]
    """The tools that this tenant allows."""
    use: Callable[[str, Mapping[str, Any]], Awaitable[ToolResult]]
    """Use a tool; everything is checked here, whatever the agent believes. Never raises."""


class Agent(Protocol):
    """Finds the words of a reply. What is yielded is text as a person writes it, in pieces of any size; sentences are
    cut, checked, shown and spoken by the conversation. An exception of either method is a failed reply."""

    def reply(self, context: TurnContext) -> AsyncIterator[str]:
        """Answer `talk.said`."""
        ...

    def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        """Tell the user how a tool went that had waited for a confirmation (`ok`, `failed`, `declined`, …)."""
        ...
