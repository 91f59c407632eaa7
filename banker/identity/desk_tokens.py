"""Desk tokens: short-lived JWTs (HS256) with which a colleague's page uses the desk of one tenant."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

from banker.errors import unauthorized
from banker.identity.decoding import read_unverified, verify
from banker.identity.keys import symmetric_key
from banker.key_derivation import derive_key

LIFETIME_S = 300

# The type, the issuer and the audience separate these tokens from all others: no verifier of another kind takes one.
_TYPE = "banker-desk+jwt"
_ISSUER = "virtual-banker"
_AUDIENCE = "virtual-banker/desk"
_KEY_LABEL = b"virtual-banker desk token HS256 v1"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeskToken:
    """A token, its id (`jti`), by which the store recognises the colleague's current one, and its expiry (Unix s)."""

    token: str = field(repr=False)
    token_id: str
    expires_at: int


@dataclass(frozen=True)
class DeskClaims:
    """What a verified token says."""

    tenant_id: str
    colleague_id: str
    name: str
    token_id: str


class DeskTokens:
    """Issue and verify desk tokens with a key derived from `secret_key`. `clock` returns Unix seconds."""

    def __init__(self, secret_key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = symmetric_key(derive_key(secret_key, _KEY_LABEL))
        self._clock = clock

    def issue(self, tenant_id: str, colleague_id: str, name: str) -> DeskToken:
        """Return a new token that expires after 5 minutes."""
        now = int(self._clock())
        token_id = secrets.token_urlsafe(16)
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": colleague_id,
            "tenant": tenant_id,
            "name": name,
            "jti": token_id,
            "iat": now,
            "exp": now + LIFETIME_S,
        }
        return DeskToken(jwt.encode(claims, self._key, headers={"typ": _TYPE}), token_id, now + LIFETIME_S)

    def verify(self, token: str) -> DeskClaims:
        """Return what a token says. Raises `ApiError` 401. It may have been replaced since: compare `token_id`."""
        try:
            unverified = read_unverified(token)
            if unverified.type != _TYPE:
                raise jwt.DecodeError("header typ is that of another kind of token")
            claims = verify(
                unverified,
                self._key,
                issuer=_ISSUER,
                audience=_AUDIENCE,
                require=("sub", "tenant", "name", "jti", "iat", "exp"),
                now=self._clock(),
                strict_audience=True,
            )
        except jwt.PyJWTError as reason:
            log.info("desk token refused: %s", reason)
            raise unauthorized() from None
        return DeskClaims(claims["tenant"], claims["sub"], claims["name"], claims["jti"])
