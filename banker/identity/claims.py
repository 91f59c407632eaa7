"""What a verified token's claims must say, measured on the clock that is given (RFC 7519 §4.1, RFC 8725 §3.8 to §3.11).

PyJWT's own checks read the wall clock and convert with `int()`, which takes strings for times; these do neither.
"""

from collections.abc import Mapping
from typing import Any

from banker.identity.jws import Refused

AUDIENCE = "virtual-banker"
LEEWAY_SECONDS = 30
MAXIMUM_SUBJECT_CHARACTERS = 128

_LAST_DATE = 253_402_300_799  # the end of the year 9999; milliseconds given for seconds are beyond it


def check_claims(claims: Mapping[str, Any], issuer: str, now: float) -> None:
    """Raises `Refused` unless all required claims are there, of their types, and hold at `now` (Unix seconds)."""
    if claims.get("iss") != issuer:
        raise Refused("iss is not the tenant's issuer")
    if not is_subject(claims.get("sub")):
        raise Refused("sub is missing or not a string of 1 to 128 characters")
    if AUDIENCE not in _audiences(claims.get("aud")):
        raise Refused("aud does not name this service")
    if not isinstance(claims.get("scope", ""), str):
        raise Refused("scope is not a string")
    if numeric_date(claims, "exp") + LEEWAY_SECONDS <= now:
        raise Refused("exp has passed")
    if numeric_date(claims, "iat") > now + LEEWAY_SECONDS:
        raise Refused("iat is in the future")
    if "nbf" in claims and numeric_date(claims, "nbf") > now + LEEWAY_SECONDS:
        raise Refused("nbf is in the future")


def is_subject(value: object) -> bool:
    """Whether `value` can name somebody: 1 to 128 characters, no NUL."""
    return isinstance(value, str) and 0 < len(value) <= MAXIMUM_SUBJECT_CHARACTERS and "\0" not in value


def numeric_date(claims: Mapping[str, Any], name: str) -> float:
    """The Unix seconds of a NumericDate (RFC 7519 §2). Raises `Refused` if it is missing or none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_DATE:
        raise Refused(f"{name} is missing or not a time in seconds")
    return float(value)


def scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """The scopes of a space-separated `scope` (RFC 8693 §4.2, RFC 9068 §2.2.3)."""
    return frozenset(claims.get("scope", "").split(" ")) - {""}


def _audiences(aud: object) -> list[str]:
    """`aud` is one string or a list of strings (RFC 7519 §4.1.3); anything else names nobody."""
    audiences = [aud] if isinstance(aud, str) else aud
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
        return []
    return audiences
