"""What a tool call is: who it runs for, what an agent sees of the tool, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


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
