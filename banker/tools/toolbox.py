"""A bank's own functions as tools: registration, checks and execution.

::

    toolbox = Toolbox(app_context=app.app_context)

    @toolbox.tool(confirm=True, summary="open a ticket with the subject “{subject}”")
    def create_ticket(caller: Caller, subject: str, details: str = "") -> dict[str, str]: ...
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, overload

from marshmallow import Schema

from banker.tools.base import Caller, Choice, ProposedCall, ToolResult, ToolSpec
from banker.tools.calling import call_function, card_of, chosen_names, guarded, summary_of
from banker.tools.confirmation_text import MAX_SUMMARY_CHARACTERS
from banker.tools.declaration import Summary, Tool, declare
from banker.tools.execution import ToolExecution
from banker.tools.results import json_data, redacted_traceback
from banker.tools.step_up import StepUpRule, exact_arguments, needs_step_up

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])
Observer = Callable[[Caller, str, Mapping[str, Any], ToolResult], None]
"""Called with the caller, the tool's name, the arguments and the result of a finished call."""

MAX_ARGUMENTS_BYTES = 16_384
"""Size of a call's arguments as JSON. They are kept in the session until the user has confirmed them."""
CONTEXT_TIMEOUT_S = 3.0
"""How long the bank may look at what a page reports."""
_DENIED = ToolResult("denied", reason="There is no such tool.")


