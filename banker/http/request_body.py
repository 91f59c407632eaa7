"""Reads the request body, as bytes and as JSON."""

import logging
from typing import Any

from flask import g, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from banker import strict_json
from banker.errors import invalid_request

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024


def read_body() -> bytes:
    """Return the body. Raises werkzeug's 400 and 413. Later calls in the same request have the same outcome.

    The body is read once: reading on after a broken chunk would return other data as the body.
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


def read_json() -> Any:
    """Return the body's JSON. Raises `ApiError` 400, and werkzeug's 400, 413 and 415."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        return strict_json.loads(read_body())
    except ValueError as error:
        raise invalid_request(str(error)) from None


def _read_body() -> bytes:
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception as error:  # each WSGI server has its own exceptions for a body that is not HTTP
        log.info("Cannot read a request's body: %s", type(error).__name__)
        raise BadRequest from None
    if len(body) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    return body
