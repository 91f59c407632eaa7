"""A request on its way: what a gunicorn worker collects of it before a thread has to deal with it."""

import re
import socket
import time
from functools import partial
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from werkzeug.exceptions import RequestTimeout

REQUEST_ARRIVAL_S = 10.0
"""How long a head may take to arrive, with its body unless that is large. nginx in front waits instead."""
MAX_HEAD_BYTES = MAX_COLLECTED_BODY_BYTES = 65_536
"""The service takes no larger body; those of a host's own pages are read in their thread."""
BODY_BYTES_PER_S = 16_384
"""A body that a thread reads gets a second more for this much: the slowest client that may hold a thread."""

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,6})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_EXPECT = re.compile(rb"^expect:", re.IGNORECASE | re.MULTILINE)


class ArrivingRequest:
    """Belongs to the worker's loop until it is complete. `since` is when it was first awaited (s, monotonic).

    Only how much there is of the request is looked at here; what it means is for gunicorn's parser.
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self._data = bytearray()
        self._needed: int | None = None
        self._has_ended = False

    @property
    def data(self) -> bytes:
        """What has arrived."""
        return bytes(self._data)

    @property
    def has_begun(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._data)

    @property
    def is_complete(self) -> bool:
        """Whether a thread can read on without waiting: the head is here, and its body if that can be known."""
        return self._has_ended or (self._needed is not None and len(self._data) >= self._needed)

    @property
    def is_too_large(self) -> bool:
        """Whether this is more than a head may have."""
        return self._needed is None and len(self._data) > MAX_HEAD_BYTES

    def receive(self, sock: socket.socket) -> None:
        """Take what has arrived. Raises `BlockingIOError` when that is nothing, and `OSError` for a lost connection."""
        data = sock.recv(MAX_COLLECTED_BODY_BYTES)
        self.add(data)
        if not data:
            self._has_ended = True  # a half request, which the parser refuses, or none

    def add(self, data: bytes) -> None:
        """Take these bytes."""
        searched = max(0, len(self._data) - len(_END_OF_HEAD) + 1)
        self._data += data
        if self._needed is None and (end := self._data.find(_END_OF_HEAD, searched)) >= 0:
            head = bytes(self._data[: end + 2])
            length = _LENGTH.search(head)
            self._needed = end + len(_END_OF_HEAD)
            if length and int(length[1]) <= MAX_COLLECTED_BODY_BYTES and not _EXPECT.search(head):
                self._needed += int(length[1])


def limit_body(unreader: SocketUnreader, request: Any) -> None:
    """Have the rest of a body arrive at `BODY_BYTES_PER_S` after the first `REQUEST_ARRIVAL_S`.

    Otherwise the application that reads it gets a `RequestTimeout`, and the connection closes after its answer.
    """
    receive = partial(SocketUnreader.chunk, unreader)
    deadline = time.monotonic() + REQUEST_ARRIVAL_S
    received = 0

    def chunk(size_hint: int | None = None) -> bytes:
        nonlocal received
        given = unreader.sock.gettimeout()  # by gunicorn, while it drops a body that was not read
        if given is None:
            remaining = deadline + received / BODY_BYTES_PER_S - time.monotonic()
            unreader.sock.settimeout(max(0.001, remaining))
        try:
            data: bytes = receive(size_hint)
        except (TimeoutError, BlockingIOError):
            if given is not None:
                raise
            request.force_close()
            raise RequestTimeout from None
        finally:
            unreader.sock.settimeout(given)
        received += len(data)
        return data

    unreader.chunk = chunk
