"""A signed token in JWS compact form (RFC 7515 §3.1): strict reading, then proof of its signature.

Everything is read strictly and once, before anything is believed: what `read` returns is a claim by a stranger until
`prove` has passed for the very same string. Headers that carry or point to keys (`jwk`, `jku`, `x5c`, `x5u`) are never
looked at (RFC 8725 §3.10, RFC 7515 §4.1).
"""

import base64
import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from jwt.algorithms import get_default_algorithms

from banker.identity.keys import VerificationKey

MAXIMUM_CHARACTERS = 8192

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_ALGORITHMS = get_default_algorithms()


class Refused(Exception):
    """A token proves nothing. The text is for our log alone: fixed words, never anything out of the token."""


@dataclass(frozen=True)
class UnprovenToken:
    """What a token says of itself, before its signature is checked.

    `type` is the `typ` header in lower case and without `application/`, empty if there is none (RFC 7515 §4.1.9).
    """

    type: str
    algorithm: str
    key_id: str | None
    claims: dict[str, Any] = field(repr=False)
    compact: str = field(repr=False)


@dataclass(frozen=True)
class Header:
    """What the header of a token says; `type` as in `UnprovenToken`."""

    type: str
    algorithm: str
    key_id: str | None


def read(token: object) -> UnprovenToken:
    """Take a token apart. Raises `Refused` for whatever is not exactly one well-formed signed JWT of 8 KiB at most."""
    header, payload, _ = _segments(token)
    said = _header(header)
    return UnprovenToken(said.type, said.algorithm, said.key_id, _json_object(payload, "payload"), str(token))


def read_type(token: object) -> str:
    """The `typ` that a token claims, as in `UnprovenToken`; empty if it has none or cannot be read."""
    try:
        type_ = _json_object(_segments(token)[0], "header").get("typ")
    except Refused:
        return ""
    return _media_type(type_) if isinstance(type_, str) else ""


def prove(token: UnprovenToken, key: VerificationKey) -> None:
    """Check the signature with one key and one of that key's own algorithms. Raises `Refused`."""
    if token.algorithm not in key.algorithms:
        raise Refused("header alg is not one of the key's algorithms")
    signed, _, signature = token.compact.rpartition(".")
    try:
        # The algorithm alone, and not `jwt.decode`: that reads the token a second time, and tries each time whether a
        # shared secret is not a public key in disguise. Keys are checked once, when they are loaded (`keys.fits`).
        proven = _ALGORITHMS[token.algorithm].verify(signed.encode(), key.material, _decoded(signature))
    except ValueError:
        proven = False
    if not proven:
        raise Refused("signature does not match")


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: VerificationKey) -> str:
    """A token of our own, in compact form; `key` is one for both signing and verifying (HS256)."""
    signed = b".".join(_encoded(_SIGNED.encode(part).encode()) for part in (header, claims))
    return (signed + b"." + _encoded(_ALGORITHMS[header["alg"]].sign(signed, key.material))).decode()


@functools.lru_cache(maxsize=256)  # an issuer's tokens have the same header, letter for letter
def _header(segment: str) -> Header:
    header = _json_object(segment, "header")
    type_, algorithm, key_id = header.get("typ", ""), header.get("alg"), header.get("kid")
    if "crit" in header:
        raise Refused("header crit names extensions, and none is understood")  # RFC 7515 §4.1.11
    if header.get("b64", True) is False:
        raise Refused("header b64 is false, and the payload is read as base64url")  # RFC 7797 §3
    if not isinstance(type_, str):
        raise Refused("header typ is not a string")
    if not isinstance(algorithm, str):
        raise Refused("header alg is missing or not a string")
    if "kid" in header and not isinstance(key_id, str):
        raise Refused("header kid is not a string")
    return Header(_media_type(type_), algorithm, key_id)


def _media_type(type_: str) -> str:
    return type_.lower().removeprefix("application/")


def _segments(token: object) -> tuple[str, str, str]:
    """Header, payload and signature as they stand."""
    if not isinstance(token, str):
        raise Refused("token is not a string")
    if len(token) > MAXIMUM_CHARACTERS:
        raise Refused("token is too long")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise Refused("token is not three base64url segments")
    return match[1], match[2], match[3]


def _decoded(segment: str) -> bytes:
    """Raises `ValueError` for a length that base64url does not have."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _json_object(segment: str, name: str) -> dict[str, Any]:
    """Decode a segment: canonical base64url, UTF-8, one JSON object; unique names, finite numbers, whole characters."""
    try:
        data = _decoded(segment)
        if _encoded(data) != segment.encode():
            raise ValueError("not canonical")
        value = _READER.decode(data.decode())
        # 1e999 reads as infinite, and "\\ud800" as half a character: both break whoever stores the claims later.
        _WRITER.encode(value).encode()
    except (ValueError, RecursionError):
        raise Refused(f"{name} is not base64url of strict JSON") from None
    if not isinstance(value, dict):
        raise Refused(f"{name} is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two members of one name mean one thing to us and perhaps another to the issuer (RFC 7519 §4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate names")
    return members


def _no_constant(name: str) -> NoReturn:
    """`NaN` and `Infinity` are no JSON, though Python reads them."""
    raise ValueError(name)


_READER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
_WRITER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_SIGNED = json.JSONEncoder(separators=(",", ":"))
