"""Tokens that the service issues and verifies: short-lived JWTs (HS256) with a separate key for each kind."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from banker.errors import unauthorized
from banker.identity.decoding import read_unverified, verify
from banker.identity.keys import MIN_SECRET_BYTES, symmetric_key
from banker.key_derivation import derive_key

LIFETIME_S = 300
_ISSUER = "virtual-banker"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceToken:
    """A token, its expiry in Unix seconds, and its id (`jti`), by which the store knows the current one."""

    token: str = field(repr=False)
    token_id: str
    expires_at: int


@dataclass(frozen=True)
class TokenKind:
    """What distinguishes these tokens from all others, whatever keys they share (RFC 8725 section 3.11).

    `name` is for the log, `type` is the `typ` header, and `required` are the claims beside `jti`, `iat` and `exp`.
    """

    name: str
    type: str
    audience: str
    key_label: bytes
    required: Sequence[str]

    def is_of(self, token: str) -> bool:
        """Return whether a token's header claims this kind. This only selects the verifier."""
        try:
            return read_unverified(token).type == self.type
        except jwt.PyJWTError:
            return False


class ServiceTokens:
    """Issue and verify tokens of one kind with a key derived from `secret_key` (32 bytes or more).

    Every process with the same secret key accepts the tokens of the others. A verified token may have been replaced:
    compare its id with the stored one. `clock` returns Unix seconds.
    """

    def __init__(self, kind: TokenKind, secret_key: bytes, clock: Callable[[], float] = time.time) -> None:
        if len(secret_key) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret key must be {MIN_SECRET_BYTES} bytes or longer")
        self._kind = kind
        self._key = symmetric_key(derive_key(secret_key, kind.key_label))
        self._clock = clock

    def issue(self, claims: Mapping[str, Any], latest: float | None = None) -> ServiceToken:
        """Return a new token that expires after 5 minutes, or at `latest` (Unix seconds) if that is sooner."""
        now = self._clock()
        expires_at = int(now + LIFETIME_S if latest is None else min(now + LIFETIME_S, latest))
        token_id = secrets.token_urlsafe(16)
        own = {"iss": _ISSUER, "aud": self._kind.audience, "jti": token_id, "iat": int(now), "exp": expires_at}
        token = jwt.encode({**claims, **own}, self._key, headers={"typ": self._kind.type})
        return ServiceToken(token, token_id, expires_at)

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return a token's claims. Raises `ApiError` 401.

        No leeway is allowed: the service itself set the times, and told the client the exact second as `expires_at`.
        """
        try:
            unverified = read_unverified(token)
            if unverified.type != self._kind.type:
                raise jwt.DecodeError("header typ is that of another kind of token")
            claims: Mapping[str, Any] = verify(
                unverified,
                self._key,
                issuer=_ISSUER,
                audience=self._kind.audience,
                require=(*self._kind.required, "jti", "iat", "exp"),
                now=self._clock(),
                strict_audience=True,
            )
        except jwt.PyJWTError as reason:
            log.info("%s token refused: %s", self._kind.name, reason)
            raise unauthorized() from None
        return claims
