"""A gthread worker that closes calls gracefully and answers malformed HTTP in the API's error format."""

import json
import signal
import socket
import struct
import time
from http import HTTPStatus
from threading import Thread
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers import gthread

from banker.server.running_services import live_services

CLOSING_RESERVE_S = 4
"""The part of `graceful_timeout` that is left for closing the calls that are still connected then."""
REQUEST_READ_TIMEOUT_S = 5
"""How long a client may be silent in the middle of a request, which holds a thread. nginx in front waits instead."""
FIRST_BYTE_TIMEOUT_S = 0.02
"""How long a new connection may hold a thread without having sent anything; then it waits outside the threads. With
gunicorn's own 5 s a handful of silent clients would starve the health check."""


class BankerWorker(gthread.ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker for an application with one or more `Banker`."""

    # The first match applies. gunicorn's own error pages repeat parts of the request, which may be tokens.
    ERRORS = (
        (errors.InvalidResponseHeader, 500, "internal_error", "Something went wrong."),
        (errors.InvalidResponseHeaderName, 500, "internal_error", "Something went wrong."),
        (errors.LimitRequestLine, 414, "too_large", "The URL is too long."),
        (errors.LimitRequestHeaders, 431, "too_large", "The request's headers are too large."),
        (errors.UnsupportedTransferCoding, 501, "not_implemented", "This transfer coding is not supported."),
        (errors.ExpectationFailed, 417, "expectation_failed", "This expectation cannot be met."),
        (errors.ParseException, 400, "invalid_request", "The request is not well-formed HTTP."),
        (BaseException, 500, "internal_error", "Something went wrong."),
    )

    calls_end_by = 0.0
    """When calls that outlast SIGTERM are closed (s, monotonic)."""

    def init_process(self) -> None:
        """Run the worker; the setting of gunicorn's that has no name in its configuration is set here."""
        gthread.DEFAULT_WORKER_DATA_TIMEOUT = FIRST_BYTE_TIMEOUT_S
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Handle a request on a connection, with a limit to the client's silence (an open WebSocket lifts it)."""
        if not conn.initialized:
            timeout = struct.pack("ll", REQUEST_READ_TIMEOUT_S, 0)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        return super().handle(conn)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM: close WebSockets with 1001 first; gunicorn would cut them after `graceful_timeout`.

        Deferred to the worker's loop: a signal handler must not wait for a lock that it may have interrupted.
        """
        if self.alive:
            self.calls_end_by = time.monotonic() + self.cfg.graceful_timeout - CLOSING_RESERVE_S
            self.method_queue.defer(self.drain)
        super().handle_exit(sig, frame)

    def run(self) -> None:
        """Serve requests; after SIGTERM, let calls finish that have no request open."""
        super().run()
        while time.monotonic() < self.calls_end_by and any(service.live_calls for service in live_services()):
            self.notify()
            time.sleep(0.1)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Handle SIGINT and SIGQUIT. Ctrl-C sends both, from the terminal and the master: the second is ignored."""
        signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would print a race when both are on their way
        signal.signal(signal.SIGQUIT, lambda *_: None)
        self.drain()
        super().handle_quit(sig, frame)

    def drain(self) -> None:
        """Send customers elsewhere while the worker goes on answering."""
        for service in live_services():
            Thread(target=service.drain, name="drain", daemon=True).start()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that gunicorn refuses in the error format, and log it without the text of the request."""
        _, status, error, message = next(entry for entry in self.ERRORS if isinstance(exc, entry[0]))
        if status == 500:
            self.log.error("Error handling a request", exc_info=exc)
        else:
            self.log.warning("Refused a request from %s: %s", addr[0] if addr else "-", type(exc).__name__)
        body = json.dumps({"error": error, "message": message})
        head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Connection: close", "Content-Type: application/json"]
        try:
            util.write_nonblock(client, "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode())
        except OSError:
            self.log.debug("The client of a refused request has gone")
