"""Who is calling: turns the Authorization header of a request into a bearer or a session, or into a 401."""

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
_TOKEN_PROTOCOL = "bearer."  # noqa: S105 - the name of a subprotocol


@dataclass(frozen=True)
class Access:
    """A proven right to one session. `token_id` is the ephemeral token that proves it; None: the portal's bearer."""

    session: Session
    tenant: Tenant
    token_id: str | None


class Authenticator:
    """Proves identities. Whatever fails is counted against the client's address and is the same 401."""

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

    def portal(self) -> Bearer:
        """The bearer of the request. Raises `ApiError` 401."""
        return self.counted(lambda: self._verifier.bearer(_authorization()))

    def counted(self, prove: Callable[[], T]) -> T:
        """Run a proof; a failed one counts, and is a 429 when there were too many."""
        try:
            return prove()
        except ApiError as error:
            if error.status == 401:
                self._metrics.refused_identities.inc()
                self._limits.count_failed_identification()
            raise

    def session(self, session_id: str) -> Access:
        """The right to `refresh-token` and `end` of a session, by the portal's bearer or its current ephemeral token.

        The session may have ended. Raises `ApiError` 401, and 404 where it does not exist for this caller.
        """

        def prove() -> Access:
            token = _authorization()
            if is_ephemeral(token):
                return self._by_ephemeral(token, session_id)
            return self._by_bearer(self._verifier.bearer(token), session_id)

        return self.counted(prove)

    def signaling(self, session_id: str) -> Access:
        """The right to the signaling of a live session, by its ephemeral token alone. Raises `ApiError` 401 or 404."""

        def prove() -> Access:
            access = self._by_ephemeral(_signaling_token(), session_id)
            self._check_origin(access.tenant)
            return access

        access = self.counted(prove)
        self._sessions.require_live(access.session)
        return access

    def _by_ephemeral(self, token: str, session_id: str) -> Access:
        own_session_id, token_id = self._tokens.verify(token)
        if own_session_id != session_id:
            raise unauthorized()
        session = self._sessions.recall(session_id)
        tenant = self._config.tenants.get(session.tenant_id)
        if tenant is None:
            raise session_not_found()
        set_caller(tenant, session.user_id)
        if session.token_id != token_id:
            raise unauthorized()
        return Access(session, tenant, token_id)

    def _by_bearer(self, bearer: Bearer, session_id: str) -> Access:
        set_caller(bearer.tenant, bearer.subject)
        session = self._sessions.recall(session_id)
        if not bearer.reaches(session.tenant_id, session.user_id):
            raise session_not_found()
        set_caller(bearer.tenant, session.user_id)
        return Access(session, bearer.tenant, None)

    def _check_origin(self, tenant: Tenant) -> None:
        """Browsers send `Origin`; a page of a foreign one has no business here (RFC 6455 §10.2)."""
        origin = request.headers.get("Origin")
        if origin is None or origin.rstrip("/").lower() in tenant.allowed_origins:
            return
        if origin.lower().partition("://")[2] != request.host.lower():
            raise unauthorized()


def _authorization() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()
    return token.strip()


def _signaling_token() -> str:
    """The header, or what browsers can send: the subprotocol pair `virtual-banker.v1, bearer.<token>`."""
    if "Authorization" in request.headers:
        return _authorization()
    offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    tokens = [name.removeprefix(_TOKEN_PROTOCOL) for name in offered if name.startswith(_TOKEN_PROTOCOL)]
    if SUBPROTOCOL not in offered or len(tokens) != 1:
        raise unauthorized()
    return tokens[0]


def require_handshake() -> None:
    """A WebSocket handshake that flask-sock can finish (RFC 6455 §4.2.1). Raises `ApiError` 400."""
    if request.headers.get("Sec-WebSocket-Version") != "13" or not request.headers.get("Sec-WebSocket-Key"):
        raise invalid_request("This is no WebSocket handshake of version 13.")
