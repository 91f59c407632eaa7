"""Desk tokens, with which a colleague's page uses the desk of one tenant for 5 minutes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from banker.identity.service_tokens import ServiceToken, ServiceTokens, TokenKind

_KIND = TokenKind(
    name="desk",
    type="banker-desk+jwt",
    audience="virtual-banker/desk",
    key_label=b"virtual-banker desk token HS256 v1",
    required=("sub", "tenant", "name"),
)


@dataclass(frozen=True)
class DeskClaims:
    """The claims of a verified token."""

    tenant_id: str
    colleague_id: str
    name: str
    token_id: str


class DeskTokens:
    """Issue and verify the tokens of colleagues; see `ServiceTokens`."""

    def __init__(self, secret_key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._tokens = ServiceTokens(_KIND, secret_key, clock)

    def issue(self, tenant_id: str, colleague_id: str, name: str) -> ServiceToken:
        """Return a new token that expires after 5 minutes."""
        return self._tokens.issue({"sub": colleague_id, "tenant": tenant_id, "name": name})

    def verify(self, token: str) -> DeskClaims:
        """Return the claims of a token. Raises `ApiError` 401. It may have been replaced: compare `token_id`."""
        claims = self._tokens.verify(token)
        return DeskClaims(claims["tenant"], claims["sub"], claims["name"], claims["jti"])
