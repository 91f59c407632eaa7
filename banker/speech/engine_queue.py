"""The one way to the engines for all sessions of a process: bounded, and refused at once when it is full."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from banker.speech.thread_priority import give_way

T = TypeVar("T")


class Busy(Exception):
    """There is no place left in the queue."""


class EngineQueue:
    """Runs blocking work of one kind in `threads` threads, with `places` more waiting. Belongs to the media loop.

    Voice and recognition have a queue each: a long recognition stalls no voice.
    """

    def __init__(self, name: str, threads: int, places: int) -> None:
        self._executor = ThreadPoolExecutor(threads, f"banker-{name}", initializer=give_way)
        self._most = threads + places
        self._jobs = 0

    @property
    def jobs(self) -> int:
        """How many are running or waiting."""
        return self._jobs

    async def run(self, work: Callable[[], T], timeout: float, waiting: float | None = None) -> T:
        """The result of `work`. Raises `Busy` at once, or when it has not begun after `waiting` s; `TimeoutError` when
        it has not ended `timeout` s after that; and what `work` raises.

        Whoever stops waiting takes a job out that has not begun; one that has keeps its place until it ends.
        """
        if self._jobs >= self._most:
            raise Busy
        self._jobs += 1
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()

        def begin() -> T:
            _in(loop, lambda: begun.set_result(None))
            return work()

        try:
            job = self._executor.submit(begin)
        except BaseException:
            self._jobs -= 1
            raise
        job.add_done_callback(lambda done: _in(loop, self._leave))
        result = asyncio.wrap_future(job)
        either: set[asyncio.Future[Any]] = {begun, result}
        try:
            await asyncio.wait(either, timeout=waiting, return_when=asyncio.FIRST_COMPLETED)
            if not begun.done() and not result.done():
                raise Busy
            return await asyncio.wait_for(result, timeout)
        finally:
            result.cancel()

    def close(self) -> None:
        """Take nothing new; what is running ends by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _leave(self) -> None:
        self._jobs -= 1


def _in(loop: asyncio.AbstractEventLoop, work: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(work)
