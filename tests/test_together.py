"""What threads ask for at the same time is done at one go, and each gets its own answer or the fault."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from banker.together import Together
from tests.servers import wait_until


class Work:
    """Doubles numbers; stops in the first go until it is let on. `goes` holds what each was asked for."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.goes: list[list[int]] = []
        self.let_on = threading.Event()
        self.fault = fault
        self.together = Together(self.double)

    def double(self, numbers: Sequence[int]) -> list[int]:
        self.goes.append(list(numbers))
        if len(self.goes) == 1:
            assert self.let_on.wait(5)
            if self.fault is not None:
                raise self.fault
        return [2 * number for number in numbers]

    def waiting(self) -> int:
        return len(self.together._waiting)

    def asked_at_once(self, pool: ThreadPoolExecutor, count: int) -> list[Future[int]]:
        """The first of these numbers is at work, and all others wait, before it may go on."""
        first = pool.submit(self.together.do, 0)
        wait_until(lambda: self.goes == [[0]])
        others = [pool.submit(self.together.do, number) for number in range(1, count)]
        wait_until(lambda: self.waiting() == count - 1)
        self.let_on.set()
        return [first, *others]


def test_what_came_meanwhile_is_one_go_and_everyone_gets_their_own_answer() -> None:
    work = Work()
    with ThreadPoolExecutor(20) as pool:
        results = work.asked_at_once(pool, 20)
        assert [result.result(5) for result in results] == [2 * number for number in range(20)]
    assert [sorted(go) for go in work.goes] == [[0], list(range(1, 20))]


def test_what_goes_wrong_is_told_to_all_who_wait_and_the_next_go_is_a_new_one() -> None:
    work = Work(OSError("the disk is full"))
    with ThreadPoolExecutor(5) as pool:
        results = work.asked_at_once(pool, 5)
        for result in results:
            with pytest.raises(OSError, match="the disk is full"):
                result.result(5)
    assert work.together.do(7) == 14
    assert work.goes == [[0], [7]]


def test_many_threads_over_and_over_lose_nothing() -> None:
    together: Together[int, int] = Together(lambda numbers: [2 * number for number in numbers])
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(together.do, range(5000))) == [2 * number for number in range(5000)]


def test_a_fork_does_not_wait_for_a_thread_that_it_has_not() -> None:
    work = Work()
    busy = threading.Thread(target=work.together.do, args=(0,))
    busy.start()
    wait_until(lambda: work.goes == [[0]])
    child = os.fork()
    if child == 0:
        os._exit(work.together.do(21))
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    finally:
        work.let_on.set()
        busy.join()
