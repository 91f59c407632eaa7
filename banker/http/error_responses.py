"""Renders every error of the service's app in one format, whoever raised it."""

import json
import logging
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import WebsocketMismatch

from banker.errors import ApiError
from banker.server.metrics import Metrics
from banker.sessions import StoreUnavailable

log = logging.getLogger(__name__)

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # creating one costs more than using it

_ERRORS = {
    400: ("invalid_request", "The request is malformed."),
    401: ("unauthorized", "The credentials are missing, invalid or expired."),
    404: ("not_found", "Nothing is found at this path."),
    405: ("method_not_allowed", "This path does not accept this method."),
    408: ("request_timeout", "The request took too long to arrive."),
    413: ("too_large", "The request is larger than 64 KiB."),
    414: ("too_large", "The URL is too long."),
    415: ("unsupported_media_type", "Send JSON as application/json."),
    429: ("rate_limited", "Too many requests; try again after the time in Retry-After."),
    431: ("too_large", "The request's headers are too large."),
}
"""The `error` and `message` of HTTP statuses that Flask, werkzeug or flask-limiter raise."""


def json_response(body: Any, status: int = 200) -> Response:
    """Return a JSON response, independent of the app's JSON provider. It is never cached, as it may contain a token."""
    response = Response(_ENCODER.encode(body) + "\n", status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def api_error_response(error: ApiError) -> Response:
    """Return the response of an `ApiError`, with the error's own headers."""
    response = json_response(error.body(), error.status)
    response.headers.update(error.headers)
    return response


def register(app: Flask, metrics: Metrics) -> None:
    """Answer every exception of `app` with `error` and `message`."""

    def store_unavailable(error: StoreUnavailable) -> Response:
        metrics.rejections["store"].inc()
        return api_error_response(error)

    app.register_error_handler(StoreUnavailable, store_unavailable)
    app.register_error_handler(ApiError, api_error_response)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unexpected)


def _http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())
    name, message = _ERRORS.get(status, (f"http_{status}", error.name))
    if isinstance(error, WebsocketMismatch):
        message = "Only /v1/realtime/{session_id} accepts WebSocket upgrades, and it accepts nothing else."
    response = json_response({"error": name, "message": message}, status)
    for header, value in error.get_headers():
        if header in ("Allow", "Retry-After"):
            response.headers[header] = value
    return response


def _unexpected(error: Exception) -> Response:
    # Log the rule instead of the path, into which a client may have put line breaks or a token.
    log.error("Unhandled exception at %s %s", request.method, request.url_rule, exc_info=error)
    message = "Something went wrong on our side. It is logged under this response's X-Request-ID."
    return json_response({"error": "internal_error", "message": message}, 500)
