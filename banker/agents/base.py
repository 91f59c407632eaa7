"""The agent protocol: given the talk so far, an agent finds words and may use tools."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from banker.config.settings import Tenant


@dataclass(frozen=True)
class Caller:
    """The user for whom a tool runs; `claims` are those of the verified assertion."""

    tenant_id: str
    user_id: str
    claims: Mapping[str, Any] = field(default_factory=dict)
    portal_context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolSpec:
    """A tool as an agent sees it.

    `parameters` is a JSON Schema of the arguments. With `confirm` the user is asked first.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    confirm: bool


@dataclass(frozen=True)
class ToolResult:
    """How a use of a tool went.

    `ok`: `value` is what it returned (JSON data). `asked`: it waits for the user's confirmation; say nothing more, the
    conversation asks the question. `denied`: not allowed for this tenant, or there is no such tool. `invalid`: the
    arguments do not fit, `reason` says why. `failed`: the tool raised. `timeout`: it did not answer in time and may
    still finish: never try again by yourself. `declined`: the user said no. `dropped`: the turn stands no more.
    """

    status: Literal["ok", "asked", "denied", "invalid", "failed", "timeout", "declined", "dropped"]
    value: Any = None
    reason: str = ""


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
