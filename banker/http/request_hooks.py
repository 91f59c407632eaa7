"""What every request of the service's app gets: an id, the security headers, JSON for paths that do not exist."""

import logging
import random
import re

from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from banker.config.settings import Config
from banker.http import error_responses as errors
from banker.server.logs import request_id

log = logging.getLogger(__name__)

MAX_BODY = 64 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask, config: Config) -> None:
    """Set up `app`, before its blueprints are registered."""
    # One byte more than is taken: werkzeug cuts a chunked body off at the limit without a word (`read_body` tells).
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    if config.server.trusted_proxies:
        hops = config.server.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    errors.register(app)

    @app.before_request
    def name_request() -> None:
        given = request.headers.get("X-Request-ID", "")
        request_id.set(given if _REQUEST_ID.fullmatch(given) else new_request_id())

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id.get()
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def new_request_id() -> str:
    """32 hexadecimal digits; nothing to keep secret, so without asking the kernel for them."""
    return f"{random.getrandbits(128):032x}"


def read_body() -> bytes:
    """The body of the request, however often it is asked for. Raises werkzeug exceptions: 400, 413.

    The first outcome stands: what a second attempt finds behind a broken chunk would be another body.
    """
    if "body" not in g:
        try:
            g.body = _read_body()
        except HTTPException as error:
            g.body = error
    if isinstance(g.body, HTTPException):
        raise g.body
    body: bytes = g.body
    return body


def _read_body() -> bytes:
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception as error:  # each WSGI server has exceptions of its own for a body that is no HTTP
        log.info("a body cannot be read: %s", type(error).__name__)
        raise BadRequest from None
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge
    return body
