"""Values that describe a tool call: its caller, the tool as an agent sees it, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Caller:
    """The user on whose behalf a tool runs.

    `claims` are the claims of the verified assertion. `portal_context` is what the bank's page reported, and is not
    verified.
    """

    tenant_id: str
    user_id: str
    claims: Mapping[str, Any] = field(default_factory=dict)
    portal_context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolSpec:
    """A tool as an agent sees it.

    `parameters` is the JSON Schema of the arguments. If `confirm` is true, the user is asked before the tool runs.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    confirm: bool


@dataclass(frozen=True)
class ToolResult:
    """The result of a tool call. `status` is one of:

    - `ok`: `value` is what the tool returned, as JSON data.
    - `asked`: the call waits for the user's confirmation. The conversation asks the question; the agent adds nothing.
    - `denied`: the tool does not exist or the tenant does not allow it.
    - `invalid`: the arguments do not match the schema; `reason` says why.
    - `failed`: the tool raised an exception. `reason` is the text of a `ToolError`, or empty.
    - `timeout`: the tool did not return in time and may still finish. An agent must not retry the call.
    - `declined`: the user said no.
    - `dropped`: the turn was interrupted before the call.
    """

    status: Literal["ok", "asked", "denied", "invalid", "failed", "timeout", "declined", "dropped"]
    value: Any = None
    reason: str = ""
