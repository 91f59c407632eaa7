"""Detects what the WSGI server supports. Each limitation is logged once, with the command to use instead."""

import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any

from banker.config.settings import Config

log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

SOCKET_KEYS = ("gunicorn.socket", "werkzeug.socket")
"""The keys under which WSGI servers provide the client's connection. The WSGI standard has no WebSockets."""
INSTEAD = "run `gunicorn -c python:banker.server.gunicorn wsgi:app` instead"
SEVERAL_PROCESSES = "Several processes need BANKER_REDIS_URL: without it each has sessions and rate limits of its own"
SEPARATE_METRICS = (
    "Each worker has metrics of its own, and a scrape meets one of them: restart gunicorn with metrics.enabled in its "
    "configuration, or set PROMETHEUS_MULTIPROC_DIR to an empty folder"
)

_CAPACITY_KEY = "banker.websocket_capacity"
_worker_threads: int | None = None
_workers = 1


def websocket_capacity(environ: dict[str, Any]) -> int:
    """Return how many WebSockets this process may have open; 0 if its server cannot open any."""
    return int(environ.get(_CAPACITY_KEY, 0))


def set_worker(threads: int, workers: int) -> None:
    """Set how many threads answer requests in this process, and how many such processes there are."""
    global _worker_threads, _workers
    _worker_threads, _workers = threads, workers


def worker_count() -> int:
    """Return how many processes of this server share the machine's cores."""
    return _workers


@functools.cache
def report(problem: str) -> None:
    """Log a problem, once per process."""
    log.warning("%s", problem)


def no_socket(server: str) -> str:
    """Describe a server that does not hand over the connection."""
    return (
        f"{server} gives a WSGI application no WebSockets, so calls are refused and only the HTTP API works: {INSTEAD}"
    )


def one_request_at_a_time(server: str) -> str:
    """Describe a server without threads."""
    return (
        f"{server} answers one request at a time here and a WebSocket would block it, "
        f"so calls are refused and only the HTTP API works: {INSTEAD}"
    )


def capacity_of(threads: int, max_sockets: int) -> int:
    """Return how many WebSockets fit into `threads`, which answer other requests too."""
    return max_sockets if threads > max_sockets else threads * 3 // 4


def too_few_threads(threads: int, max_sockets: int) -> str:
    """Describe a server with fewer threads than `server.max_sockets` needs."""
    needed = max_sockets * 4 // 3 + 1
    return (
        f"gunicorn has too few threads ({threads}) for {max_sockets} WebSockets (server.max_sockets), each of which "
        f"holds one, so it accepts {capacity_of(threads, max_sockets)}: run it with --threads {needed}"
    )


class WsgiServerCheck:
    """WSGI middleware that detects the server's abilities from requests, since not every server has start-up hooks."""

    def __init__(self, app: WsgiApp, config: Config) -> None:
        self._app = app
        self._config = config

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ[_CAPACITY_KEY] = self._capacity(environ, start_response)
        return self._app(environ, start_response)

    def _capacity(self, environ: dict[str, Any], start_response: Any) -> int:
        has_socket = any(key in environ for key in SOCKET_KEYS)
        # ASGI adapters always claim to be one of several processes; the servers below know.
        several = environ.get("wsgi.multiprocess") and (has_socket or "uwsgi.version" in environ)
        if several and self._config.redis_url is None:
            report(SEVERAL_PROCESSES)
        if not has_socket:
            # Adapters refuse the handshake themselves, so every request is checked. Test clients have no threads.
            if environ.get("wsgi.multithread") or environ.get("HTTP_UPGRADE", "").lower() == "websocket":
                report(no_socket(server_name(environ)))
            return 0
        if not environ.get("wsgi.multithread"):
            report(one_request_at_a_time(server_name(environ)))
            return 0
        max_sockets = self._config.server.max_sockets
        threads = _worker_threads or _gunicorn_threads(start_response)
        if threads is None:
            return max_sockets
        if threads <= max_sockets:
            report(too_few_threads(threads, max_sockets))
        return capacity_of(threads, max_sockets)


def server_name(environ: dict[str, Any]) -> str:
    """Return the name of the server for a log line."""
    if "uwsgi.version" in environ:
        return "uWSGI"
    if "asgi.scope" in environ:
        return "An ASGI server such as uvicorn"
    return str(environ.get("SERVER_SOFTWARE") or "This WSGI server")


def _gunicorn_threads(start_response: Any) -> int | None:
    """Return gunicorn's `threads`. Its `start_response` is a method of a response that has the settings.

    Returns None for other servers and behind middleware with a `start_response` of its own.
    """
    threads = getattr(getattr(getattr(start_response, "__self__", None), "cfg", None), "threads", None)
    return threads if isinstance(threads, int) else None
