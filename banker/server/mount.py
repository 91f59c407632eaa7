"""WSGI middleware that mounts the service beside a host's application."""

from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from banker.server.wsgi_server import WsgiApp

HOST_KEY = "banker.host"
"""The key of the WSGI environment for the number of the host that a request of the service came through."""
PREFIX_KEY = "banker.prefix"
"""The key for the prefix under which that host has mounted the service, such as "/banker"."""


class MountedApp:
    """Passes requests under a prefix to the service and all others to the host.

    With the prefix "/" the service answers the paths that begin with one of its own segments (`/v1/…`, `/health`), and
    the host answers all others. Raises ValueError for an empty prefix.

    The service trusts the same proxies as the host: a `ProxyFix` around `host` would not see its requests, and all
    customers would have one address. `X-Forwarded-Host` is always ignored: the host decides whose pages may connect.
    """

    def __init__(self, host: WsgiApp, url_prefix: str, service: Flask, number: int = 0) -> None:
        if not url_prefix:
            raise ValueError('url_prefix must name a path, such as "/banker"')
        self.app = host
        self._prefix = "/" + url_prefix.strip("/") if url_prefix.strip("/") else ""
        self._service = _behind_the_proxies_of(host, service)
        self._number = number
        self._first_segments = frozenset(rule.rule.split("/")[1] for rule in service.url_map.iter_rules())

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not self._belongs_to_service(path):
            return self.app(environ, start_response)
        script_name = environ.get("SCRIPT_NAME", "") + self._prefix
        changed = {"SCRIPT_NAME": script_name, "PATH_INFO": path[len(self._prefix) :]}
        changed |= {HOST_KEY: self._number, PREFIX_KEY: self._prefix}
        if asked := environ.get("werkzeug.proxy_fix.orig", {}).get("HTTP_HOST"):
            changed["HTTP_HOST"] = asked
        return self._service({**environ, **changed}, start_response)

    def _belongs_to_service(self, path: str) -> bool:
        if self._prefix:
            return path == self._prefix or path.startswith(self._prefix + "/")
        return path.startswith("/") and path.split("/")[1] in self._first_segments


def _behind_the_proxies_of(host: WsgiApp, service: Flask) -> WsgiApp:
    """Return the service with the client address and scheme of the `ProxyFix` around `host`, if any."""
    layer: Any = host
    while layer is not None and not isinstance(layer, ProxyFix):
        layer = getattr(layer, "app", None) or getattr(layer, "wsgi_app", None)
    return service if layer is None else ProxyFix(service, x_for=layer.x_for, x_proto=layer.x_proto)
