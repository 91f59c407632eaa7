"""The OpenAPI 3.1 document at `/openapi.json`, which apispec builds from the app's routes and marshmallow schemas."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint, Flask, Response, current_app
from marshmallow import Schema

from banker.http import schemas
from banker.http.error_responses import json_response
from banker.json_schema import new_spec

Schemas = Mapping[str, type[Schema]]

_DESCRIPTION = (
    "Sessions over HTTP; signaling over WebSocket; conversation events over a WebRTC data channel or the WebSocket. "
    "`components` has the schemas of all signaling messages (`message.*`) and events (`event.*`)."
)
_RATE_LIMIT_HEADERS = {
    "X-RateLimit-Limit": "Requests that the caller may make in a minute.",
    "X-RateLimit-Remaining": "Requests left in the current minute.",
    "X-RateLimit-Reset": "Unix seconds at which the current minute ends.",
}
_ERRORS = {
    400: "The request does not match the schema.",
    401: "The credentials are missing, invalid or expired.",
    404: "Not found, or not visible to this caller.",
    409: "Another colleague has taken this talk, or you have not been announced to the customer yet.",
    413: "The body is larger than 64 KiB.",
    415: "The body is not application/json.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "A fault of the service.",
    503: "The service cannot answer now; `Retry-After` says when to come back.",
}
_DESK = {
    "take": "Take a talk. Of several colleagues, one gets it (409 for the others).",
    "say": "Write to the customer.",
    "propose": "Propose a tool, which the customer confirms as always.",
    "offer": "Offer a peer for the colleague's voice, with all its candidates; returns the answer.",
    "hold": "Put the customer on hold, or come back.",
    "return": "Return the talk to the banker.",
    "end": "End the talk.",
}
_EXAMPLES = {"session_id": "sess-abc123", "name": "widget.js"}
_LINKS = {
    name: {"operationId": name, "parameters": {"session_id": "$response.body#/session_id"}}
    for name in ("refreshToken", "endSession", "openSignaling")
}
_SECURITY_SCHEMES = {
    "portal": "A JWT of the tenant: the user's own, or the back end's (`scope` contains `banker:sessions`).",
    "ephemeral": "The session's ephemeral token.",
    "metrics": "The configured metrics token.",
    "desk": "A colleague's desk token, from `/desk/session`.",
}


def openapi_blueprint(messages: Schemas, events: Schemas) -> Blueprint:
    """Return the blueprint for `/openapi.json`, with the schemas of signaling messages and conversation events.

    The document is built on the first request, so that it does not delay the start.
    """
    blueprint = Blueprint("openapi", __name__)

    @cache
    def document() -> dict[str, Any]:
        components = {f"message.{name}": schema for name, schema in messages.items()}
        components |= {f"event.{name}": schema for name, schema in events.items()}
        return openapi(current_app, _version(), components)

    @blueprint.get("/openapi.json")
    def show() -> Response:
        return json_response(document())

    return blueprint


_TENANT = {
    "name": "tenant",
    "in": "query",
    "description": "May be omitted if the service has only one tenant.",
    "schema": {"type": "string"},
}


def openapi(app: Flask, version: str, components: Schemas) -> dict[str, Any]:
    """Return the document of every route of `app`. Raises `KeyError` for a route that is not described here."""
    spec = new_spec("Virtual Banker", version, info={"description": _DESCRIPTION})
    http = [schemas.CreateSessionSchema, schemas.SessionCreatedSchema, schemas.TokenSchema, schemas.EndedSchema]
    http += [
        schemas.EndSchema,
        schemas.AppearanceSchema,
        schemas.HealthySchema,
        schemas.ReadySchema,
        schemas.ErrorSchema,
    ]
    for schema in http:
        spec.components.schema(schema.__name__.removesuffix("Schema"), schema=schema)
    for name, schema in components.items():
        spec.components.schema(name, schema=schema)
    for name, description in _SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, {"type": "http", "scheme": "bearer", "description": description})
    operations = _operations()
    for rule in app.url_map.iter_rules():
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": _EXAMPLES[name]}
            for name in rule.arguments
        ]
        method = "post" if "POST" in (rule.methods or ()) else "get"
        path = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
        spec.path(path=path, operations={method: operations[path]}, parameters=parameters)
    document: dict[str, Any] = spec.to_dict()
    return document


def _operations() -> dict[str, dict[str, Any]]:
    """Return the operation object of each path. Every path has one method."""
    either = ("portal", "ephemeral")
    return _desk_operations() | {
        "/health": _operation("Check that the process is alive.", _json(schemas.HealthySchema)),
        "/health/ready": _operation("Check that it can take a call now.", _json(schemas.ReadySchema), errors=[503]),
        "/metrics": _operation(
            "Read the metrics for Prometheus.", _text("text/plain"), errors=[401, 429], security=["metrics"]
        ),
        "/openapi.json": _operation("Read this document.", {"application/json": {"schema": {"type": "object"}}}),
        "/widget/{name}": _operation("Load a module of the browser widget.", _text("text/javascript"), errors=[404]),
        "/widget/appearance": _operation(
            "Read what the widget shows before a conversation.",
            _json(schemas.AppearanceSchema),
            errors=[404],
            parameters=[_TENANT],
        ),
        "/widget/portrait.png": _operation(
            "Load the face that the widget shows before a conversation.",
            _text("image/png"),
            errors=[404],
            parameters=[_TENANT],
        ),
        "/v1/sessions": _operation(
            "Create a session.",
            _json(schemas.SessionCreatedSchema),
            status=201,
            body=_json(schemas.CreateSessionSchema),
            errors=[400, 401, 413, 415, 429, 500, 503],
            security=["portal"],
            limited=True,
            links=_LINKS,
        ),
        "/v1/sessions/{session_id}/refresh-token": _operation(
            "Replace the session's ephemeral token; the older one stops working at once.",
            _json(schemas.TokenSchema),
            errors=[401, 404, 429, 500, 503],
            security=either,
            limited=True,
            operationId="refreshToken",
        ),
        "/v1/sessions/{session_id}/end": _operation(
            "End the session. Ending it again gives the same response.",
            _json(schemas.EndedSchema),
            errors=[400, 401, 404, 429, 500, 503],
            security=either,
            limited=True,
            operationId="endSession",
            requestBody={"required": False, "content": _json(schemas.EndSchema)},
        ),
        "/v1/realtime/{session_id}": _operation(
            "Open WebRTC signaling (WebSocket upgrade).",
            {},
            status=101,
            errors=[400, 401, 404, 429, 500, 503],
            security=["ephemeral"],
            operationId="openSignaling",
            description="Subprotocols `virtual-banker.v1` and `bearer.<ephemeral_token>`, or the token in "
            "`Authorization`. JSON text frames, 64 KiB at most.",
        ),
    }


def _desk_operations() -> dict[str, dict[str, Any]]:
    """Return the operations of the desk, which docs/handover.md describes."""
    json_object = {"application/json": {"schema": {"type": "object"}}}
    errors, talks = [400, 401, 404, 409, 413, 415, 429, 503], "/v1/desk/talks/{session_id}"
    return {
        "/desk": _operation("Load the desk's page.", _text("text/html")),
        "/desk/{name}": _operation("Load a file of the desk's page.", _text("text/javascript"), errors=[404]),
        "/desk/session": _operation("Get a desk token, by the host's own cookies.", json_object, errors=[401, 429]),
        "/v1/desk/presence": _operation(
            "Report presence at the desk, and list the talks.",
            json_object,
            body=json_object,
            errors=[400, 401, 413, 415, 429, 503],
            security=["desk"],
        ),
        talks: _operation("Read a talk that the colleague has.", json_object, errors=errors, security=["desk"]),
        **{
            f"{talks}/{name}": _operation(text, json_object, body=json_object, errors=errors, security=["desk"])
            for name, text in _DESK.items()
        },
    }


def _operation(
    summary: str,
    content: Mapping[str, Any],
    *,
    status: int = 200,
    body: Mapping[str, Any] | None = None,
    errors: Iterable[int] = (),
    security: Iterable[str] = (),
    limited: bool = False,
    links: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return an operation object: one successful response with `content`, and an error body for each of `errors`."""
    success: dict[str, Any] = {"description": summary}
    if content:
        success["content"] = content
    if limited:
        success["headers"] = {
            name: {"description": text, "schema": {"type": "integer"}} for name, text in _RATE_LIMIT_HEADERS.items()
        }
    if links:
        success["links"] = links
    failures = {code: {"description": _ERRORS[code], "content": _json(schemas.ErrorSchema)} for code in errors}
    operation = {
        "summary": summary,
        "security": [{scheme: []} for scheme in security],
        "responses": {status: success, **failures},
        **more,
    }
    return operation if body is None else operation | {"requestBody": {"required": True, "content": body}}


def _json(schema: type[Schema]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _text(media_type: str) -> dict[str, Any]:
    return {media_type: {"schema": {"type": "string"}}}


def _version() -> str:
    try:
        return version("virtual-banker")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0.1.0"
