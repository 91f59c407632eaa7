"""The bank's own functions as tools: what may be called, with what, by whom, and how a call ends.

::

    toolbox = Toolbox(around=app.app_context)

    @toolbox.tool(confirm=True, summary="open a ticket with the subject “{subject}”")
    def create_ticket(caller: Caller, subject: str, details: str = "") -> dict[str, str]: ...
"""

import asyncio
import contextvars
import json
import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, overload

from marshmallow import Schema

from banker.tools.base import Caller, ToolResult, ToolSpec
from banker.tools.confirmation_text import generic, one_line, summarise
from banker.tools.daemon_threads import DaemonThreadPool
from banker.tools.declaration import Summary, Tool, declare
from banker.tools.results import json_data, trace

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])
Observer = Callable[[Caller, str, Mapping[str, Any], ToolResult], None]
"""Told how a call ended: caller, tool, arguments, outcome."""

MAX_ARGUMENTS_BYTES = 16_384

_DENIED = ToolResult("denied", reason="There is no such tool.")
_BUSY = ToolResult("failed", reason="The bank's systems are busy at the moment. Please try again in a few minutes.")


class ToolError(Exception):
    """Raised by a tool: its text is a sentence for the user ("There is no such account.")."""


class Toolbox:
    """All tools of a service.

    `around` makes the context in which a tool runs (the host's `app.app_context`); `threads` is how many run at once.
    `on_finished` is told the outcome of each `run`, once, in the event loop (it must not block), also when nobody waits
    for it any more; after a `timeout` it is told once more, if the tool ends at all.
    """

    def __init__(
        self,
        *,
        around: Callable[[], AbstractContextManager[Any]] = nullcontext,
        threads: int = 16,
        on_finished: Observer | None = None,
    ) -> None:
        self.around = around
        self.on_finished = on_finished
        self._tools: dict[str, Tool] = {}
        self._threads = DaemonThreadPool(threads, "banker-tool")
        self._running: set[Future[ToolResult]] = set()
        self._overdue: set[Future[ToolResult]] = set()
        self._watchers: set[asyncio.Task[None]] = set()

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
    ) -> None:
        """Make a tool of a function whose first parameter is `caller`.

        `confirm`: it changes something, the user is asked first, with the words of `summary`. `timeout` in seconds.
        Raises `TypeError` or `ValueError` for what cannot be a tool.
        """
        tool = declare(function, name, description, confirm, schema, timeout, summary)
        if tool.spec.name in self._tools:
            raise ValueError(f"{tool.spec.name}: there is a tool of this name already.")
        self._tools[tool.spec.name] = tool

    @overload
    def tool(self, function: Function, /) -> Function: ...

    @overload
    def tool(self, /, **options: Any) -> Callable[[Function], Function]: ...

    def tool(self, function: Any = None, /, **options: Any) -> Any:
        """`add` as a decorator, with or without its options; the function stays as it is."""

        def declared(function: Function) -> Function:
            self.add(function, **options)
            return function

        return declared if function is None else declared(function)

    def specs(self, allowed: Collection[str]) -> list[ToolSpec]:
        """The tools that a tenant allows, as an agent sees them, in the order of their declaration."""
        names = frozenset(allowed)
        return [tool.spec for name, tool in self._tools.items() if name in names]

    def needs_confirmation(self, name: str) -> bool:
        """Whether the user is asked before this tool runs. Raises `KeyError` if there is no such tool."""
        return self._tools[name].spec.confirm

    def check(self, name: Any, arguments: Any, allowed: Collection[str]) -> ToolResult | Mapping[str, Any]:
        """The arguments, ready to be kept and run, or `denied` or `invalid` with what to mend."""
        if not isinstance(name, str) or name not in frozenset(allowed) or name not in self._tools:
            return _DENIED
        try:
            mistakes = self._tools[name].arguments.mistakes(arguments)
            if not mistakes and len(text := json.dumps(dict(arguments))) <= MAX_ARGUMENTS_BYTES:
                copy: dict[str, Any] = json.loads(text)
                return copy
        except Exception as error:
            log.error("the schema of tool %s failed: %s", name, trace(error))
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
        """Call a tool and wait for its outcome, at most as long as its time limit; never raises.

        Cancelling this coroutine stops the waiting only: the tool is finished, and `on_finished` (this call's, and the
        toolbox's) is told. Whether the user has confirmed is the conversation's to know.
        """
        checked = self.check(name, arguments, allowed)
        if isinstance(checked, ToolResult):
            given = arguments if isinstance(arguments, Mapping) else {}
            self._tell(caller, str(name), given, checked, on_finished)
            return checked
        tool = self._tools[name]

        def tell(outcome: ToolResult) -> None:
            self._tell(caller, name, checked, outcome, on_finished)

        if len(self._overdue) >= self._threads.size:
            log.error("tool %s was not called: all %d threads hang in tools", name, self._threads.size)
            tell(_BUSY)
            return _BUSY
        context = contextvars.copy_context()
        work = self._threads.submit(lambda: context.run(self._call, tool, caller, checked))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        answer: asyncio.Future[ToolResult] = asyncio.get_running_loop().create_future()
        watcher = asyncio.create_task(self._watch(tool, work, answer, tell))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        return await asyncio.shield(answer)

    def summary_of(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What the user is asked to agree to: the declared summary, or the tool's name with its arguments.

        Values are on one line, in 1,000 characters, and cannot end the quotation marks that stand around them. Raises
        `KeyError` if there is no such tool.
        """
        tool = self._tools[name]
        try:
            return summarise(tool, arguments)
        except Exception as error:
            log.error("the summary of tool %s failed: %s", name, trace(error))
            return generic(tool, arguments)

    def close(self, seconds: float = 5.0) -> bool:
        """Wait until no tool runs, `seconds` at most; whether that is so. Never call it in the event loop."""
        return not wait(tuple(self._running), timeout=seconds).not_done

    def _call(self, tool: Tool, caller: Caller, arguments: Mapping[str, Any]) -> ToolResult:
        """In a thread of its own."""
        name = tool.spec.name
        try:
            values = tool.arguments.load(arguments)
            with self.around():
                result = tool.function(caller, **values)
        except ToolError as error:
            return ToolResult("failed", reason=one_line(str(error), 500))
        except BaseException as error:
            log.error("tool %s failed: %s", name, trace(error), extra={"tenant_id": caller.tenant_id})
            return ToolResult("failed")
        try:
            return ToolResult("ok", json_data(result))
        except Exception as error:
            what = str(error) if type(error) in (TypeError, ValueError) else type(error).__name__
            log.error("tool %s ran, but returned %s", name, what, extra={"tenant_id": caller.tenant_id})
            return ToolResult("failed")

    async def _watch(
        self,
        tool: Tool,
        work: Future[ToolResult],
        answer: asyncio.Future[ToolResult],
        tell: Callable[[ToolResult], None],
    ) -> None:
        """See a call to its end, whoever waits for it."""

        def ends(outcome: ToolResult) -> None:
            tell(outcome)
            if not answer.done():
                answer.set_result(outcome)

        done = asyncio.wrap_future(work)
        try:
            await asyncio.wait({done}, timeout=tool.timeout)
            if work.cancel():  # it waited for a thread all that time, and is not going to run
                ends(_BUSY)
            elif work.done():
                ends(work.result())
            else:
                self._overdue.add(work)
                work.add_done_callback(self._overdue.discard)
                log.warning("tool %s did not answer within %g s", tool.spec.name, tool.timeout)
                ends(ToolResult("timeout"))
                await asyncio.wait({done})
                log.warning("tool %s ended late: %s", tool.spec.name, work.result().status)
                ends(work.result())
        except asyncio.CancelledError:  # the loop ends before the tool does
            done.cancel()
            answer.cancel()
            work.add_done_callback(lambda late: tell(_BUSY if late.cancelled() else late.result()))
            raise

    def _tell(
        self, caller: Caller, name: str, arguments: Mapping[str, Any], outcome: ToolResult, own: Observer | None
    ) -> None:
        for observer in (self.on_finished, own):
            try:
                if observer is not None:
                    observer(caller, name, arguments, outcome)
            except Exception as error:
                log.error("an observer of tool calls failed: %s", trace(error))
