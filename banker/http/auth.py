"""Authenticates requests: the portal's bearer token, a session's ephemeral token, the Origin of a browser."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import request

from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.errors import ApiError, invalid_request, session_not_found, unauthorized
from banker.http.rate_limits import RateLimits, set_caller
from banker.identity import Bearer, EphemeralTokens, Verifier, is_ephemeral
from banker.server.metrics import Metrics
from banker.sessions import Session, Sessions

T = TypeVar("T")
SUBPROTOCOL = "virtual-banker.v1"
_TOKEN_PREFIX = "bearer."  # noqa: S105 - the start of a subprotocol's name


@dataclass(frozen=True)
class Access:
    """Permission to use one session. `token_id` is the ephemeral token's; None with the portal's bearer."""

    session: Session
    tenant: Tenant
    token_id: str | None


class Authenticator:
    """Checks the credentials of requests. Every failure gives the same 401 and counts against the client's address."""

    def __init__(
        self,
        config: Config,
        verifier: Verifier,
        tokens: EphemeralTokens,
        sessions: Sessions,
        limits: RateLimits,
        metrics: Metrics,
    ) -> None:
        self._config = config
        self._verifier = verifier
        self._tokens = tokens
        self._sessions = sessions
        self._limits = limits
        self._metrics = metrics

    def counting_failures(self, check: Callable[[], T]) -> T:
        """Return what `check` returns, and count a 401 that it raises.

        Raises flask-limiter's 429 instead of the 401 when the client's address has failed too often.
        """
        try:
            return check()
        except ApiError as error:
            if error.status == 401:
                self._metrics.rejections["identity"].inc()
                self._limits.count_failed_identification()
            raise

    def require_bearer(self) -> Bearer:
        """Return the portal's bearer. Raises `ApiError` 401."""
        return self.counting_failures(lambda: self._verifier.bearer(bearer_token()))

    def require_session_access(self, session_id: str) -> Access:
        """Check access to `refresh-token` and `end`, by the portal's bearer or the session's current ephemeral token.

        The session may have ended. Raises `ApiError` 401, or 404 if the session is not this caller's.
        """

        def check() -> Access:
            token = bearer_token()
            if is_ephemeral(token):
                return self._access_by_ephemeral_token(token, session_id)
            return self._access_by_bearer(self._verifier.bearer(token), session_id)

        return self.counting_failures(check)

    def require_signaling_access(self, session_id: str) -> Access:
        """Check access to a live session's signaling, by its ephemeral token alone. Raises `ApiError` 401 or 404."""

        def check() -> Access:
            access = self._access_by_ephemeral_token(_signaling_token(), session_id)
            self._check_origin(access.tenant)
            return access

        access = self.counting_failures(check)
        self._sessions.require_live(access.session)
        return access

    def _access_by_ephemeral_token(self, token: str, session_id: str) -> Access:
        token_session_id, token_id = self._tokens.verify(token)
        if token_session_id != session_id:
            raise unauthorized()
        session = self._sessions.recall(session_id)
        tenant = self._config.tenants.get(session.tenant_id)
        if tenant is None:
            raise session_not_found()
        set_caller(tenant, session.user_id)
        if session.token_id != token_id:
            raise unauthorized()
        return Access(session, tenant, token_id)

    def _access_by_bearer(self, bearer: Bearer, session_id: str) -> Access:
        set_caller(bearer.tenant, bearer.subject)
        session = self._sessions.recall(session_id)
        if not bearer.reaches(session.tenant_id, session.user_id):
            raise session_not_found()
        set_caller(bearer.tenant, session.user_id)
        return Access(session, bearer.tenant, None)

    def _check_origin(self, tenant: Tenant) -> None:
        """Refuse pages of other origins. Browsers send `Origin` with every handshake (RFC 6455 section 10.2)."""
        origin = request.headers.get("Origin")
        if origin is None or origin.rstrip("/").lower() in tenant.allowed_origins:
            return
        if origin.lower().partition("://")[2] != request.host.lower():
            raise unauthorized()


def require_handshake() -> None:
    """Check that flask-sock can finish the WebSocket handshake (RFC 6455 section 4.2.1). Raises `ApiError` 400."""
    if request.headers.get("Sec-WebSocket-Version") != "13" or not request.headers.get("Sec-WebSocket-Key"):
        raise invalid_request("Expected a WebSocket handshake, version 13.")


def bearer_token() -> str:
    """Return the token of the Authorization header (RFC 6750 section 2.1). Raises `ApiError` 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()
    return token.strip()


def _signaling_token() -> str:
    """Return the token of the header or, from browsers, of the subprotocols `virtual-banker.v1, bearer.<token>`."""
    if "Authorization" in request.headers:
        return bearer_token()
    protocols = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    tokens = [name.removeprefix(_TOKEN_PREFIX) for name in protocols if name.startswith(_TOKEN_PREFIX)]
    if SUBPROTOCOL not in protocols or len(tokens) != 1:
        raise unauthorized()
    return tokens[0]
