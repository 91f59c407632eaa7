"""The values of a tool call: its caller, the tool as an agent sees it, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    session_id: str = ""
    call_id: str = ""
    """A unique id of this call of the tool. Use it as an idempotency key."""
    host: int | None = None
    """The number (`Toolbox.add_host`) of the application that the user came through. Tools run in its context."""

    def as_now(self) -> "Caller":
        """Return the caller with the portal's context of this moment, for a thread."""
        return replace(self, portal_context=dict(self.portal_context))


Kind = Literal["text", "choice", "integer", "amount", "date", "time", "datetime", "boolean"]


@dataclass(frozen=True)
class Choice:
    """One value of a parameter, and what customers may call it. `names[0]` is shown."""

    value: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class ParameterType:
    """The type of a tool's parameter.

    `required` is false if the parameter has a default. `choices` are those of the declaration. If a parameter of the
    kind `choice` has none, the bank offers them (`TurnContext.choices`).
    """

    kind: Kind
    required: bool
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class ToolSpec:
    """A tool as an agent sees it.

    `parameters` is the JSON Schema of the arguments. If `confirm` is true, the user is asked before the tool runs.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    confirm: bool
    parameter_types: Mapping[str, ParameterType] = field(default_factory=dict)
    """The types by the argument's key, in the order of the signature. Lists and objects have none."""
    examples: tuple[str, ...] = ()
    """Examples of how a customer asks for the tool."""
    ask: Mapping[str, str] = field(default_factory=dict)
    """The question for an argument, by its key."""
    says: str | None = None
    """The template that words a result, with the result's keys as placeholders."""


@dataclass(frozen=True)
class Presentation:
    """How clients show a tool: its title ("Freeze card"), labels of arguments by key, and a page of the bank."""

    title: str
    labels: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None
    """Where the customer sees what the tool has done."""


@dataclass(frozen=True)
class ProposedCall:
    """A tool call that the user is asked to confirm, and the words of the question."""

    tool: str
    arguments: Mapping[str, Any]
    summary: str
    card: Mapping[str, Any] = field(default_factory=dict)
    """How a client shows the question: `title`, and `fields` as a list of `label` and `value`."""
    step_up: Mapping[str, Any] | None = None
    """The function's arguments as JSON data, if the bank authenticates the user again after the yes."""
    repeated: int = field(default=0, compare=False)
    """How often the question was asked again."""


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
    - `step_up`: the user said yes, and the bank authenticates them now. The conversation says so, not the agent.
    - `dropped`: the turn was interrupted before the call.
    """

    status: Literal["ok", "asked", "denied", "invalid", "failed", "timeout", "declined", "step_up", "dropped"]
    value: Any = None
    reason: str = ""
