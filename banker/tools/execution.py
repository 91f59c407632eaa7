"""Runs a bank's functions in a few threads, each with a time limit, and reports their results."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from concurrent.futures import Future, wait

from banker.tools.base import ToolResult
from banker.tools.daemon_threads import DaemonThreadPool

log = logging.getLogger(__name__)

BUSY = ToolResult("failed", reason="The bank's systems are busy at the moment. Please try again in a few minutes.")


class ToolExecution:
    """Runs functions that return a `ToolResult`, up to `threads` at the same time."""

    def __init__(self, threads: int) -> None:
        self._threads = DaemonThreadPool(threads, "banker-tool")
        self._running: set[Future[ToolResult]] = set()
        self._overdue: set[Future[ToolResult]] = set()
        self._watchers: set[asyncio.Task[None]] = set()

    @property
    def overdue(self) -> int:
        """The number of functions that run longer than their time limit."""
        return len(self._overdue)

    async def run(
        self, name: str, function: Callable[[], ToolResult], timeout: float, notify: Callable[[ToolResult], None]
    ) -> ToolResult:
        """Run `function`, which must not raise, and return its result within `timeout` seconds.

        `notify` is called in the event loop with the result, even if this coroutine was cancelled, and a second time
        if the function returns after the time limit. `name` is for the log.
        """
        if self.overdue >= self._threads.size:
            log.error("tool %s was not called: all %d tool threads are blocked", name, self._threads.size)
            notify(BUSY)
            return BUSY
        # A task of the media loop inherits the request context of the thread that started it: start from an empty one.
        context = contextvars.Context()
        call = self._threads.submit(lambda: context.run(function))
        self._running.add(call)
        call.add_done_callback(self._running.discard)
        answer: asyncio.Future[ToolResult] = asyncio.get_running_loop().create_future()
        watcher = asyncio.create_task(self._watch(name, call, timeout, answer, notify))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        return await asyncio.shield(answer)

    def close(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for running functions. Return whether all have finished. Blocks."""
        return not wait(tuple(self._running), timeout=timeout).not_done

    async def _watch(
        self,
        name: str,
        call: Future[ToolResult],
        timeout: float,
        answer: asyncio.Future[ToolResult],
        notify: Callable[[ToolResult], None],
    ) -> None:
        """Wait until the call has finished, even if nobody waits for `answer` any more."""

        def finish(result: ToolResult) -> None:
            notify(result)
            if not answer.done():
                answer.set_result(result)

        done = asyncio.wrap_future(call)
        try:
            await asyncio.wait({done}, timeout=timeout)
            if call.cancel():  # no thread was free in all that time; the function will not run
                finish(BUSY)
            elif call.done():
                finish(call.result())
            else:
                self._overdue.add(call)
                call.add_done_callback(self._overdue.discard)
                log.warning("tool %s did not return within %g s", name, timeout)
                finish(ToolResult("timeout"))
                await asyncio.wait({done})
                log.warning("tool %s returned late: %s", name, call.result().status)
                finish(call.result())
        except asyncio.CancelledError:  # the event loop stops before the function returns
            done.cancel()
            answer.cancel()
            call.add_done_callback(lambda late: notify(BUSY if late.cancelled() else late.result()))
            raise
