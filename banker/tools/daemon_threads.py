"""A bounded number of daemon threads: work that hangs for ever keeps no process from ending."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonThreadPool:
    """Like `ThreadPoolExecutor`, whose threads are waited for when the interpreter ends; these are not.

    Threads start when there is work, so nothing runs before a fork.
    """

    def __init__(self, size: int, name: str) -> None:
        self.size = size
        self._name = name
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._started = 0

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run `work` as soon as a thread is free; the future can be cancelled until then."""
        future: Future[T] = Future()
        self._jobs.put((future, work))
        with self._lock:
            if not self._idle.acquire(blocking=False) and self._started < self.size:
                self._started += 1
                threading.Thread(target=self._serve, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def _serve(self) -> None:
        while True:
            try:
                future, work = self._jobs.get_nowait()
            except Empty:
                self._idle.release()
                future, work = self._jobs.get()
            _do(future, work)
            del future, work  # what a user said is not kept until the next job


def _do(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
