"""The signaling sockets of this process: limits their number, and closes them all when the process stops."""

import threading
import time
from typing import Protocol

from banker.errors import too_many_open, unavailable
from banker.server.metrics import Metrics

User = tuple[str, str]
"""tenant_id and user_id."""


class CountedSocket(Protocol):
    """What counting and draining need from a socket. Thread-safe."""

    @property
    def is_closing(self) -> bool: ...
    def go_away(self) -> None: ...
    def cut(self) -> None: ...


class SocketSlot:
    """The place of one socket, and the socket itself once its handshake is over."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.socket: CountedSocket | None = None


class OpenSockets:
    """Reserves a slot for each socket from before its handshake until its request ends. Thread-safe."""

    def __init__(self, max_per_user: int, metrics: Metrics) -> None:
        self._max_per_user = max_per_user
        self._metrics = metrics
        self._lock = threading.Lock()
        self._slots: set[SocketSlot] = set()
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    def reserve(self, user: User, capacity: int) -> SocketSlot:
        """Take one of `capacity` slots for `user`, up to the user's limit. Raises `ApiError` 503 and 429.

        A closing socket does not count against its user. It waits up to 2 s for the client's part of the closing
        handshake, but is cut when the user's sockets occupy too many threads.
        """
        with self._lock:
            if len(self._slots) >= capacity:
                self._metrics.rejections["sockets"].inc()
                raise unavailable("This worker accepts no more connections at the moment; try again.")
            own = [slot for slot in self._slots if slot.user == user]
            closing = [slot.socket for slot in own if slot.socket is not None and slot.socket.is_closing]
            if len(own) - len(closing) >= self._max_per_user:
                self._metrics.rejections["user_share"].inc()
                raise too_many_open(self._max_per_user, "connections", time.time())
            slot = SocketSlot(user)
            self._slots.add(slot)
        self._metrics.sockets.inc()
        if len(own) >= self._max_per_user:
            for socket in closing:
                socket.cut()
        return slot

    def opened(self, slot: SocketSlot, socket: CountedSocket) -> None:
        """Put a socket into its slot after the handshake, so that `drain` closes it."""
        with self._lock:
            slot.socket = socket
            draining = self._draining
        if draining:
            socket.go_away()

    def free(self, slot: SocketSlot) -> None:
        """Give a reserved slot back."""
        with self._lock:
            self._slots.remove(slot)
        self._metrics.sockets.inc(-1)

    def drain(self) -> None:
        """Close the open sockets with 1001, and those that are opened from now on."""
        with self._lock:
            self._draining = True
            sockets = [slot.socket for slot in self._slots if slot.socket is not None]
        for socket in sockets:
            socket.go_away()
