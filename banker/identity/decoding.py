"""Decodes a JWT with PyJWT, after stricter checks of our own (RFC 7519, RFC 8725).

Every refusal is a `jwt.PyJWTError`. Its message goes to the log, and never contains any part of the token.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from banker import strict_json

MAX_TOKEN_CHARACTERS = 8192
"""What web servers accept in one header line. Real tokens have 300 to 2,000 characters."""
MAX_SUBJECT_CHARACTERS = 128

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_LATEST_DATE_S = 253_402_300_799  # the end of the year 9999; a date in milliseconds lies beyond it


@dataclass(frozen=True)
class UnverifiedToken:
    """A well-formed token with an unchecked signature. Use it only to select the key."""

    header: dict[str, Any]
    claims: dict[str, Any] = field(repr=False)
    compact: str = field(repr=False)

    @property
    def type(self) -> str:
        """The `typ` header in lower case without `application/`; empty if it is missing (RFC 7515 section 4.1.9)."""
        return str(self.header.get("typ", "")).lower().removeprefix("application/")


def read_unverified(token: object) -> UnverifiedToken:
    """Parse the header and claims of a token in JWS compact serialization (RFC 7515 section 3.1).

    Raises `jwt.DecodeError` for more than 8,192 characters, for padded or otherwise malformed base64url, for JSON that
    is not strict (duplicate members, RFC 7515 section 4), and for the headers `crit` and `b64`: no extension is
    supported (RFC 7515 section 4.1.11, RFC 7797).
    """
    if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS:
        raise jwt.DecodeError("the token is not a string or is too long")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise jwt.DecodeError("the token is not three base64url segments")
    try:
        # PyJWT refuses a header or payload whose base64url is not canonical.
        header = strict_json.loads(base64.urlsafe_b64decode(match[1] + "=="), allow_nul=True)
        claims = strict_json.loads(base64.urlsafe_b64decode(match[2] + "=="))
    except ValueError:
        raise jwt.DecodeError("the header or payload is not base64url of strict JSON") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise jwt.DecodeError("the header or payload is not a JSON object")
    if "crit" in header or "b64" in header:
        raise jwt.DecodeError("the header asks for an extension")
    return UnverifiedToken(header, claims, token)


def verify(
    token: UnverifiedToken,
    key: jwt.PyJWK,
    *,
    issuer: str,
    audience: str,
    require: Sequence[str],
    now: float,
    leeway_s: float = 0.0,
    strict_audience: bool = False,
    integer_subject: bool = False,
) -> dict[str, Any]:
    """Return the claims of a token after checking its signature and the claims. Raises `jwt.PyJWTError`.

    Only the algorithm bound to `key` is allowed (RFC 8725 section 3.1). `require` must contain `sub`, `exp` and
    `iat`; `sub` has 1 to 128 characters. Times are compared with `now`, in Unix seconds. With `strict_audience`, `aud`
    is one string and not a list. With `integer_subject`, an integer `sub` becomes its decimal digits.
    """
    claims = jwt.decode(
        token.compact,
        key,
        options={
            "require": list(require),
            "enforce_minimum_key_length": True,
            "strict_aud": strict_audience,
            "verify_sub": False,
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        },
        audience=audience,
        issuer=issuer,
    )
    if integer_subject and type(claims["sub"]) is int:
        claims["sub"] = str(claims["sub"])
    if not isinstance(claims["sub"], str) or not is_subject(claims["sub"]):
        raise jwt.InvalidTokenError(f"sub does not have 1 to {MAX_SUBJECT_CHARACTERS} characters")
    _check_times(claims, now, leeway_s)
    return claims


def is_subject(value: str) -> bool:
    """Return whether `value` can be the `sub` of a token: 1 to 128 characters, no NUL."""
    return 0 < len(value) <= MAX_SUBJECT_CHARACTERS and "\0" not in value


def _check_times(claims: dict[str, Any], now: float, leeway_s: float) -> None:
    """Check `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6).

    PyJWT's own checks read the wall clock, and accept the string "1800000000" and `true` as a NumericDate.
    """
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, 0)
        if type(value) not in (int, float) or not 0 <= value <= _LATEST_DATE_S:
            raise jwt.DecodeError(f"{name} is not a time in seconds")
    if claims["exp"] + leeway_s <= now:
        raise jwt.ExpiredSignatureError("exp has passed")
    for name in ("nbf", "iat"):
        if claims.get(name, 0) > now + leeway_s:
            raise jwt.ImmatureSignatureError(f"{name} is in the future")
