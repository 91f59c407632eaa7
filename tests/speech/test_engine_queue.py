"""The bounded queue to the speech engines."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from banker.speech.engine_queue import Busy, EngineQueue

LIMIT = 60.0
"""Seconds after which a test that hangs fails."""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_full_queue_refuses_without_waiting_and_accepts_again_when_jobs_end() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=2)
        gate = threading.Event()
        jobs = [asyncio.ensure_future(queue.run(lambda: gate.wait(LIMIT), LIMIT)) for _ in range(3)]
        await until(lambda: queue.jobs == 3)
        with pytest.raises(Busy):
            await queue.run(lambda: True, LIMIT)
        assert not gate.is_set() and not any(job.done() for job in jobs)
        gate.set()
        assert await asyncio.gather(*jobs) == [True] * 3
        await until(lambda: queue.jobs == 0)
        assert await queue.run(lambda: 5, LIMIT) == 5
        queue.close()

    asyncio.run(run())


def test_cancelling_a_job_that_has_not_started_frees_its_place() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=1)
        gate, done = threading.Event(), []
        running = asyncio.ensure_future(queue.run(lambda: gate.wait(LIMIT), LIMIT))
        waiting = asyncio.ensure_future(queue.run(lambda: done.append(1), LIMIT))
        await until(lambda: queue.jobs == 2)
        waiting.cancel()
        await until(lambda: queue.jobs == 1)
        again = asyncio.ensure_future(queue.run(lambda: done.append(2), LIMIT))
        await until(lambda: queue.jobs == 2)
        gate.set()
        await asyncio.gather(running, again)
        assert done == [2]
        queue.close()

    asyncio.run(run())


def test_a_running_job_keeps_its_place_until_it_ends_even_after_its_timeout() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=0)
        gate = threading.Event()
        with pytest.raises(TimeoutError):
            await queue.run(lambda: gate.wait(LIMIT), 0.05)
        with pytest.raises(Busy):
            await queue.run(lambda: None, LIMIT)
        gate.set()
        await until(lambda: queue.jobs == 0)
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 // 0, LIMIT)
        queue.close()

    asyncio.run(run())


def test_a_job_that_waits_too_long_is_refused_and_the_timeout_counts_from_its_start() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=2)
        gate, done = threading.Event(), []
        first = asyncio.ensure_future(queue.run(lambda: gate.wait(LIMIT), LIMIT))
        patient = asyncio.ensure_future(queue.run(lambda: "done", 1.0, LIMIT))
        await until(lambda: queue.jobs == 2)
        with pytest.raises(Busy):
            await queue.run(lambda: done.append(1), LIMIT, 0.1)
        await asyncio.sleep(1.2)  # longer than the timeout of the job that waits
        gate.set()
        assert await patient == "done"
        assert await first is True
        await until(lambda: queue.jobs == 0)
        assert not done
        queue.close()

    asyncio.run(run())


def test_closing_the_queue_cancels_the_jobs_that_wait() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=1)
        gate = threading.Event()
        first = asyncio.ensure_future(queue.run(lambda: gate.wait(LIMIT), LIMIT))
        second = asyncio.ensure_future(queue.run(lambda: None, LIMIT))
        await until(lambda: queue.jobs == 2)
        queue.close()
        with pytest.raises(asyncio.CancelledError):
            await second
        gate.set()
        assert await first is True

    asyncio.run(run())
