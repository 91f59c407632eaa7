"""Validators that several settings share: for numbers, URLs, ports, addresses, origins and files."""

import ipaddress
import os
import re
from pathlib import Path
from string import Formatter
from urllib.parse import SplitResult, urlsplit

from marshmallow.validate import Length, Range, Regexp

ENV_NAME = Regexp(r"[A-Za-z_][A-Za-z0-9_]*\Z", error="must be the name of an environment variable")
SHORT_TEXT = Length(min=1, max=2000, error="must be a text of {min} to {max} characters")
NAME_OR_PATH = Length(min=1, max=1000, error="must be a name or a path of 1 to {max} characters")

_ICE_URL = re.compile(r"(stun|turns?):[^\s?:]+(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?")
_ICE_TRANSPORTS = {"stun": (None,), "turn": (None, "udp", "tcp"), "turns": (None, "tcp")}
_PRIVATE_DOMAINS = (".localhost", ".local", ".internal")
_REDIS_SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)


def between(minimum: float, maximum: float) -> Range:
    """Return a validator for a number between two bounds, both included."""
    return Range(min=minimum, max=maximum, error="must be from {min} to {max}")


def url_parts(value: str) -> SplitResult:
    """Split a URL. All parts are empty if it is malformed."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError for an invalid port
    except ValueError:
        return urlsplit("")
    return parts


def is_port_range(value: str) -> bool:
    """Accept "40000" and "40000-40999": unprivileged ports in ascending order."""
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", value)
    return bool(match) and 1024 <= int(match[1]) <= int(match[2] or match[1]) <= 65535  # type: ignore[index]


def is_ip_address(value: str) -> bool:
    """Accept an IPv4 or IPv6 address."""
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def are_origins(values: list[str]) -> bool:
    """Accept origins as browsers serialise them (RFC 6454, section 6.1), because they are compared as strings."""
    parts = [url_parts(value) for value in values]
    return all(
        p.scheme in ("http", "https")
        and p.hostname
        and "@" not in p.netloc
        and value == f"{p.scheme}://{p.netloc}" == value.lower()
        for p, value in zip(parts, values, strict=True)
    )


def are_ice_urls(values: list[str]) -> bool:
    """Accept the URLs that both browsers and aiortc support (RFC 7064, RFC 7065).

    A STUN URL has no transport, and TURN over TLS has TCP only.
    """
    matches = [_ICE_URL.fullmatch(value) for value in values]
    return all(m and 0 < int(m[2] or 3478) < 65536 and m[3] in _ICE_TRANSPORTS[m[1]] for m in matches)


def is_redis_url(value: str) -> bool:
    """Accept the schemes of `banker.server.redis`, which parses the rest."""
    scheme, separator, _ = value.partition("://")
    return bool(separator) and scheme in _REDIS_SCHEMES


def why_unwritable(path: Path) -> str | None:
    """Return why this process could not append to a file or create it; None if it could. Touches nothing."""
    target = path.absolute()
    try:
        if target.is_dir():
            return "is a folder"
        while not target.exists():
            target = target.parent
    except OSError as error:
        return str(error.strerror)
    if target != path.absolute() and not target.is_dir():
        return f"{target} is not a folder"
    try:
        if os.access(target, os.W_OK | (os.X_OK if target.is_dir() else 0), effective_ids=True):
            return None
        read_only = os.statvfs(target).f_flag & os.ST_RDONLY
    except OSError as error:
        return str(error.strerror)
    return f"{target} is on a read-only file system" if read_only else f"{target} may not be written"


def is_https_or_loopback_url(value: str) -> bool:
    """Accept https://, and http:// on this machine. Plain HTTP elsewhere would let others replace the keys."""
    parts = url_parts(value)
    is_loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback))


def is_page_url(value: str) -> bool:
    """Accept https://, or a path of the host that shows the widget, with the placeholders {page} and {topic}."""
    try:
        parts = [part for part in Formatter().parse(value) if part[1] is not None]
    except ValueError:
        return False
    if any(name not in ("page", "topic") or spec or conversion for _, name, spec, conversion in parts):
        return False
    is_path = value.startswith("/") and not value.startswith(("//", "/\\"))
    return is_path or (value.startswith("https://") and bool(url_parts(value).hostname))


def is_https_or_private_url(value: str) -> bool:
    """Accept https://, and http:// on this machine or a private network. Plain HTTP exposes the conversation."""
    parts = url_parts(value)
    host = parts.hostname or ""
    if not host or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    try:
        is_private = ipaddress.ip_address(host).is_private
    except ValueError:
        is_private = "." not in host or host.endswith(_PRIVATE_DOMAINS)
    return parts.scheme == "https" or (parts.scheme == "http" and is_private)
