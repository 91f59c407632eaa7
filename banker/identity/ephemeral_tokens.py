"""The ephemeral token: issued by the service, valid for 5 minutes, for one session's signaling, refresh and end."""

import time
from collections.abc import Callable

from banker.identity.service_tokens import ServiceToken, ServiceTokens, TokenKind

_KIND = TokenKind(
    name="ephemeral",
    type="banker-ephemeral+jwt",
    audience="virtual-banker/session",
    key_label=b"virtual-banker ephemeral token HS256 v1",
    required=("sub",),
)


class EphemeralTokens:
    """Issue and verify the tokens of sessions; see `ServiceTokens`."""

    def __init__(self, secret_key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._tokens = ServiceTokens(_KIND, secret_key, clock)

    def issue(self, session_id: str, session_expires_at: float) -> ServiceToken:
        """Return a new token that expires after 5 minutes, or with the session (Unix seconds) if that is sooner."""
        return self._tokens.issue({"sub": session_id}, session_expires_at)

    def verify(self, token: str) -> tuple[str, str]:
        """Return the session id and the token id that a token authenticates. Raises `ApiError` 401."""
        claims = self._tokens.verify(token)
        return claims["sub"], claims["jti"]


def is_ephemeral(token: str) -> bool:
    """Return whether a token's header claims an ephemeral token. This only selects the verifier."""
    return _KIND.is_of(token)
