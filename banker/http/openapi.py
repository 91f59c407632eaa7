"""The OpenAPI 3.1 document, made from the schemas that the service itself validates with."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Equal, Length, OneOf

from banker.http import schemas
from banker.http.error_responses import json_response

Schemas = Mapping[str, type[Schema]]

_LIMIT_HEADERS = {
    "X-RateLimit-Limit": "Requests a minute.",
    "X-RateLimit-Remaining": "Requests left in this minute.",
    "X-RateLimit-Reset": "Unix seconds at which the minute is over.",
}
_ERRORS = {
    400: "The request is not what the schema asks for.",
    401: "The credentials are missing, invalid or expired.",
    404: "There is no such session for this caller.",
    413: "The body is larger than 64 KiB.",
    415: "The body is not application/json.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "A fault of the service.",
    503: "The session store does not answer.",
}


def openapi_blueprint(version: str, messages: Schemas, events: Schemas) -> Blueprint:
    """`GET /openapi.json`, with the schemas of signaling messages and conversation events."""
    blueprint = Blueprint("openapi", __name__)
    document = openapi(version, messages, events)

    @blueprint.get("/openapi.json")
    def show() -> Response:
        return json_response(document)

    return blueprint


def openapi(version: str, messages: Schemas, events: Schemas) -> dict[str, Any]:
    """The whole document."""
    named = ("CreateSession", "SessionCreated", "Token", "Ended", "Healthy", "Ready", "Error")
    http = {name: getattr(schemas, f"{name}Schema") for name in named}
    spoken = {f"message.{name}": schema for name, schema in messages.items()}
    told = {f"event.{name}": schema for name, schema in events.items()}
    path_id = {"name": "session_id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Virtual Banker",
            "version": version,
            "description": "Sessions over HTTP, signaling and conversation events over WebSocket and data channel. "
            "`components` has the schemas of all messages (`message.*`) and events (`event.*`).",
        },
        "paths": {
            "/health": {"get": _operation("The process lives.", {200: "Healthy"}, [], secured=False)},
            "/health/ready": {"get": _operation("It can take calls.", {200: "Ready"}, [503], secured=False)},
            "/v1/sessions": {
                "post": _operation(
                    "Create a session.", {201: "SessionCreated"}, [400, 401, 413, 415, 429, 500, 503], "CreateSession"
                )
            },
            "/v1/sessions/{session_id}/refresh-token": {
                "parameters": [path_id],
                "post": _operation("Replace the ephemeral token.", {200: "Token"}, [401, 404, 429, 500, 503]),
            },
            "/v1/sessions/{session_id}/end": {
                "parameters": [path_id],
                "post": _operation("End the session.", {200: "Ended"}, [401, 404, 429, 500, 503]),
            },
            "/v1/realtime/{session_id}": {
                "parameters": [path_id],
                "get": {
                    "summary": "WebRTC signaling (WebSocket upgrade).",
                    "description": "Subprotocols `virtual-banker.v1` and `bearer.<ephemeral_token>`, or the token in "
                    "`Authorization`. Text frames of JSON, 64 KiB at most.",
                    "security": [{"ephemeral": []}],
                    "responses": {
                        "101": {"description": "Switching protocols."},
                        **_errors([400, 401, 404, 429, 500, 503]),
                    },
                },
            },
        },
        "components": {
            "schemas": {name: json_schema(schema()) for name, schema in {**http, **spoken, **told}.items()},
            "securitySchemes": {
                "portal": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "ephemeral": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(
    summary: str, answers: Mapping[int, str], errors: list[int], body: str | None = None, *, secured: bool = True
) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary, "responses": {}}
    for status, schema in answers.items():
        operation["responses"][str(status)] = {"description": summary, **_content(schema)}
        if secured:
            operation["responses"][str(status)]["headers"] = {
                name: {"description": text, "schema": {"type": "integer"}} for name, text in _LIMIT_HEADERS.items()
            }
    operation["responses"].update(_errors(errors))
    if body is not None:
        operation["requestBody"] = {"required": True, **_content(body)}
    operation["security"] = [{"portal": []}, {"ephemeral": []}] if secured else []
    if body is not None:
        operation["security"] = [{"portal": []}]
    return operation


def _errors(statuses: list[int]) -> dict[str, Any]:
    return {str(status): {"description": _ERRORS[status], **_content("Error")} for status in statuses}


def _content(schema: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def json_schema(schema: Schema) -> dict[str, Any]:
    """A marshmallow schema as JSON Schema 2020-12; for the kinds of fields that the house uses."""
    shown: dict[str, Any] = {
        "type": "object",
        "properties": {name: _field(field) for name, field in schema.fields.items()},
        "required": sorted(name for name, field in schema.fields.items() if field.required),
    }
    if schema.unknown == RAISE:
        shown["additionalProperties"] = False
    return shown


def _field(field: fields.Field[Any]) -> dict[str, Any]:
    shown: dict[str, Any]
    match field:
        case fields.Nested():
            shown = json_schema(field.schema)
        case fields.List():
            shown = {"type": "array", "items": _field(field.inner)}
        case fields.Dict():
            values = field.value_field
            shown = {"type": "object", "additionalProperties": _field(values) if values else True}
        case fields.Integer():
            shown = {"type": "integer"}
        case fields.Boolean():
            shown = {"type": "boolean"}
        case fields.String():
            shown = {"type": "string"}
        case _:
            shown = {}
    for check in field.validators:
        match check:
            case Equal():
                shown["const"] = check.comparable
            case OneOf():
                shown["enum"] = list(check.choices)
            case Length() if shown["type"] == "string":
                shown |= {"minLength": check.min or 0, "maxLength": check.max}
    shown |= {name: text for name, text in field.metadata.items() if name in ("format", "description")}
    if field.allow_none:
        shown = {"anyOf": [shown, {"type": "null"}]}
    return shown
