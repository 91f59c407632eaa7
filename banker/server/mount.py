"""WSGI middleware that puts the service beside a host's application."""

from collections.abc import Iterable
from typing import Any

from flask import Flask

from banker.server.wsgi_server import WsgiApp

HOST_KEY = "banker.host"
"""The key of the WSGI environment for the number of the host that a request of the service came through."""


class MountedApp:
    """Passes requests under a prefix to the service and all others to the host.

    With the prefix "/" the service answers the paths whose first segment is one of its own (`/v1/…`, `/health`), and
    the host all others. Raises ValueError for an empty prefix.
    """

    def __init__(self, host: WsgiApp, url_prefix: str, service: Flask, number: int = 0) -> None:
        if not url_prefix:
            raise ValueError('url_prefix must name a path, such as "/banker"')
        self._host = host
        self._prefix = "/" + url_prefix.strip("/") if url_prefix.strip("/") else ""
        self._service = service
        self._number = number
        self._first_segments = frozenset(rule.rule.split("/")[1] for rule in service.url_map.iter_rules())

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not self._belongs_to_service(path):
            return self._host(environ, start_response)
        script_name = environ.get("SCRIPT_NAME", "") + self._prefix
        return self._service(
            {**environ, "SCRIPT_NAME": script_name, "PATH_INFO": path[len(self._prefix) :], HOST_KEY: self._number},
            start_response,
        )

    def _belongs_to_service(self, path: str) -> bool:
        if self._prefix:
            return path == self._prefix or path.startswith(self._prefix + "/")
        return path.startswith("/") and path.split("/")[1] in self._first_segments
