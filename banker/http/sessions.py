"""The sessions blueprint: create a session, refresh its ephemeral token, end it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import HTTPException

from banker import strict_json
from banker.config.dataclass_schema import describe
from banker.config.tenant import Tenant
from banker.errors import ApiError, invalid_request, unauthorized
from banker.http import schemas
from banker.http.auth import Access, Authenticator
from banker.http.error_responses import json_response
from banker.http.rate_limits import RateLimits, set_caller
from banker.http.request_body import read_body, read_json
from banker.identity import Verifier
from banker.server.metrics import Metrics
from banker.sessions import IssuedToken, Rating, Session, Sessions
from banker.timestamps import rfc3339

MAX_MISTAKES = 8
MAX_MISTAKE_CHARACTERS = 200
"""An error names the sender's keys, which may be thousands, or 64 KiB long."""

# Creating a schema costs more than using it.
_CREATE, _HOST = schemas.CreateSessionSchema(), schemas.HostSessionSchema()
_CREATED, _TOKEN, _ENDED = schemas.SessionCreatedSchema(), schemas.TokenSchema(), schemas.EndedSchema()
_END = schemas.EndSchema()


def sessions_blueprint(
    auth: Authenticator,
    limits: RateLimits,
    verifier: Verifier,
    sessions: Sessions,
    metrics: Metrics,
    created: Callable[[Session, Tenant], None],
    rated: Callable[[Session, Rating], None],
) -> Blueprint:
    """Return the blueprint for `/v1/sessions`.

    `created` is called with each new session, and `rated` with a session that its user has rated.
    """
    blueprint = Blueprint("sessions", __name__, url_prefix="/v1/sessions")

    @blueprint.before_request
    def authenticate() -> None:
        """Identify the caller before the rate limits count and the body is validated."""
        session_id = (request.view_args or {}).get("session_id")
        if session_id is None:
            g.bearer = auth.require_bearer()
            user_id = _named_user() if g.bearer.acts_for_users else None
            set_caller(g.bearer.tenant, user_id or g.bearer.subject)
            return
        try:
            g.access = auth.require_session_access(session_id)
        except ApiError as error:
            if error.status == 401 or "tenant" not in g:
                raise
            g.access = error  # raised by the view: a 404 counts against the caller's limit, too

    @blueprint.post("")
    @limits.limited
    def create() -> Response:
        body = load_body(_CREATE, read_json())
        tenant_id, user_id = body["tenant_id"], body["user_id"]

        def verified_claims() -> dict[str, Any]:
            if not g.bearer.reaches(tenant_id, user_id):
                raise unauthorized()
            return verifier.assertion(g.bearer.tenant, body["auth_assertion"], user_id, g.bearer)

        session, token = sessions.create(
            tenant=g.bearer.tenant,
            user_id=user_id,
            portal_context=body["portal_context"],
            claims=auth.counting_failures(verified_claims),
        )
        metrics.sessions_created.inc()
        created(session, g.bearer.tenant)
        return json_response(created_body(session, token, g.bearer.tenant), 201)

    @blueprint.post("/<session_id>/refresh-token")
    @limits.limited
    def refresh_token(session_id: str) -> Response:
        _, token = sessions.refresh(session_id, replacing=_access().token_id)
        return json_response(_TOKEN.dump(_token_fields(token)))

    @blueprint.post("/<session_id>/end")
    @limits.limited
    def end(session_id: str) -> Response:
        access = _access()
        rating = _rating()
        sessions.end(session_id, "ended")
        if rating is not None and sessions.rate(session_id, rating):
            rated(access.session, rating)
        return json_response(_ENDED.dump({"status": "ended"}))

    return blueprint


def load_host_arguments(**arguments: Any) -> dict[str, Any]:
    """Validate the arguments of `Banker.create_session` like a JSON body. None counts as absent.

    A `portal_context` of bytes is JSON text. Raises `ApiError` 400 for anything that does not match the schema.
    """
    try:
        if isinstance(text := arguments.get("portal_context"), bytes):
            arguments["portal_context"] = strict_json.loads(text) if text else {}
        body = strict_json.round_trip({name: value for name, value in arguments.items() if value is not None})
    except ValueError as error:
        raise invalid_request(str(error)) from None
    return load_body(_HOST, body)


def load_body(schema: Schema, body: Any) -> dict[str, Any]:
    """Validate a JSON body. Raises `ApiError` 400 that names the keys to fix."""
    if not isinstance(body, dict):
        raise invalid_request("The body must be a JSON object.")
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        raise invalid_request(_summary(describe(error.messages))) from None
    return loaded


def created_body(session: Session, token: IssuedToken, tenant: Tenant) -> dict[str, Any]:
    """Return the response body of `POST /v1/sessions`."""
    body: dict[str, Any] = _CREATED.dump(
        {"session_id": session.session_id, "config": tenant.config, **_token_fields(token)}
    )
    return body


def _access() -> Access:
    if isinstance(g.access, ApiError):
        raise g.access
    access: Access = g.access
    return access


def _token_fields(token: IssuedToken) -> dict[str, str]:
    return {"ephemeral_token": token.token, "expires_at": rfc3339(token.expires_at)}


def _rating() -> Rating | None:
    """Return the rating in the body, and ignore any other body. Raises `ApiError` 400 for an unknown rating."""
    try:
        body = strict_json.loads(read_body() or b"{}")
    except (ValueError, HTTPException):
        return None
    if not isinstance(body, dict) or "rating" not in body:
        return None
    rating: Rating = load_body(_END, body)["rating"]
    return rating


def _named_user() -> str | None:
    """Return the user in a back end's request, for the rate limits. The view reports an invalid body."""
    try:
        body = strict_json.loads(read_body())
    except (ValueError, HTTPException):
        return None
    user_id = body.get("user_id") if isinstance(body, dict) else None
    return user_id if isinstance(user_id, str) and 0 < len(user_id) <= schemas.MAX_ID else None


def _summary(mistakes: list[str]) -> str:
    shown = [
        text if len(text) <= MAX_MISTAKE_CHARACTERS else text[:MAX_MISTAKE_CHARACTERS] + "…"
        for text in mistakes[:MAX_MISTAKES]
    ]
    rest = len(mistakes) - len(shown)
    return "; ".join([*shown, f"and {rest} more"] if rest else shown)
