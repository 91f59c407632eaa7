"""The sessions blueprint: create, refresh-token, end."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from banker import strict_json as strict_json
from banker.config.dataclass_schema import describe
from banker.config.tenant import Tenant
from banker.errors import ApiError, invalid_request, unauthorized
from banker.http.auth import Access, Authenticator
from banker.http.error_responses import json_response
from banker.http.rate_limits import RateLimits, set_caller
from banker.http.request_hooks import read_body
from banker.http.schemas import CreateSessionSchema, EndedSchema, TokenSchema
from banker.identity import Verifier
from banker.server.metrics import Metrics
from banker.sessions import IssuedToken as IssuedToken
from banker.sessions import Session, Sessions
from banker.timestamps import rfc3339

MAX_MISTAKES = 8
MAX_MISTAKE = 200

_CREATE, _TOKEN, _ENDED = CreateSessionSchema(), TokenSchema(), EndedSchema()  # made once: making costs more than using


def sessions_blueprint(
    gate: Authenticator,
    limits: RateLimits,
    verifier: Verifier,
    sessions: Sessions,
    metrics: Metrics,
    created: Callable[[Session, Tenant], None],
) -> Blueprint:
    """`POST /v1/sessions` and what can be done with a session; `created` is told of each new one."""
    blueprint = Blueprint("sessions", __name__, url_prefix="/v1/sessions")

    @blueprint.before_request
    def identify() -> None:
        """Prove who calls, before limits count and bodies are looked at."""
        session_id = (request.view_args or {}).get("session_id")
        if session_id is not None:
            try:
                g.access = gate.session(session_id)
            except ApiError as error:
                if error.status == 401 or "tenant" not in g:
                    raise
                g.access = error  # counts against the caller's limit before it is told
            return
        g.bearer = gate.portal()
        user_id = _claimed_user() if g.bearer.acts_for_users else g.bearer.subject
        set_caller(g.bearer.tenant, user_id or g.bearer.subject)

    @blueprint.post("")
    @limits.limited
    def create() -> Response:
        body = load_create(_body())
        tenant_id, user_id = body["tenant_id"], body["user_id"]

        def claims_of_user() -> dict[str, Any]:
            if not g.bearer.reaches(tenant_id, user_id):
                raise unauthorized()
            return verifier.assertion(g.bearer.tenant, body["auth_assertion"], user_id, g.bearer)

        session, token = sessions.create(
            tenant=g.bearer.tenant,
            user_id=user_id,
            portal_context=body.get("portal_context", {}),
            claims=gate.counted(claims_of_user),
        )
        metrics.sessions_created.inc()
        created(session, g.bearer.tenant)
        return json_response(answer_of(session, token, g.bearer.tenant), 201)

    @blueprint.post("/<session_id>/refresh-token")
    @limits.limited
    def refresh_token(session_id: str) -> Response:
        _, token = sessions.refresh(session_id, replacing=_access().token_id)
        return json_response(_TOKEN.dump(_shown(token)))

    @blueprint.post("/<session_id>/end")
    @limits.limited
    def end(session_id: str) -> Response:
        _access()
        sessions.end(session_id, "ended")
        return json_response(_ENDED.dump({"status": "ended"}))

    return blueprint


def _access() -> Access:
    if isinstance(g.access, ApiError):
        raise g.access
    access: Access = g.access
    return access


def _shown(token: IssuedToken) -> dict[str, str]:
    return {"ephemeral_token": token.token, "expires_at": rfc3339(token.expires_at)}


def _body() -> Any:
    """The JSON of the request. Raises `ApiError` 400, and 413 and 415 as werkzeug's exceptions."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        return strict_json.loads(read_body())
    except ValueError as error:
        raise invalid_request(str(error)) from None


def _claimed_user() -> str | None:
    """Whom a back end acts for, for the limits alone: whether the body holds is told by the view."""
    try:
        body = strict_json.loads(read_body())
    except (ValueError, HTTPException):
        return None
    user_id = body.get("user_id") if isinstance(body, dict) else None
    return user_id if isinstance(user_id, str) and 0 < len(user_id) <= 128 else None


def load_create(body: Any, only: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A create request, or the parts of one that are named, validated. Raises `ApiError` 400."""
    if not isinstance(body, dict):
        raise invalid_request("The body must be a JSON object.")
    try:
        loaded: dict[str, Any] = (CreateSessionSchema(only=only) if only else _CREATE).load(body)
    except ValidationError as mistakes:
        raise invalid_request(_told(describe(mistakes.messages))) from None
    return loaded


def answer_of(session: Session, token: IssuedToken, tenant: Tenant) -> dict[str, Any]:
    """What `POST /v1/sessions` answers, of the schema `SessionCreated`; its values are of our own making."""
    block = tenant.config
    config = {
        **vars(block),
        "theme": dict(block.theme),
        "allowed_tools": list(block.allowed_tools),
        "policy": dict(vars(block.policy)),
    }
    return {"session_id": session.session_id, "config": config, **_shown(token)}


def _told(mistakes: list[str]) -> str:
    """The first few mistakes, each cut: the names in them are the sender's, and there may be thousands."""
    shown = [line if len(line) <= MAX_MISTAKE else line[:MAX_MISTAKE] + "…" for line in mistakes[:MAX_MISTAKES]]
    return "; ".join([*shown, *([f"and {len(mistakes) - MAX_MISTAKES} more"] if len(mistakes) > MAX_MISTAKES else [])])