class Toolbox:
    """The tools of a service.

    `app_context` makes the context manager that a tool runs in, the host's `app.app_context`. `threads` is the number
    of tools that run at the same time.

    `on_finished` is called once with the result of each `run`, even if the caller was cancelled. A call that timed out
    is reported a second time when the tool returns after all. It runs in the event loop and must not block.
    """

    def __init__(
        self,
        *,
        app_context: Callable[[], AbstractContextManager[Any]] = nullcontext,
        threads: int = 16,
        on_finished: Observer | None = None,
    ) -> None:
        self.app_context = app_context
        self.on_finished = on_finished
        self._hosts: list[Callable[[], AbstractContextManager[Any]]] = []
        self._tools: dict[str, list[Tool]] = {}
        """The registrations of each tool: one, or one for each host."""
        self.execution = ToolExecution(threads)
        self._context_check: Callable[[Caller, Mapping[str, str]], bool] | None = None

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
        `says`: how a result is said, a template with the result's keys as placeholders.
        `lookup`: returns the result of the earlier call with `caller.call_id`, or None if it was not carried out; it is
        asked when the process that made the call has died.
        `step_up`: after the yes the bank authenticates the user again, for exactly these arguments (docs/embedding.md);
        True, or a function of the loaded arguments and the caller.
        `title`: the action in two or three words ("Freeze card"), which names the button; by default the tool's name.
        `labels`: what arguments are called beside their values, by key; by default their names. If `summary` is a
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

    def add_host(self, app_context: Callable[[], AbstractContextManager[Any]]) -> int:
        """Add an application whose callers use the tools, and return its number for `Caller.host`.

        Each host may register the same functions again, before or after this call. Its callers get its own ones.
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
        """Return some of a tool's arguments as the function gets them.

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

    async def run(
        self,
        caller: Caller,
        name: str,
        arguments: Mapping[str, Any],
        allowed: Collection[str],
        *,
        on_finished: Observer | None = None,
    ) -> ToolResult:
        """Call a tool and return its result, after its timeout at the latest. Raises only `CancelledError`.

        Cancelling this coroutine does not stop the tool; the observers still learn its result. The caller of this
        method is responsible for the user's confirmation.
        """
        checked = self.check(name, arguments, allowed)
        if isinstance(checked, ToolResult):
            given = arguments if isinstance(arguments, Mapping) else {}
            self._notify(caller, str(name), given, checked, on_finished)
            return checked
        caller = caller.as_now()
        tool = self._tool(name, caller)

        def notify(result: ToolResult) -> None:
            self._notify(caller, name, checked, result, on_finished)

        return await self.execution.run(
            name, lambda: call_function(tool, caller, checked, self._context_of(caller)), tool.timeout, notify
        )

    async def choices(self, caller: Caller, name: str, key: str, allowed: Collection[str]) -> Sequence[Choice] | None:
        """Return the values that an argument may have for this caller, empty if there is no list of them.

        None, after a log line, if the bank's function fails or exceeds the tool's time limit.
        """
        tool = self._tool(name, caller) if name in frozenset(allowed) and name in self._tools else None
        if tool is None or key not in tool.arguments.types:
            return ()
        caller, source = caller.as_now(), tool.arguments.choices.get(key)
        if source is None:
            return tool.arguments.types[key].choices

        def ask() -> ToolResult:
            with self._context_of(caller):
                return ToolResult("ok", source.offered_to(caller))

        label = f"{name}.{key}"
        result = await self.execution.run(label, lambda: guarded(label, caller, ask), tool.timeout, lambda result: None)
        return tuple(result.value or ()) if result.status == "ok" else None

    async def look_up(self, caller: Caller, name: str, allowed: Collection[str]) -> ToolResult:
        """Return the result of the earlier call with `caller.call_id`; None as the value if it was not carried out.

        The status is `timeout`, and the outcome unknown, if the tool has no look-up or that fails.
        """
        tool = self._tool(name, caller) if name in frozenset(allowed) and name in self._tools else None
        if tool is None or tool.lookup is None:
            return ToolResult("timeout")
        caller, look_up = caller.as_now(), tool.lookup

        def ask() -> ToolResult:
            with self._context_of(caller):
                return ToolResult("ok", json_data(look_up(caller)))

        label = f"{name}.lookup"
        result = await self.execution.run(label, lambda: guarded(label, caller, ask), tool.timeout, lambda result: None)
        return result if result.status == "ok" else ToolResult("timeout")

    def timeout(self, name: str) -> float:
        """Return the time limit of a tool in seconds; 0 for an unknown one."""
        return max((tool.timeout for tool in self._tools.get(name, ())), default=0.0)

    async def propose(
        self, caller: Caller, name: str, arguments: Mapping[str, Any], allowed: Collection[str]
    ) -> ToolResult | ProposedCall:
        """Check a call as `run` does, and word the question for the user's confirmation.

        The question is made of the loaded values, and a choice is shown by its name. Raises only `CancelledError`.
        """
        checked = self.check(name, arguments, allowed)
        if isinstance(checked, ToolResult):
            return checked
        caller = caller.as_now()
        tool = self._tool(name, caller)

        def ask_bank() -> ToolResult:
            with self._context_of(caller):
                chosen = chosen_names(tool, caller, checked)
                if chosen.status != "ok":
                    return chosen
                is_needed = needs_step_up(tool, caller, checked)
                return ToolResult("ok", (chosen.value, exact_arguments(tool, checked) if is_needed else None))

        names: Mapping[str, str] = {}
        step_up: Mapping[str, Any] | None = None
        if tool.step_up or not tool.arguments.choices.keys().isdisjoint(checked):
            result = await self.execution.run(
                name, lambda: guarded(name, caller, ask_bank), tool.timeout, lambda result: None
            )
            if result.status != "ok":
                return ToolResult("failed") if result.status == "timeout" else result
            names, step_up = result.value
        summary = summary_of(tool, checked, names)
        if len(summary) > MAX_SUMMARY_CHARACTERS:
            return ToolResult("invalid", reason="The arguments are too long to be read out to the user.")
        return ProposedCall(name, checked, summary, card_of(tool, checked, names), step_up)

    def check_context(self, function: Function) -> Function:
        """Ask `function(caller, context)` before a page changes the portal's context during a conversation.

        It returns whether this user may be there, and runs as a tool does. Without one, every valid context is taken.
        """
        self._context_check = function
        return function

    async def takes_context(self, caller: Caller, context: Mapping[str, str]) -> bool:
        """Return whether the bank lets this user have this context. A function that fails refuses."""
        caller, check = caller.as_now(), self._context_check
        if check is None:
            return True

        def ask() -> ToolResult:
            with self._context_of(caller):
                return ToolResult("ok", bool(check(caller, dict(context))))

        label = "check_context"
        result = await self.execution.run(
            label, lambda: guarded(label, caller, ask), CONTEXT_TIMEOUT_S, lambda result: None
        )
        return result.status == "ok" and result.value is True

    def page(self, name: str) -> str | None:
        """Return where the customer sees what this tool has done, if the bank says so."""
        registered = self._tools.get(name)
        return registered[-1].presentation.page if registered else None

    def close(self, timeout: float = 5.0) -> bool:
        """Wait at most `timeout` seconds for running tools. Return whether all have finished.

        Blocks, so it must not be called in the event loop.
        """
        return self.execution.close(timeout)

    def _tool(self, name: str, caller: Caller) -> Tool:
        """Return the tool of the caller's host, or the latest one."""
        registered = self._tools[name]
        return registered[-1 if caller.host is None else min(caller.host, len(registered) - 1)]

    def _context_of(self, caller: Caller) -> AbstractContextManager[Any]:
        return (self.app_context if caller.host is None else self._hosts[caller.host])()

    def _notify(
        self,
        caller: Caller,
        name: str,
        arguments: Mapping[str, Any],
        result: ToolResult,
        on_finished: Observer | None,
    ) -> None:
        for observer in (self.on_finished, on_finished):
            try:
                if observer is not None:
                    observer(caller, name, arguments, result)
            except Exception as error:
                log.error("an observer of tool calls failed: %s", redacted_traceback(error))


def _origin(tool: Tool) -> tuple[Any, Any]:
    """Return where a function is defined: the same for the copies that a factory makes of it."""
    function = tool.function
    return getattr(function, "__module__", None), getattr(function, "__qualname__", function)
