"""One open WebSocket: frames out from any thread, frames in to one, and a clean end."""

import json
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from simple_websocket import ConnectionClosed, Server
from wsproto.utilities import LocalProtocolError

from banker.signaling.messages import MAX_BYTES

SEND_SECONDS = 10
"""A client that does not read for this long is hung up on."""
LINGER_SECONDS = 1
"""How long a client has to take note of the close before the connection is cut."""
WAKE_SECONDS = 0.5
"""simple-websocket wakes us for some closes a moment before it notes them, and not again."""
MAX_WAITING = 32
"""Frames that may wait to be acted on; whoever sends faster finds the TCP window closed."""

NORMAL, GOING_AWAY, POLICY, TOO_BIG, FAULT = 1000, 1001, 1008, 1009, 1011


class WebSocketConnection:
    """The TCP socket as simple-websocket should see it.

    simple-websocket takes `send` for `sendall` and calls it from two threads, reads on whether or not anybody takes the
    frames, and closes a socket that is the server's: gunicorn then counts the connection off twice, and the RST of an
    early close would eat the close frame.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()
        self.waiting: Callable[[], int] = lambda: 0
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))  # silence is nothing wrong

    def send(self, data: bytes) -> int:
        """Send all of `data`. Raises `OSError` when the client does not take it."""
        with self._lock:
            self._sock.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Receive, as soon as there is room for more frames."""
        while self.waiting() >= MAX_WAITING:
            time.sleep(0.02)
        return self._sock.recv(size)

    @property
    def deserted(self) -> bool:
        """Whether the client has closed the connection; what it has sent before that may still wait."""
        poll = select.poll()
        poll.register(self._sock, select.POLLRDHUP)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Left to the server, which has accepted it."""

    def linger(self) -> None:
        """End our side, wait for the client to end its own, and cut the line: nobody waits on it after that."""
        self.waiting = lambda: 0
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            until = time.monotonic() + LINGER_SECONDS
            while (left := until - time.monotonic()) > 0 and poll.poll(left * 1000) and self._read_away():
                pass
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _read_away(self) -> bool:
        """Whether the client may still send something."""
        try:
            return bool(self._sock.recv(65536, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True  # the reader thread was faster

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class SignalingSocket:
    """`send` and `go_away` may be called from any thread; everything else belongs to the handler's thread."""

    def __init__(self, ws: Server) -> None:
        self._ws = ws
        self._outbox: deque[str] = deque()
        self._going_away = False
        self.said_bye = False
        self.last_word = time.monotonic()
        ws.sock.waiting = lambda: len(ws.input_buffer)

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a JSON frame; the handler's thread sends it, and closes after a `bye`."""
        self._outbox.append(_text(message))
        if message["type"] == "bye":
            self.said_bye = True
        self._ws.event.set()

    def send_first(self, message: Mapping[str, Any]) -> None:
        """Send a frame ahead of what is queued. Raises `ConnectionClosed`."""
        self._outbox.appendleft(_text(message))
        self.flush()

    def go_away(self) -> None:
        """Have the handler close with 1001."""
        self._going_away = True
        self._ws.event.set()

    def receive(self, timeout: float) -> str | bytes | None:
        """The next frame; None after `timeout` seconds without one. Raises `ConnectionClosed`.

        What a client has sent before it closed is still received: its last word may be `bye`.
        """
        until = time.monotonic() + timeout
        while True:
            if self._ws.connected:
                self.flush()
            if self.said_bye:
                return None
            if self._going_away:
                self.close(GOING_AWAY, "going away")
                raise ConnectionClosed(GOING_AWAY)
            if self._ws.input_buffer:
                return self._next_frame()
            if not self._ws.connected:
                raise ConnectionClosed(self._ws.close_reason)
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._ws.event.wait(min(left, WAKE_SECONDS))
            self._ws.event.clear()

    def flush(self) -> None:
        """Send what is queued. Raises `ConnectionClosed`."""
        while self._outbox:
            try:
                self._ws.send(self._outbox.popleft())
            except (OSError, LocalProtocolError):
                raise ConnectionClosed(self._ws.close_reason) from None

    def close(self, code: int, why: str = "") -> None:
        """Close with a code of RFC 6455 §7.4.1; closing twice does no harm."""
        with suppress(ConnectionClosed, OSError, LocalProtocolError):
            self.flush()
            self._ws.close(code, why)

    def release(self) -> None:
        """Give back the line and the reader thread.

        The thread is waited for: once the server has closed the descriptor nothing wakes it before its next ping.
        """
        self._ws.connected = False
        self._ws.sock.linger()
        self._ws.thread.join(LINGER_SECONDS)

    def _next_frame(self) -> str | bytes:
        self.last_word = time.monotonic()
        frame: str | bytes = self._ws.input_buffer.pop(0)
        # simple-websocket has counted characters
        if isinstance(frame, str) and len(frame) * 4 > MAX_BYTES and len(frame.encode()) > MAX_BYTES:
            self.close(TOO_BIG, "more than 64 KiB")
            raise ConnectionClosed(TOO_BIG)
        return frame


def _text(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
