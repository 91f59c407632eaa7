"""The signaling sockets of this process: how many there may be, and closing them all when the process stops."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from banker.errors import too_many_open, unavailable
from banker.server.metrics import Metrics

User = tuple[str, str]
"""tenant_id and user_id."""


class Closable(Protocol):
    """A socket as far as draining needs it."""

    def go_away(self) -> None: ...


class OpenSockets:
    """Reserves a slot for each socket from before its handshake until its request ends. Thread-safe."""

    def __init__(self, max_per_user: int, metrics: Metrics) -> None:
        self._max_per_user = max_per_user
        self._metrics = metrics
        self._lock = threading.Lock()
        self._slots: Counter[User] = Counter()
        self._sockets: set[Closable] = set()
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    def reserve(self, user: User, capacity: int) -> None:
        """Take one of `capacity` slots for `user`, who may not have them all. Raises `ApiError` 503 and 429."""
        with self._lock:
            if self._slots.total() >= capacity:
                self._metrics.rejections["sockets"].inc()
                raise unavailable("This worker accepts no more connections at the moment; try again.")
            if self._slots[user] >= self._max_per_user:
                self._metrics.rejections["user_share"].inc()
                raise too_many_open(self._max_per_user, "connections", time.time())
            self._slots[user] += 1
        self._metrics.sockets.inc()

    def free(self, user: User) -> None:
        """Give a reserved slot back."""
        with self._lock:
            self._slots[user] -= 1
            if not self._slots[user]:
                del self._slots[user]
        self._metrics.sockets.inc(-1)

    @contextmanager
    def listed(self, socket: Closable) -> Iterator[None]:
        """Let `drain` close the socket while the block runs."""
        with self._lock:
            self._sockets.add(socket)
            draining = self._draining
        if draining:
            socket.go_away()
        try:
            yield
        finally:
            with self._lock:
                self._sockets.discard(socket)

    def drain(self) -> None:
        """Close the open sockets with 1001, and those that are opened from now on."""
        with self._lock:
            self._draining = True
            sockets = list(self._sockets)
        for socket in sockets:
            socket.go_away()
