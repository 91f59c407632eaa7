"""How gunicorn runs the service. `gunicorn app:app` in this folder reads this file by itself; command line and
`GUNICORN_CMD_ARGS` go before it. Settings: https://gunicorn.org/reference/settings/
"""

import errno
import json
import os
import signal
import socket
import struct
import sys
import time
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Thread

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers import gthread

from banker.config.loading import ConfigError, load

# The agent learns from small matrices: one thread takes a third of the CPU that several do, which mostly wait in loops.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    settings = load()
except ConfigError as mistakes:
    sys.exit(str(mistakes))

# What closing the calls may take of the grace that a worker has after SIGTERM.
CLOSE_SECONDS = 4

# How long a client may be silent in the middle of a request. Its thread waits for it; nginx in front waits itself.
SILENT_SECONDS = 5

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Log(Logger):
    """Access logs that carry no token: the path as it was asked for, without query string, referrer and headers."""

    def atoms(self, resp, req, environ, request_time):
        """The path still percent-encoded, so that a line break in it starts no line of its own."""
        atoms = super().atoms(resp, req, environ, request_time)
        atoms["U"] = environ["RAW_URI"].partition("?")[0]
        return atoms

    def exception(self, msg, *args, **kwargs):
        """A client that fell silent is no fault of ours: without a traceback."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.debug("A client was silent for %d s in the middle of a request", SILENT_SECONDS)
        else:
            super().exception(msg, *args, **kwargs)

    def access(self, resp, req, environ, request_time):
        """One line a request: JSON, or the text of `access_log_format`."""
        if settings.server.log_format == "text":
            super().access(resp, req, environ, request_time)
        elif self.access_log_enabled:
            atoms = self.atoms(resp, req, environ, request_time)
            line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "logger": "access"}
            line |= {"client": atoms["h"], "method": atoms["m"], "path": atoms["U"], "status": int(atoms["s"])}
            line |= {"bytes": atoms["B"], "ms": atoms["M"]}
            self.access_log.info(json.dumps(line | {"request_id": atoms.get("{x-request-id}o")}))


class BankerWorker(gthread.ThreadWorker):
    """gthread that says goodbye in time, and whose own errors look like everybody else's."""

    # The first that fits. gunicorn's own texts would repeat parts of the request, and those may be tokens.
    FAULTS = (
        (errors.InvalidResponseHeader, 500, "internal_error", "Something went wrong."),
        (errors.InvalidResponseHeaderName, 500, "internal_error", "Something went wrong."),
        (errors.LimitRequestLine, 414, "uri_too_long", "The address is too long."),
        (errors.LimitRequestHeaders, 431, "headers_too_large", "The headers are too many or too long."),
        (errors.UnsupportedTransferCoding, 501, "not_implemented", "This transfer coding is not supported."),
        (errors.ExpectationFailed, 417, "expectation_failed", "This expectation cannot be met."),
        (errors.ParseException, 400, "invalid_request", "The request is not well-formed HTTP."),
        (BaseException, 500, "internal_error", "Something went wrong."),
    )

    calls_until = 0.0

    @property
    def extension(self):
        """The Banker of the app that this worker has loaded; None before, and in the master."""
        return getattr(getattr(self, "wsgi", None), "extensions", {}).get("banker")

    def handle(self, conn):
        """A thread does not wait for ever for the rest of a request (`banker.signaling.websocket` lifts this)."""
        if not conn.initialized:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SILENT_SECONDS, 0))
        return super().handle(conn)

    def handle_exit(self, sig, frame):
        """SIGTERM: the goodbye comes first, since open sockets would be cut after `graceful_timeout` without a close
        frame. Deferred to the worker's loop: a signal handler must not wait for a lock that it may have interrupted.
        """
        if self.alive:
            self.calls_until = time.monotonic() + self.cfg.graceful_timeout - CLOSE_SECONDS
            self.method_queue.defer(self.drain)
        super().handle_exit(sig, frame)

    def run(self):
        """Requests first, as gthread does; then, after SIGTERM, the calls that hold no request open."""
        super().run()
        while time.monotonic() < self.calls_until and self.extension is not None and self.extension.talking:
            self.notify()
            time.sleep(0.1)

    def handle_quit(self, sig, frame):
        """SIGINT and SIGQUIT. Ctrl-C brings both, from the terminal and from the master: once is enough."""
        signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would print of a race when both are on their way
        signal.signal(signal.SIGQUIT, lambda *_: None)
        self.drain()
        super().handle_quit(sig, frame)

    def drain(self):
        """Sockets get their close 1001 while the worker goes on answering."""
        if self.extension is not None:
            Thread(target=self.extension.drain, name="drain", daemon=True).start()

    def handle_error(self, req, client, addr, exc):
        """What gunicorn itself has to answer, in the error format; logged without the text of the request."""
        _, status, error, message = next(fault for fault in self.FAULTS if isinstance(exc, fault[0]))
        if status == 500:
            self.log.error("Error handling a request", exc_info=exc)
        else:
            self.log.warning("Refused a request of %s: %s", addr[0] if addr else "-", type(exc).__name__)
        body = json.dumps({"error": error, "message": message})
        head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Connection: close", "Content-Type: application/json"]
        try:
            util.write_nonblock(client, "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode())
        except OSError:
            self.log.debug("The client of a refused request is gone")


# -- settings ---------------------------------------------------------------------------------------------------------

# Behind nginx, and on one's own machine; BANKER_BIND=0.0.0.0:8081 or unix:/run/banker.sock goes elsewhere.
bind = os.environ.get("BANKER_BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8081}"

# Threads that answer requests; each open WebSocket holds one of them (server.threads, server.max_sockets).
worker_class = BankerWorker
threads = settings.server.threads

# One process does for one machine's talks; more of them need Redis to share sessions and limits.
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)

# Every worker loads the app itself: the media thread has to start after the fork.
preload_app = False

# The seconds without a heartbeat of the worker's loop (not of a request) after which the master replaces it.
timeout = 30

# The seconds that open requests, sockets and calls get to end after SIGTERM; the goodbye tells them at its beginning.
graceful_timeout = 20

# The seconds that an idle connection is kept, without a thread: longer than nginx keeps it (60), so that nginx never
# sends a request into one that is just being closed.
keepalive = 75

# The seconds that a new connection may hold a thread without having sent anything (5 in gunicorn); then it waits
# outside the threads. A handful of silent clients would starve the health check otherwise.
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.02

# Whose X-Forwarded-Proto is believed. (Whose X-Forwarded-For is: server.trusted_proxies.)
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")

# No second door: gunicorn would open a control socket in the home directory.
control_socket_disable = True

# Access log to standard output, everything else to standard error. In the format: %(U)s is the bare path (see Log).
logger_class = Log
loglevel = settings.server.log_level.lower()
accesslog = "-"
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(M)sms %({x-request-id}o)s'


# -- hooks ------------------------------------------------------------------------------------------------------------


def on_starting(server):
    """Refuse in one line what cannot work, however it was set."""
    if server.cfg.workers > 1 and settings.redis_url is None:
        sys.exit(f"{server.cfg.workers} workers need BANKER_REDIS_URL: sessions and limits in memory are one worker's")
    addresses = [address for address in server.cfg.address if isinstance(address, tuple)]
    for host, port in addresses:
        if settings.demo and host not in LOOPBACK:
            sys.exit(f"The demo listens on 127.0.0.1 only, not on {host}: its secret is published. Change BANKER_BIND")
        if not {"GUNICORN_FD", "LISTEN_FDS"} & set(os.environ):
            refuse_taken(host, port)
    reload = server.handle_hup

    def reload_if_sound():
        try:
            load()
        except ConfigError as mistakes:
            server.log.error("Not reloaded, the service goes on as it was:\n%s", mistakes)
        else:
            reload()

    server.handle_hup = reload_if_sound


def refuse_taken(host, port):
    """gunicorn would try for 5 seconds and print ten lines."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            sys.exit(f"Port {port} of {host} {reason}: end what uses it, or take another one: PORT=9000 make run")


def nworkers_changed(server, new_value, old_value):
    """SIGTTIN adds a worker at run time."""
    if old_value and new_value > max(old_value, 1) and settings.redis_url is None:
        server.log.error("Still %d worker: more of them need BANKER_REDIS_URL", old_value)
        server.num_workers = old_value


def post_worker_init(worker):
    """The app is loaded and the port is open: the engines get warm, and then the first worker says where it is."""
    Thread(target=warm_up, args=(worker,), name="warm-up", daemon=True).start()


def warm_up(worker):
    """Load what the first call would otherwise wait for."""
    if worker.extension is not None:
        if worker.age == 1:
            print("Loading the voice and what the banker understands (some seconds) ...", flush=True)
        worker.extension.media.start()
    name = worker.sockets[0].getsockname()
    if worker.age > 1 or isinstance(name, str):
        return
    host = "localhost" if name[0] in (*LOOPBACK, "0.0.0.0", "::") else name[0]  # noqa: S104 - compared, not bound
    what = "Open this page in a browser:" if settings.demo else "The service answers on"
    print(f"\n{what} http://{host}:{name[1]}  (Ctrl-C ends the service)\n", flush=True)


def worker_exit(server, worker):
    """However the worker ends: nothing of its calls stays behind."""
    if worker.extension is not None:
        worker.extension.drain()
        worker.extension.close()
