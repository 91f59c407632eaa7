"""The registered tools: functions of the bank, and the applications that they run in."""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, overload

from marshmallow import Schema

from banker.tools.base import Caller, ToolResult, ToolSpec
from banker.tools.declaration import Summary, Tool, declare
from banker.tools.results import redacted_traceback
from banker.tools.step_up import StepUpRule

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])
ContextFactory = Callable[[], AbstractContextManager[Any]]
"""Makes the context manager that a tool runs in: a host's `app.app_context`."""

MAX_ARGUMENTS_BYTES = 16_384
"""The largest arguments of a call as JSON. The session keeps them until the user has answered."""
_DENIED = ToolResult("denied", reason="This tool does not exist.")


class ToolRegistry:
    """The tools of a service by name. Several hosts may each register the same ones."""

    def __init__(self, app_context: ContextFactory = nullcontext) -> None:
        self.app_context = app_context
        """The context factory of the host that was added last."""
        self._hosts: list[ContextFactory] = []
        self._tools: dict[str, list[Tool]] = {}
        """The registrations of each tool: one, or one for each host."""

    def add(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        confirm: bool = False,
        schema: type[Schema] | None = None,
        timeout: float = 5.0,
        summary: Summary | None = None,
        examples: Sequence[str] = (),
        ask: Mapping[str, str] | None = None,
        says: str | None = None,
        lookup: Callable[[Caller], Any] | None = None,
        step_up: bool | StepUpRule = False,
        title: str | None = None,
        labels: Mapping[str, str] | None = None,
        page: str | None = None,
    ) -> None:
        """Register a function whose first parameter is `caller`.

        `name` and `description` default to the function's name and the first paragraph of its docstring, and the
        arguments to its type hints; `schema` is a marshmallow schema that replaces the type hints.
        `confirm=True`: the tool changes something, so the user is asked first, with the words of `summary`.
        `timeout`: the longest time in seconds that a reply waits for the tool, at most 600.
        `examples`: sentences with which a customer asks for the tool. `ask`: the question for an argument, by its key.
        `says`: the template that words a result, with the result's keys as placeholders.
        `lookup`: returns the result of the earlier call with `caller.call_id`, or None if it was not carried out; it is
        asked when the process that made the call has died.
        `step_up`: after the yes the bank authenticates the user again, for exactly these arguments (docs/embedding.md);
        True, or a function of the loaded arguments and the caller.
        `title`: the action in two or three words ("Freeze card"), for the button; by default the tool's name.
        `labels`: the labels of arguments beside their values, by key; by default their names. If `summary` is a
        function, the question shows its values only with `labels`.
        `page`: where the customer sees what was done, https:// or a path of the bank's host.
        Raises `TypeError` or `ValueError` if the function cannot be a tool.
        """
        tool = declare(
            function,
            name,
            description,
            confirm,
            schema,
            timeout,
            summary,
            examples,
            ask or {},
            says,
            lookup,
            step_up,
            title,
            labels,
            page,
        )
        registered = self._tools.setdefault(tool.spec.name, [])
        if registered and (len(registered) > len(self._hosts) or _origin(registered[-1]) != _origin(tool)):
            raise ValueError(f"{tool.spec.name}: a tool with this name exists already.")
        registered.append(tool)

    def add_host(self, app_context: ContextFactory) -> int:
        """Add an application whose callers use the tools, and return its number for `Caller.host`.

        Each host may register the same functions again, before or after this call. Its callers get its versions.
        """
        self._hosts.append(app_context)
        self.app_context = app_context
        return len(self._hosts) - 1

    def host_context(self) -> AbstractContextManager[Any]:
        """Return a context of the application that was added last."""
        return self.app_context()

    @overload
    def tool(self, function: Function, /) -> Function: ...

    @overload
    def tool(self, /, **options: Any) -> Callable[[Function], Function]: ...

    def tool(self, function: Any = None, /, **options: Any) -> Any:
        """Register a function as a decorator, with or without the options of `add`. The function is unchanged."""

        def register(function: Function) -> Function:
            self.add(function, **options)
            return function

        return register if function is None else register(function)

    def specs(self, allowed: Collection[str]) -> list[ToolSpec]:
        """Return the tools with an allowed name, in the order of registration."""
        names = frozenset(allowed)
        return [registered[-1].spec for name, registered in self._tools.items() if name in names]

    def needs_confirmation(self, name: str) -> bool:
        """Return whether the user is asked before this tool runs. Raises `KeyError` for an unknown tool."""
        return self._tools[name][-1].spec.confirm

    def load_arguments(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Convert some of a tool's arguments to what the function gets.

        Raises `KeyError` for an unknown tool and `ValidationError` for arguments that its schema refuses.
        """
        return self._tools[name][-1].arguments.load(arguments, partial=True)

    def check(self, name: Any, arguments: Any, allowed: Collection[str]) -> ToolResult | Mapping[str, Any]:
        """Return a copy of valid arguments, or a result that is `denied` or `invalid` and says what to fix."""
        if not isinstance(name, str) or name not in frozenset(allowed) or name not in self._tools:
            return _DENIED
        try:
            mistakes = self._tools[name][-1].arguments.mistakes(arguments)
            if not mistakes and len(text := json.dumps(dict(arguments))) <= MAX_ARGUMENTS_BYTES:
                copy: dict[str, Any] = json.loads(text)
                return copy
        except Exception as error:
            log.error("the schema of tool %s failed: %s", name, redacted_traceback(error))
            return ToolResult("failed")
        return ToolResult("invalid", reason="; ".join(mistakes) or "The arguments are too long.")

    def timeout(self, name: str) -> float:
        """Return the time limit of a tool in seconds; 0 for an unknown one."""
        return max((tool.timeout for tool in self._tools.get(name, ())), default=0.0)

    def page(self, name: str) -> str | None:
        """Return the page on which the customer sees what this tool has done, if declared."""
        registered = self._tools.get(name)
        return registered[-1].presentation.page if registered else None

    def _tool_for(self, name: str, caller: Caller) -> Tool:
        """Return the tool of the caller's host, or the latest one."""
        registered = self._tools[name]
        return registered[-1 if caller.host is None else min(caller.host, len(registered) - 1)]

    def _context_of(self, caller: Caller) -> AbstractContextManager[Any]:
        return (self.app_context if caller.host is None else self._hosts[caller.host])()

    def _allowed_tool(self, name: str, caller: Caller, allowed: Collection[str]) -> Tool | None:
        """Return the tool of the caller's host, if it exists and its name is allowed."""
        return self._tool_for(name, caller) if name in frozenset(allowed) and name in self._tools else None


def _origin(tool: Tool) -> tuple[Any, Any]:
    """Return where a function is defined. It is the same for all copies that a factory makes."""
    function = tool.function
    return getattr(function, "__module__", None), getattr(function, "__qualname__", function)
