"""A gthread worker that closes calls gracefully and answers malformed HTTP in the API's error format.

A request gets a thread only when it has arrived, so slow clients hold none.
"""

import json
import selectors
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from threading import Thread
from typing import Any, NoReturn

from gunicorn import util
from gunicorn.errors import AppImportError
from gunicorn.http import errors
from gunicorn.http2.negotiation import prior_knowledge_allowed
from gunicorn.workers import gthread

from banker.config.loading import ConfigError
from banker.server.gunicorn_reload import RELOAD
from banker.server.request_buffer import REQUEST_ARRIVAL_S, ArrivingRequest, limit_body
from banker.server.running_services import live_services, thread_in_use

CLOSING_RESERVE_S = 4
"""The part of `graceful_timeout` that is reserved for closing connected calls."""
SILENCE_S = 5
"""How long a client may be silent while a thread waits for it: in a large body, and if gunicorn does TLS."""
THREAD_WAIT_S = 0.02
"""How long a thread waits for the first byte of a TLS connection, and for a body that the application did not read.
With gunicorn's own 5 s a handful of silent clients would starve the health check."""
LINGER_S = 2.0
"""How long a client may take to read the end of a response before its connection is cut, as in gunicorn."""
SWEEP_INTERVAL_S = 0.5
"""How often the worker looks for clients that take too long."""


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
        (TimeoutError, 408, "request_timeout", "The request took too long to arrive."),
        (BaseException, 500, "internal_error", "Something went wrong."),
    )

    calls_end_by = 0.0
    """When calls that outlast SIGTERM are closed (s, monotonic)."""

    def init_process(self) -> None:
        """Run the worker, with the one setting that gunicorn's configuration does not have."""
        gthread.DEFAULT_WORKER_DATA_TIMEOUT = THREAD_WAIT_S
        self._arriving: dict[Any, ArrivingRequest] = {}
        self._closing: dict[Any, float] = {}
        self._next_sweep = 0.0
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Await a request in the worker's loop, and give it a thread when it has arrived.

        By itself, gunicorn takes a thread first. It still does for TLS and HTTP/2.
        """
        if self.cfg.is_ssl or prior_knowledge_allowed(self.cfg, conn.client):
            super().enqueue_req(conn)
            return
        request = ArrivingRequest(time.monotonic())
        if conn.parser is not None:
            request.add(conn.parser.unreader.take_buffered())
        conn.sock.setblocking(False)
        self._arriving[conn] = request
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))
        self._receive(conn, conn.sock)

    def _receive(self, conn: Any, sock: socket.socket) -> None:
        request = self._arriving[conn]
        try:
            if not request.is_complete:
                request.receive(sock)
        except BlockingIOError:
            return
        except OSError:
            self._drop(conn, self._arriving)
            return
        if request.is_too_large:
            self._refuse(conn, errors.LimitRequestHeaders("limit request headers size"))
        elif request.is_complete:
            self.poller.unregister(sock)
            super().enqueue_req(conn)

    def murder_pending(self) -> None:
        """Cut clients that take too long to send a request or to read the end of a response."""
        super().murder_pending()
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_INTERVAL_S
        for conn, request in list(self._arriving.items()):
            patience = REQUEST_ARRIVAL_S if self.alive or request.has_begun else gthread.STOP_KEEPALIVE_LINGER
            if not request.is_complete and now > request.since + patience:
                if request.has_begun:
                    self._refuse(conn, TimeoutError())
                else:
                    self._drop(conn, self._arriving)
        for conn, deadline in list(self._closing.items()):
            if now > deadline:
                self._drop(conn, self._closing)

    def _refuse(self, conn: Any, error: Exception) -> None:
        self.handle_error(None, conn.sock, conn.client, error)
        self.poller.unregister(conn.sock)
        del self._arriving[conn]
        self._linger(conn)

    def _drop(self, conn: Any, waiting: dict[Any, Any]) -> None:
        del waiting[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take a connection back from its thread.

        By itself, gunicorn closes it in the worker's loop, which blocks for up to 2 s if the client does not close.
        """
        if not fs.cancelled() and fs.exception() is None and fs.result() is False:
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def _linger(self, conn: Any) -> None:
        """Send a FIN, and drop what the client still sends until it closes too (RFC 9112 section 9.6)."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._await_fin, conn))
        except (OSError, ValueError):
            self.nr_conns -= 1
            conn.close()
        else:
            self._closing[conn] = time.monotonic() + LINGER_S

    def _await_fin(self, conn: Any, sock: socket.socket) -> None:
        with suppress(OSError):
            try:
                if sock.recv(65_536):
                    return
            except BlockingIOError:
                return
        self._drop(conn, self._closing)

    def load_wsgi(self) -> None:
        """Load the application. A failure ends a starting server, but never a running one."""
        try:
            super().load_wsgi()
        except (AppImportError, ConfigError) as error:
            self.fail_to_load(error)
        except SystemExit as error:  # as a host ends a start in one line
            self.fail_to_load(error.code)
        except Exception:
            self.log.exception("The application cannot be loaded")
            RELOAD.fail(self)

    def fail_to_load(self, reason: object) -> NoReturn:
        """Print why the application cannot be loaded, and end."""
        print(reason, file=sys.stderr, flush=True)
        RELOAD.fail(self)

    def handle(self, conn: Any) -> Any:
        """Handle a request on a connection, with a limit to the client's silence (an open WebSocket lifts it)."""
        if not conn.initialized:
            timeout = struct.pack("ll", SILENCE_S, 0)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        request = self._arriving.pop(conn, None)
        if request is not None:
            conn.init()
            conn.parser.unreader.unread(request.data)
        with thread_in_use():
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Handle a request whose head is complete. The rest of its body has to arrive in time too."""
        limit_body(conn.parser.unreader, req)
        return super().handle_request(req, conn)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM: close WebSockets with 1001 first. gunicorn would cut them after `graceful_timeout`.

        Deferred to the worker's loop: a signal handler must not wait for a lock that it may have interrupted.
        """
        if self.alive:
            self.calls_end_by = time.monotonic() + self.cfg.graceful_timeout - CLOSING_RESERVE_S
            self.method_queue.defer(self.drain)
        super().handle_exit(sig, frame)

    def run(self) -> None:
        """Serve requests. After SIGTERM, let calls without an open request finish."""
        super().run()
        while time.monotonic() < self.calls_end_by and any(service.live_calls for service in live_services()):
            self.notify()
            time.sleep(0.1)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Handle SIGINT and SIGQUIT. Ctrl-C sends both, from the terminal and the master; the second is ignored."""
        signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would print a race when both are on their way
        signal.signal(signal.SIGQUIT, lambda *_: None)
        self.drain()
        super().handle_quit(sig, frame)

    def drain(self) -> None:
        """Send customers elsewhere while the worker goes on answering."""
        for service in live_services():
            Thread(target=service.drain, name="drain", daemon=True).start()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that gunicorn refuses, in the API's error format, and log it without the request's text."""
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
