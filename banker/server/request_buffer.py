"""Collects an arriving request in a gunicorn worker before a thread handles it."""

import re
import socket
import time
from functools import partial
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from werkzeug.exceptions import RequestTimeout

REQUEST_ARRIVAL_S = 10.0
"""How long a head and a small body may take to arrive. Behind nginx, nginx does the waiting."""
MAX_HEAD_BYTES = MAX_COLLECTED_BODY_BYTES = 65_536
"""The largest head, and the largest body of the service. Larger bodies of a host's pages are read in a thread."""
BODY_BYTES_PER_S = 16_384
"""A body that a thread reads gets an extra second for this many bytes. Slower clients are cut."""

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,6})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_EXPECT = re.compile(rb"^expect:", re.IGNORECASE | re.MULTILINE)


class ArrivingRequest:
    """A request that is not complete yet. Belongs to the worker's loop. `since` is when waiting began (s, monotonic).

    Only the amount of data matters here. gunicorn's parser interprets it.
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self._data = bytearray()
        self._needed: int | None = None
        self._has_ended = False

    @property
    def data(self) -> bytes:
        """The data so far."""
        return bytes(self._data)

    @property
    def has_begun(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._data)

    @property
    def is_complete(self) -> bool:
        """Whether a thread can read on without waiting: the head has arrived, and a body of known length too."""
        return self._has_ended or (self._needed is not None and len(self._data) >= self._needed)

    @property
    def is_too_large(self) -> bool:
        """Whether the data exceed the limit of a head."""
        return self._needed is None and len(self._data) > MAX_HEAD_BYTES

    def receive(self, sock: socket.socket) -> None:
        """Receive data. Raises `BlockingIOError` if none has arrived, and `OSError` for a lost connection."""
        data = sock.recv(MAX_COLLECTED_BODY_BYTES)
        self.add(data)
        if not data:
            self._has_ended = True  # half a request, which the parser refuses, or nothing

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
    """Require the rest of a body to arrive at `BODY_BYTES_PER_S` after the first `REQUEST_ARRIVAL_S`.

    Otherwise the application that reads it gets a `RequestTimeout`, and the connection closes after the response.
    """
    receive = partial(SocketUnreader.chunk, unreader)
    deadline = time.monotonic() + REQUEST_ARRIVAL_S
    received = 0

    def chunk(size_hint: int | None = None) -> bytes:
        nonlocal received
        given = unreader.sock.gettimeout()  # gunicorn calls it to drop an unread body
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
