"""The ephemeral token: the service's own, good for one session's signaling, refresh and end, for 5 minutes."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from banker.errors import unauthorized
from banker.identity.claims import is_subject, numeric_date
from banker.identity.jws import Refused, prove, read, read_type, sign
from banker.identity.keys import MINIMUM_SECRET_BYTES, VerificationKey

LIFETIME_SECONDS = 300

# Explicit typing (RFC 8725 §3.11) and issuer and audience of its own: no verifier of one kind takes the other kind,
# whatever keys they may share.
_TYPE = "banker-ephemeral+jwt"
_ISSUER = "virtual-banker"
_AUDIENCE = "virtual-banker/session"
_ALGORITHM = "HS256"
_KEY_LABEL = b"virtual-banker ephemeral token HS256 v1"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EphemeralToken:
    """A token, the id under which the session remembers its current one, and its expiry in Unix seconds."""

    token: str = field(repr=False)
    token_id: str
    expires_at: int


class EphemeralTokens:
    """Issues and verifies ephemeral tokens with a key derived from `secret_key` (32 bytes or more).

    Any process with the same secret key verifies what another one issued. Whether a token is still its session's
    current one only the session knows: compare `token_id`.
    """

    def __init__(self, secret_key: bytes, clock: Callable[[], float] = time.time) -> None:
        if len(secret_key) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"the secret key must be {MINIMUM_SECRET_BYTES} bytes or longer")
        # RFC 5869: the label keeps this key apart from any other use of the same secret.
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_KEY_LABEL).derive(secret_key)
        self._key = VerificationKey(derived, frozenset((_ALGORITHM,)))
        self._clock = clock

    def issue(self, session_id: str, session_expires_at: float) -> EphemeralToken:
        """A new token for a session: 5 minutes, never longer than the session lives (Unix seconds)."""
        now = self._clock()
        expires_at = int(min(now + LIFETIME_SECONDS, session_expires_at))
        token_id = secrets.token_urlsafe(16)
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": session_id,
            "jti": token_id,
            "iat": int(now),
            "exp": expires_at,
        }
        token = sign({"typ": _TYPE, "alg": _ALGORITHM}, claims, self._key)
        return EphemeralToken(token, token_id, expires_at)

    def verify(self, token: str) -> tuple[str, str]:
        """The session id and token id that a token proves. Raises `ApiError` 401.

        No leeway: the clocks are our own, and the client was told the very second.
        """
        try:
            return self._verify(token)
        except Refused as reason:
            log.info("ephemeral token refused: %s", reason)
            raise unauthorized() from None

    def _verify(self, token: str) -> tuple[str, str]:
        unproven = read(token)
        if unproven.type != _TYPE:
            raise Refused("header typ is that of another kind of token")
        prove(unproven, self._key)
        claims = unproven.claims
        session_id, token_id = claims.get("sub"), claims.get("jti")
        if claims.get("iss") != _ISSUER or claims.get("aud") != _AUDIENCE:
            raise Refused("iss or aud is not our own")
        if not isinstance(session_id, str) or not isinstance(token_id, str) or not is_subject(session_id):
            raise Refused("sub or jti is missing")
        if numeric_date(claims, "exp") <= self._clock():
            raise Refused("exp has passed")
        return session_id, token_id


def is_ephemeral(token: str) -> bool:
    """Whether a token says that it is an ephemeral one. Says which verifier to ask and proves nothing."""
    return read_type(token) == _TYPE
