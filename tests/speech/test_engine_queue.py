"""The bounded queue to the engines."""

import asyncio
import threading
import time

import pytest

from banker.speech.engine_queue import Busy, EngineQueue


def test_what_does_not_fit_is_refused_at_once_and_places_come_back() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=2)
        gate = threading.Event()
        jobs = [asyncio.ensure_future(queue.run(lambda: gate.wait(5), 5)) for _ in range(3)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(Busy):
            await queue.run(lambda: True, 5)
        assert time.monotonic() - began < 0.05
        gate.set()
        assert await asyncio.gather(*jobs) == [True] * 3
        await asyncio.sleep(0)
        assert queue.jobs == 0
        assert await queue.run(lambda: 5, 1) == 5
        queue.close()

    asyncio.run(run())


def test_a_job_that_is_not_wanted_any_more_leaves_its_place_before_it_begins() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=1)
        gate, done = threading.Event(), []
        running = asyncio.ensure_future(queue.run(lambda: gate.wait(5), 5))
        waiting = asyncio.ensure_future(queue.run(lambda: done.append(1), 5))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.01)
        again = asyncio.ensure_future(queue.run(lambda: done.append(2), 5))
        await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(running, again)
        assert done == [2]
        queue.close()

    asyncio.run(run())


def test_a_job_that_runs_keeps_its_place_until_it_ends() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=0)
        gate = threading.Event()
        with pytest.raises(TimeoutError):
            await queue.run(lambda: gate.wait(5), 0.05)
        with pytest.raises(Busy):
            await queue.run(lambda: None, 1)
        gate.set()
        while queue.jobs:
            await asyncio.sleep(0.01)
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 // 0, 1)
        queue.close()

    asyncio.run(run())


def test_what_waits_too_long_is_refused_and_the_limit_of_the_work_counts_from_its_beginning() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=2)
        gate, done = threading.Event(), []
        first = asyncio.ensure_future(queue.run(lambda: gate.wait(5), 5))
        patient = asyncio.ensure_future(queue.run(lambda: time.sleep(0.2) or "done", 0.5, 5))
        await asyncio.sleep(0.05)
        with pytest.raises(Busy):
            await queue.run(lambda: done.append(1), 5, 0.1)
        await asyncio.sleep(0.6)  # more than the work may take
        gate.set()
        assert await patient == "done"
        assert await first is True
        assert queue.jobs == 0 and not done
        with pytest.raises(TimeoutError):
            await queue.run(lambda: time.sleep(0.3), 0.1, 5)
        queue.close()

    asyncio.run(run())


def test_who_waits_when_the_queue_is_closed_waits_no_more() -> None:
    async def run() -> None:
        queue = EngineQueue("test", threads=1, places=1)
        gate = threading.Event()
        first = asyncio.ensure_future(queue.run(lambda: gate.wait(5), 5))
        second = asyncio.ensure_future(queue.run(lambda: None, 5))
        await asyncio.sleep(0.05)
        queue.close()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(second, 2)
        gate.set()
        assert await first is True

    asyncio.run(run())
