"""Sets up what all requests share: size limit, trusted proxies, error format, request id, security headers."""

import random
import re

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from banker.config.settings import Config
from banker.http import error_responses
from banker.http.request_body import MAX_BODY_BYTES
from banker.server.logs import request_id
from banker.server.metrics import Metrics
from banker.server.wsgi_server import report

UNTRUSTED_PROXY = (
    "A request has X-Forwarded-For, but server.trusted_proxies is 0. Behind a proxy, all customers count as one "
    "address when identification fails; set trusted_proxies to the number of proxies"
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask, config: Config, metrics: Metrics) -> None:
    """Set up `app`, before its blueprints are registered."""
    # One byte more than allowed: werkzeug silently truncates a chunked body at this limit, and `read_body` notices.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    if config.server.trusted_proxies:
        hops = config.server.trusted_proxies
        # Not X-Forwarded-Host, which proxies pass on as the client sent it: the check of Origin compares with the host.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    else:
        app.before_request(_report_untrusted_proxy)
    error_responses.register(app, metrics)

    @app.before_request
    def set_request_id() -> None:
        given = request.headers.get("X-Request-ID", "")
        request_id.set(given if _REQUEST_ID.fullmatch(given) else new_request_id())

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id.get()
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _report_untrusted_proxy() -> None:
    """Log once that there seems to be a proxy which the configuration does not mention."""
    if "X-Forwarded-For" in request.headers and "werkzeug.proxy_fix.orig" not in request.environ:
        report(UNTRUSTED_PROXY)


def new_request_id() -> str:
    """Return 32 hexadecimal digits. They are not secret, so a fast random generator will do."""
    return f"{random.getrandbits(128):032x}"
