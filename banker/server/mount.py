"""The service beside a host's app: which of the two answers a request."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class MountedApp:
    """WSGI: requests under a prefix go to the service, all others to the host.

    The prefix "/" takes the paths that begin as one of the service's own, and leaves the host the rest. Raises
    ValueError for an empty prefix.
    """

    def __init__(self, host: WsgiApp, url_prefix: str, service: Flask) -> None:
        if not url_prefix:
            raise ValueError('url_prefix must name a path, as "/banker"')
        self._host = host
        self._prefix = "/" + url_prefix.strip("/") if url_prefix.strip("/") else ""
        self._service = service
        self._own = frozenset(rule.rule.split("/")[1] for rule in service.url_map.iter_rules())

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not self._is_the_services(path):
            return self._host(environ, start_response)
        script_name = environ.get("SCRIPT_NAME", "") + self._prefix
        return self._service(
            {**environ, "SCRIPT_NAME": script_name, "PATH_INFO": path[len(self._prefix) :]}, start_response
        )

    def _is_the_services(self, path: str) -> bool:
        if self._prefix:
            return path == self._prefix or path.startswith(self._prefix + "/")
        return path.startswith("/") and path.split("/")[1] in self._own
