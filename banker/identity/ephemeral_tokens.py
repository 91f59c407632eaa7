"""The ephemeral token: issued by the service, valid for 5 minutes, for one session's signaling, refresh and end."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import jwt

from banker.errors import unauthorized
from banker.identity.decoding import read_unverified, verify
from banker.identity.keys import MIN_SECRET_BYTES, symmetric_key
from banker.key_derivation import derive_key

LIFETIME_S = 300

# Explicit typing (RFC 8725 section 3.11) and a separate issuer and audience: whatever keys they may share, a verifier
# of bank tokens never accepts an ephemeral token, nor the other way round.
_TYPE = "banker-ephemeral+jwt"
_ISSUER = "virtual-banker"
_AUDIENCE = "virtual-banker/session"
_KEY_LABEL = b"virtual-banker ephemeral token HS256 v1"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EphemeralToken:
    """A token, its id (`jti`), by which the session recognises its current token, and its expiry in Unix seconds."""

    token: str = field(repr=False)
    token_id: str
    expires_at: int


class EphemeralTokens:
    """Issue and verify ephemeral tokens with a key derived from `secret_key` (32 bytes or more).

    Any process with the same secret key verifies what another one issued. A verified token may have been replaced
    since: compare `token_id` with the session's. `clock` returns Unix seconds.
    """

    def __init__(self, secret_key: bytes, clock: Callable[[], float] = time.time) -> None:
        if len(secret_key) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret key must be {MIN_SECRET_BYTES} bytes or longer")
        self._key = symmetric_key(derive_key(secret_key, _KEY_LABEL))
        self._clock = clock

    def issue(self, session_id: str, session_expires_at: float) -> EphemeralToken:
        """Return a new token that expires after 5 minutes, or with the session (Unix seconds) if that is sooner."""
        now = self._clock()
        expires_at = int(min(now + LIFETIME_S, session_expires_at))
        token_id = secrets.token_urlsafe(16)
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": session_id,
            "jti": token_id,
            "iat": int(now),
            "exp": expires_at,
        }
        return EphemeralToken(jwt.encode(claims, self._key, headers={"typ": _TYPE}), token_id, expires_at)

    def verify(self, token: str) -> tuple[str, str]:
        """Return the session id and the token id that a token authenticates. Raises `ApiError` 401.

        There is no leeway: the same service set the times, and `expires_at` told the client the exact second.
        """
        try:
            unverified = read_unverified(token)
            if unverified.type != _TYPE:
                raise jwt.DecodeError("header typ is that of another kind of token")
            claims = verify(
                unverified,
                self._key,
                issuer=_ISSUER,
                audience=_AUDIENCE,
                require=("sub", "jti", "iat", "exp"),
                now=self._clock(),
                strict_audience=True,
            )
        except jwt.PyJWTError as reason:
            log.info("ephemeral token refused: %s", reason)
            raise unauthorized() from None
        return claims["sub"], claims["jti"]


def is_ephemeral(token: str) -> bool:
    """Return whether a token's header says that it is an ephemeral token. This selects the verifier, no more."""
    try:
        return read_unverified(token).type == _TYPE
    except jwt.PyJWTError:
        return False
