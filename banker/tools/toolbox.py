"""A bank's own functions as tools: registered, checked and run.

::

    toolbox = Toolbox(app_context=app.app_context)

    @toolbox.tool(confirm=True, summary="open a ticket with the subject “{subject}”")
    def create_ticket(caller: Caller, subject: str, details: str = "") -> dict[str, str]: ...
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from banker.tools.base import Caller, Choice, ProposedCall, ToolResult
from banker.tools.calling import call_function, card_of, chosen_names, guarded, summary_of
from banker.tools.confirmation_text import MAX_SUMMARY_CHARACTERS
from banker.tools.execution import ToolExecution
from banker.tools.registry import ContextFactory, Function, ToolRegistry
from banker.tools.results import json_data, redacted_traceback
from banker.tools.step_up import exact_arguments, needs_step_up

log = logging.getLogger(__name__)

Observer = Callable[[Caller, str, Mapping[str, Any], ToolResult], None]
"""Called with the caller, the tool's name, the arguments and the result of a finished call."""
CONTEXT_TIMEOUT_S = 3.0
"""How long the bank may take to check a page's context."""


class Toolbox(ToolRegistry):
    """Runs registered tools in threads of its own, each within its time limit.

    `app_context` makes the context manager that a tool runs in, the host's `app.app_context`. `threads` is the number
    of tools that run at the same time.

    `on_finished` is called once with the result of each `run`, even if the caller was cancelled. A call that timed out
    is reported a second time when the tool returns after all. It runs in the event loop and must not block.
    """

    def __init__(
        self, *, app_context: ContextFactory = nullcontext, threads: int = 16, on_finished: Observer | None = None
    ) -> None:
        super().__init__(app_context)
        self.on_finished = on_finished
        self.execution = ToolExecution(threads)
        self._context_check: Callable[[Caller, Mapping[str, str]], bool] | None = None

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

        Cancelling this coroutine does not stop the tool; the observers still get its result. The caller of this method
        is responsible for the user's confirmation.
        """
        checked = self.check(name, arguments, allowed)
        if isinstance(checked, ToolResult):
            given = arguments if isinstance(arguments, Mapping) else {}
            self._notify(caller, str(name), given, checked, on_finished)
            return checked
        caller = caller.as_now()
        tool = self._tool_for(name, caller)

        def notify(result: ToolResult) -> None:
            self._notify(caller, name, checked, result, on_finished)

        return await self.execution.run(
            name, lambda: call_function(tool, caller, checked, self._context_of(caller)), tool.timeout, notify
        )

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
        tool = self._tool_for(name, caller)

        def names_and_step_up() -> ToolResult:
            chosen = chosen_names(tool, caller, checked)
            if chosen.status != "ok":
                return chosen
            is_needed = needs_step_up(tool, caller, checked)
            return ToolResult("ok", (chosen.value, exact_arguments(tool, checked) if is_needed else None))

        names: Mapping[str, str] = {}
        step_up: Mapping[str, Any] | None = None
        if tool.step_up or not tool.arguments.choices.keys().isdisjoint(checked):
            result = await self._ask_bank(name, tool.timeout, caller, names_and_step_up)
            if result.status != "ok":
                return ToolResult("failed") if result.status == "timeout" else result
            names, step_up = result.value
        summary = summary_of(tool, checked, names)
        if len(summary) > MAX_SUMMARY_CHARACTERS:
            return ToolResult("invalid", reason="The arguments are too long to be read out to the user.")
        return ProposedCall(name, checked, summary, card_of(tool, checked, names), step_up)

    async def choices(self, caller: Caller, name: str, key: str, allowed: Collection[str]) -> Sequence[Choice] | None:
        """Return the values that an argument may have for this caller; nothing if any value will do.

        Returns None, after a log line, if the bank's function fails or exceeds the tool's time limit.
        """
        tool = self._allowed_tool(name, caller, allowed)
        if tool is None or key not in tool.arguments.types:
            return ()
        caller, source = caller.as_now(), tool.arguments.choices.get(key)
        if source is None:
            return tool.arguments.types[key].choices
        result = await self._ask_bank(
            f"{name}.{key}", tool.timeout, caller, lambda: ToolResult("ok", source.offered_to(caller))
        )
        return tuple(result.value or ()) if result.status == "ok" else None

    async def look_up(self, caller: Caller, name: str, allowed: Collection[str]) -> ToolResult:
        """Return the result of the earlier call with `caller.call_id`; None as the value if it was not carried out.

        The status is `timeout`, and the outcome unknown, if the tool has no look-up or the look-up fails.
        """
        tool = self._allowed_tool(name, caller, allowed)
        if tool is None or (look_up := tool.lookup) is None:
            return ToolResult("timeout")
        caller = caller.as_now()
        result = await self._ask_bank(
            f"{name}.lookup", tool.timeout, caller, lambda: ToolResult("ok", json_data(look_up(caller)))
        )
        return result if result.status == "ok" else ToolResult("timeout")

    def check_context(self, function: Function) -> Function:
        """Ask `function(caller, context)` before a page changes the portal's context during a conversation.

        It returns whether this user may be there, and runs like a tool. Without one, every valid context is taken.
        """
        self._context_check = function
        return function

    async def takes_context(self, caller: Caller, context: Mapping[str, str]) -> bool:
        """Return whether the bank lets this user have this context. A function that fails refuses."""
        caller, check = caller.as_now(), self._context_check
        if check is None:
            return True
        result = await self._ask_bank(
            "check_context", CONTEXT_TIMEOUT_S, caller, lambda: ToolResult("ok", bool(check(caller, dict(context))))
        )
        return result.status == "ok" and result.value is True

    def close(self, timeout: float = 5.0) -> bool:
        """Wait at most `timeout` seconds for running tools. Return whether all have finished.

        Blocks, so it must not be called in the event loop.
        """
        return self.execution.close(timeout)

    async def _ask_bank(
        self, label: str, timeout: float, caller: Caller, question: Callable[[], ToolResult]
    ) -> ToolResult:
        """Run another of the bank's functions like a tool: in the caller's application, within `timeout` seconds."""

        def ask() -> ToolResult:
            with self._context_of(caller):
                return question()

        return await self.execution.run(label, lambda: guarded(label, caller, ask), timeout, lambda result: None)

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
