"""A bounded queue to a speech engine, shared by all sessions of a process. A full queue refuses work at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from banker.server.metrics import Metrics
from banker.speech.thread_priority import lower_priority

T = TypeVar("T")


class Busy(Exception):
    """The queue is full, or the job did not start in time."""


class EngineQueue:
    """Runs blocking jobs in `threads` threads while up to `places` more wait. Belongs to the media loop.

    Synthesis and recognition have a queue each, so that a long recognition does not delay a reply.
    """

    def __init__(self, name: str, threads: int, places: int, metrics: Metrics | None = None) -> None:
        """With `metrics`, the jobs count as those of the engine `name`."""
        self._executor = ThreadPoolExecutor(threads, f"banker-{name}", initializer=lower_priority)
        self._capacity = threads + places
        self._level = None if metrics is None else metrics.engine_jobs[name]
        if metrics is not None:
            metrics.engine_jobs_limit[name].inc(self._capacity)
        self._jobs = 0

    @property
    def jobs(self) -> int:
        """The number of jobs that are running or waiting."""
        return self._jobs

    async def run(self, job: Callable[[], T], timeout: float, max_wait: float | None = None) -> T:
        """Run a job and return its result.

        Raises `Busy` when the queue is full or the job has not started after `max_wait` s, `TimeoutError` when it has
        not finished `timeout` s after that, and whatever the job raises. Cancelling removes a job that has not started.
        A job that has started keeps its place until it ends.
        """
        if self._jobs >= self._capacity:
            raise Busy
        self._count(1)
        loop = asyncio.get_running_loop()
        started: asyncio.Future[None] = loop.create_future()

        def start() -> T:
            _call_in(loop, lambda: started.set_result(None))
            return job()

        try:
            future = self._executor.submit(start)
        except BaseException:
            self._count(-1)
            raise
        future.add_done_callback(lambda done: _call_in(loop, lambda: self._count(-1)))
        result = asyncio.wrap_future(future)
        either: set[asyncio.Future[Any]] = {started, result}
        try:
            await asyncio.wait(either, timeout=max_wait, return_when=asyncio.FIRST_COMPLETED)
            if not started.done() and not result.done():
                raise Busy
            return await asyncio.wait_for(result, timeout)
        finally:
            result.cancel()

    def close(self) -> None:
        """Accept no more jobs. Running jobs finish in the background."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _count(self, change: int) -> None:
        self._jobs += change
        if self._level is not None:
            self._level.inc(change)


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)
