"""Group commit: one write to the disk or to Redis serves all threads that append at the same time."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from banker.audit.chain import EncryptedEvent


class GroupCommit:
    """Calls `write` with the events of all waiting threads, one call at a time.

    The first thread writes its own event. Threads that arrive during the write wait, and the first of them then writes
    for all. So a thread waits for two calls at most.
    """

    def __init__(self, write: Callable[[Sequence[EncryptedEvent]], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: deque[_Commit] = deque()

    def append(self, event: EncryptedEvent) -> None:
        """Return when the event is written. An exception of `write` is raised in every waiting thread."""
        own = _Commit(event)
        self._waiting.append(own)
        with self._lock:
            if not own.is_done:
                self._write_waiting()
        if own.error is not None:
            raise own.error

    def _write_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        error: Exception | None = None
        try:
            self._write([commit.event for commit in batch])
        except Exception as raised:
            error = raised
        for commit in batch:
            commit.is_done, commit.error = True, error


class _Commit:
    """The event of a waiting thread, and the outcome of its write."""

    __slots__ = ("error", "event", "is_done")

    def __init__(self, event: EncryptedEvent) -> None:
        self.event = event
        self.is_done = False
        self.error: Exception | None = None
