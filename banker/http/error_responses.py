"""Every error of the service's app, whoever raised it, leaves in the one format."""

import json
import logging
from typing import Any

from flask import Flask, Response, request
from limits.errors import StorageError
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import WebsocketMismatch

from banker.errors import ApiError, unavailable

log = logging.getLogger(__name__)

_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: making costs more than using

_WORDS = {
    400: ("invalid_request", "The request cannot be understood."),
    401: ("unauthorized", "The credentials are missing, invalid or expired."),
    404: ("not_found", "There is nothing at this path."),
    405: ("method_not_allowed", "This path does not take this method."),
    413: ("too_large", "The request is larger than 64 KiB."),
    414: ("too_large", "The URL is too long."),
    415: ("unsupported_media_type", "Send JSON as application/json."),
    429: ("rate_limited", "Too many requests; try again after the time in Retry-After."),
    431: ("too_large", "The request's headers are too large."),
}


def json_response(body: Any, status: int = 200) -> Response:
    """JSON of our own, whatever JSON provider an app has; never stored by a cache, since it may hold a token."""
    response = Response(_WRITER.encode(body) + "\n", status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def register(app: Flask) -> None:
    """Answer every exception of `app` with the two keys."""
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(StorageError, _no_limits)
    app.register_error_handler(Exception, _bug)


def _api_error(error: ApiError) -> Response:
    response = json_response(error.body(), error.status)
    response.headers.update(error.headers)
    return response


def _http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())
    word, message = _WORDS.get(status, (f"http_{status}", error.name))
    if isinstance(error, WebsocketMismatch):
        message = "This path is for WebSocket upgrades only, or this one is not; see /openapi.json."
    response = json_response({"error": word, "message": message}, status)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _no_limits(error: StorageError) -> Response:
    log.error("the rate limits' store does not answer: %s", error)
    return _api_error(unavailable("The store of the rate limits does not answer; try again."))


def _bug(error: Exception) -> Response:
    # The rule and not the path, which a client may have filled with line breaks or with a token.
    log.error("unhandled at %s %s", request.method, request.url_rule, exc_info=error)
    message = "Something went wrong on our side. It is logged under this answer's X-Request-ID."
    return json_response({"error": "internal_error", "message": message}, 500)
