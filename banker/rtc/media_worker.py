"""The media thread: one per process, with one asyncio loop, and the only bridge into it."""

import asyncio
import concurrent.futures
import contextvars
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)

LAG_INTERVAL_S = 0.5
"""How often the delay of the loop is measured."""
JOIN_TIMEOUT_S = 5.0
"""How long a stopping process waits for the media thread, whose tasks are cancelled."""


class MediaWorker:
    """Runs coroutines in the media loop for other threads.

    The media thread starts with the first call, after a server has forked. A process that is forked later gets its own
    thread.
    """

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self._new_loop = new_loop
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def running(self) -> bool:
        """Whether the loop runs in this process."""
        return self._loop is not None and self._pid == os.getpid()

    def call(self, coroutine: Coroutine[Any, Any, T], timeout: float) -> T:
        """Run `coroutine` in the loop and wait for its result, `timeout` seconds at most.

        Raises what the coroutine raises, and `TimeoutError` after cancelling it, or when the worker is closed.
        Never call this from the loop itself.
        """
        try:
            future = _submit(coroutine, self._running_loop())
        except RuntimeError:
            coroutine.close()
            raise TimeoutError("the media loop has ended") from None
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise TimeoutError("the media loop did not answer in time") from None

    def post(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run `coroutine` in the loop without waiting. Does nothing in a process without a loop."""
        loop = self._loop
        try:
            if loop is None or not self.running:
                raise RuntimeError
            _submit(coroutine, loop)
        except RuntimeError:
            coroutine.close()

    def close(self) -> None:
        """Cancel what runs in the loop, stop it, and wait for its thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self._closed = True
        if loop is not None and thread is not None and self._pid == os.getpid():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(JOIN_TIMEOUT_S)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise RuntimeError
            if self._loop is None or self._pid != os.getpid():
                self._loop = self._new_loop()
                self._pid = os.getpid()
                self._thread = threading.Thread(target=_run, args=(self._loop,), name="banker-media", daemon=True)
                self._thread.start()
            return self._loop


async def measure_lag(observe: Callable[[float], None]) -> None:
    """Observe how late (s) a timer of the running loop is, for as long as the loop runs."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL_S
        await asyncio.sleep(LAG_INTERVAL_S)
        observe(max(0.0, loop.time() - due))


def _submit(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> "concurrent.futures.Future[T]":
    """Start a task in the loop, in a new context: the caller's contains a request that will end."""
    return contextvars.Context().run(asyncio.run_coroutine_threadsafe, coroutine, loop)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(_log_exception)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()


def _log_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("unhandled error in the media loop: %s", context.get("message"), exc_info=error)
