"""One signaling WebSocket on top of simple-websocket: sends from any thread, receives, and closes cleanly."""

import json
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from simple_websocket import ConnectionClosed, Server
from wsproto.events import CloseConnection, Event, Pong, TextMessage
from wsproto.utilities import LocalProtocolError

from banker.errors import too_many_events
from banker.message_rate import MessageRateLimit
from banker.signaling.messages import MAX_FRAME_BYTES

SEND_TIMEOUT_S = 10
"""A client that reads nothing for this long is disconnected, so that it does not hold a thread."""
CLOSE_TIMEOUT_S = 1.0
"""The time limit for each step of the closing handshake: the client's Close frame, then its FIN. Browsers need a few
round trips."""
REPOLL_S = 0.5
"""simple-websocket sets its event just before it records that a frame was too large, and never again."""
MAX_BUFFERED_FRAMES = 32
"""How many received frames may wait for the handler. Then the socket is not read, and TCP slows the client down."""

MAX_FRAMES, MAX_FRAMES_PERIOD_S = 300, 10.0
"""A browser sends about 30 frames while it trickles its candidates; a frame of 64 KiB arrives in 16 parts."""

NORMAL, GOING_AWAY, POLICY, TOO_BIG, INTERNAL_ERROR = 1000, 1001, 1008, 1009, 1011
"""Close codes (RFC 6455 section 7.4.1)."""


