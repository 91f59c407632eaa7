"""SIGHUP and SIGUSR2 without a gap: old workers serve until their successors are ready, or stay if these cannot start.

By itself, gunicorn ends the old workers as soon as it has forked the new ones, which then need seconds to load. Here
the number of workers is raised instead, and each ready successor makes the master end the oldest worker (SIGTTOU).
"""

import fcntl
import os
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from threading import Thread
from typing import Any, NoReturn

from gunicorn.arbiter import Arbiter

PAUSE_AFTER_FAILURE_S = 3
"""How long a worker that cannot start waits before it ends. gunicorn restarts it at once."""

UPGRADE_VARIABLE = "GUNICORN_PID"
"""The variable that gunicorn sets in the new master of SIGUSR2 while the old one lives."""


class SharedCounter:
    """A number that the master and its workers share, as bytes in a pipe. Create it before the fork."""

    def __init__(self) -> None:
        self._take, self._add = os.pipe()
        os.set_blocking(self._take, False)

    def add(self, number: int) -> None:
        """Add to the number."""
        os.write(self._add, bytes(number))

    def take(self) -> bool:
        """Subtract one, and return False if the number is 0."""
        try:
            return bool(os.read(self._take, 1))
        except BlockingIOError:
            return False

    def value(self) -> int:
        """Return the number."""
        return struct.unpack("i", fcntl.ioctl(self._take, termios.FIONREAD, bytes(4)))[0]  # type: ignore[no-any-return]


class WorkerReload:
    """The shared state of reloads in the master and its workers. One instance per master."""

    def __init__(self) -> None:
        self._awaited = SharedCounter()
        self._failed = SharedCounter()
        self._workers_before = 0

    def workers_changed(self, old_value: int | None) -> None:
        """In the master: remember the number of workers. `begin` follows when gunicorn has set the new number."""
        self._workers_before = old_value or 0

    def settled(self, num_workers: int) -> int:
        """In the master: return the number of workers once all successors are ready."""
        return num_workers - self._awaited.value()

    def begin(self, server: Any) -> None:
        """In the master: make gunicorn start the configured number of workers without ending old ones."""
        server.log.info("The workers serve until their successors are ready")
        for worker in server.WORKERS.values():
            # gunicorn waits, ignoring signals, for the end of workers that are older than those it starts.
            worker.age = server.worker_age + 0.5
        wanted, before = server.cfg.workers, self._workers_before
        settled = self.settled(before)  # those of an earlier reload may still be loading
        self._awaited.add(min(settled, wanted))
        server.num_workers = before - max(0, settled - wanted) + wanted

    def give_up(self, server: Any) -> None:
        """In the master, when a worker has ended: do not replace a successor that could not start."""
        if self._failed.take():
            server.num_workers -= 1
            server.log.error("The reload has failed, and the service continues as it was")

    def start(self, worker: Any, loading: Thread, is_ready: Callable[[], bool]) -> None:
        """In a worker: start `loading`. A successor takes no requests until it is done, then an old worker ends.

        A successor that is not ready by then ends itself. After SIGUSR2, the workers of the old master serve until the
        operator ends it.
        """
        loading.start()
        while (self._awaited.value() or UPGRADE_VARIABLE in os.environ) and loading.is_alive() and worker.alive:
            worker.notify()
            loading.join(1)
        if not worker.alive or not self._awaited.value():
            return
        if not is_ready():
            self.fail(worker)
        if self._awaited.take():
            os.kill(worker.ppid, signal.SIGTTOU)

    def is_start(self, worker: Any) -> bool:
        """In a worker: return whether it is one of the first of its master, or a successor of an old one."""
        return bool(worker.age <= worker.cfg.workers or self._awaited.value())

    def fail(self, worker: Any) -> NoReturn:
        """In a worker that cannot serve: end it. If it is one of the first of a master, end the master too."""
        if self._awaited.take():
            self._failed.add(1)
            sys.exit(1)
        if worker.age <= worker.cfg.workers:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        time.sleep(PAUSE_AFTER_FAILURE_S)
        sys.exit(1)


RELOAD = WorkerReload()
