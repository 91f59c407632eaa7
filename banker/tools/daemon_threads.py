"""A thread pool whose threads do not keep the process from exiting."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonThreadPool:
    """Runs functions in at most `size` daemon threads.

    `ThreadPoolExecutor` joins its threads when the interpreter exits, so a tool that hangs would hang the process.
    Threads start on demand, so none exists before gunicorn forks.
    """

    def __init__(self, size: int, name: str) -> None:
        self.size = size
        self._name = name
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._started = 0

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run `function` as soon as a thread is free. Until then, the future can be cancelled."""
        future: Future[T] = Future()
        self._jobs.put((future, function))
        with self._lock:
            if not self._idle.acquire(blocking=False) and self._started < self.size:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            try:
                future, function = self._jobs.get_nowait()
            except Empty:
                self._idle.release()
                future, function = self._jobs.get()
            _run(future, function)
            del future, function  # an idle thread must not keep the arguments, which are user data, alive


def _run(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