class WebSocketConnection:
    """The client's TCP socket, adapted to simple-websocket.

    simple-websocket calls `send` from two threads and expects it to send everything. It reads frames faster than they
    are handled. It closes the socket, which belongs to the WSGI server: gunicorn would count the connection as closed
    twice, and closing with unread data sends a RST that can overtake the Close frame.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()
        self.buffered_frames: Callable[[], int] = lambda: 0
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT_S, 0))
        # The worker limits how long a request may take to arrive; an open WebSocket may be silent for longer.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))

    def send(self, data: bytes) -> int:
        """Send all of `data`. Raises `OSError` when the client does not read it in time."""
        with self._lock:
            self._sock.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Receive up to `size` bytes once fewer than `MAX_BUFFERED_FRAMES` wait to be handled."""
        while self.buffered_frames() >= MAX_BUFFERED_FRAMES:
            time.sleep(0.02)
        return self._sock.recv(size)

    @property
    def closed_by_client(self) -> bool:
        """Whether the client has closed the connection. Earlier data may still be unread."""
        poll = select.poll()
        poll.register(self._sock, select.POLLRDHUP)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Do nothing: the WSGI server closes the socket when the request ends."""

    def await_fin(self) -> None:
        """Send a FIN and read on until the client sends its own, so that no RST destroys the Close frame."""
        deadline = time.monotonic() + CLOSE_TIMEOUT_S
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            self._sock.settimeout(CLOSE_TIMEOUT_S)
            while self._sock.recv(65536) and time.monotonic() < deadline:
                pass

    def shut_down(self) -> None:
        """End the connection in both directions, and wake the thread that waits for data."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class LimitedFrames:
    """wsproto's connection, which sends an error and closes with 1008 when a client sends far more than browsers do.

    Pings, fragments and partial frames count too: they never become messages, but take time from all calls of the
    worker.
    """

    def __init__(self, ws: Server) -> None:
        self._connection = ws.ws
        self._sock = ws.sock
        self._rate = MessageRateLimit(MAX_FRAMES, MAX_FRAMES_PERIOD_S)

    def events(self) -> Iterator[Event]:
        """Yield received events. Above the limit, raise `LocalProtocolError`, which ends the reader thread."""
        for event in self._connection.events():
            if not self._rate.allows(time.monotonic()):
                error = TextMessage(data=json.dumps({"type": "error", **too_many_events().body()}))
                close = CloseConnection(POLICY, "too many frames")
                self._sock.send(self._connection.send(error) + self._connection.send(close))
                raise LocalProtocolError("too many frames")
            yield event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class SignalingSocket:
    """A WebSocket for JSON messages.

    `send`, `go_away`, `is_closing` and `cut` are thread-safe; the rest belongs to the handler's thread.
    """

    def __init__(self, ws: Server) -> None:
        self._ws = ws
        self._outbox: deque[str] = deque()
        self._going_away = False
        self._closing = False
        self._finishing = False
        self._cut = False
        self.bye_sent = False
        self.last_received = time.monotonic()
        ws.sock.buffered_frames = lambda: len(ws.input_buffer)
        ws.ws = LimitedFrames(ws)

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a message for the handler's thread. After a `bye` the handler closes the socket."""
        self._outbox.append(_encode(message))
        if message["type"] == "bye":
            self.bye_sent = True
        self._ws.event.set()

    def send_first(self, message: Mapping[str, Any]) -> None:
        """Send a message now, ahead of everything queued."""
        self._outbox.appendleft(_encode(message))
        self._flush()

    def send_heartbeat(self) -> None:
        """Send an unsolicited Pong, which needs no answer (RFC 6455 section 5.5.3), to keep proxies from timing out."""
        with suppress(OSError, LocalProtocolError):
            self._ws.sock.send(self._ws.ws.send(Pong()))

    def go_away(self) -> None:
        """Make the handler close the socket with 1001."""
        self._going_away = True
        self._ws.event.set()

    @property
    def is_closing(self) -> bool:
        """Whether the exchange is over: one side has closed the socket, or a `bye` is on its way."""
        return self.bye_sent or self._closing or not self._ws.connected

    def cut(self) -> None:
        """Stop waiting for the client's part of the closing handshake; ours is still sent."""
        self._cut = True
        if self._finishing:
            self._ws.sock.shut_down()

    def receive(self, timeout: float) -> str | bytes | None:
        """Return the next frame; None after `timeout` seconds without one, and once a `bye` was sent.

        Frames that the client sent before it closed are still returned, since the last one may be its `bye`. After
        them, raises `ConnectionClosed`.
        """
        deadline = time.monotonic() + timeout
        while True:
            # This clears simple-websocket's event, so it comes before everything that the event announces.
            frame = self._ws.receive(timeout=0)
            self._flush()
            if self._going_away:
                self.close(GOING_AWAY, "going away")
                raise ConnectionClosed(GOING_AWAY)
            if self.bye_sent:
                return None
            if frame is not None:
                return self._within_limit(frame)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            self._ws.event.wait(min(remaining, REPOLL_S))

    def close(self, code: int, reason: str = "") -> None:
        """Send the queued messages and a Close frame. Closing twice does no harm."""
        self._closing = True
        self._flush()
        with suppress(ConnectionClosed, OSError, LocalProtocolError):
            self._ws.close(code, reason)

    def finish(self) -> None:
        """Complete the closing handshake (RFC 6455 section 7.1.1) and give back the connection and its reader thread.

        The connection must stay open until the reader thread ends: it answers the client's Close frame, and reads the
        client's answer to ours.
        """
        self._closing = self._finishing = True
        self._ws.connected = False
        self._ws.sock.buffered_frames = lambda: 0
        if self._cut:
            self._ws.sock.shut_down()
        self._ws.thread.join(CLOSE_TIMEOUT_S)
        if not self._ws.thread.is_alive():
            self._ws.sock.await_fin()
        self._ws.sock.shut_down()
        self._ws.thread.join(CLOSE_TIMEOUT_S)

    def _flush(self) -> None:
        """Send the queued messages. If the client is gone, drop them; `receive` then raises `ConnectionClosed`."""
        try:
            while self._outbox:
                self._ws.send(self._outbox.popleft())
        except (ConnectionClosed, OSError, LocalProtocolError):
            self._outbox.clear()
            self._ws.connected = False

    def _within_limit(self, frame: str | bytes) -> str | bytes:
        self.last_received = time.monotonic()
        # simple-websocket applies its limit to characters, the contract to bytes.
        if isinstance(frame, str) and len(frame) * 4 > MAX_FRAME_BYTES and len(frame.encode()) > MAX_FRAME_BYTES:
            self.close(TOO_BIG, "more than 64 KiB")
            raise ConnectionClosed(TOO_BIG)
        return frame


def _encode(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
