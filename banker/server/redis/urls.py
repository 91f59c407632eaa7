"""Reads BANKER_REDIS_URL, and says what is wrong with it without repeating its password."""

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from redis.connection import parse_url

SENTINEL_PORT = 26379
REDIS_PORT = 6379

KINDS = ("", "sentinel", "cluster")
"""What follows the plus sign of a URL's scheme; nothing for one server."""
COMMON_OPTIONS = frozenset({"username", "password", "db", "client_name"})
TLS_FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
TLS_OPTIONS = TLS_FILES | {"ssl_ca_path", "ssl_password", "ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version"}
SENTINEL_OPTIONS = frozenset({"sentinel_username", "sentinel_password"})
CERT_REQS = ("none", "optional", "required")


class RedisUrlError(ValueError):
    """The URL cannot be used. The text says what to write instead, and holds no secret."""


@dataclass(frozen=True)
class RedisUrl:
    """A URL in its parts. `options` are redis-py's arguments of a connection, without the address."""

    kind: str
    is_tls: bool
    addresses: tuple[tuple[str, int], ...]
    socket_path: str
    service: str
    options: dict[str, Any]


def read_url(url: str) -> RedisUrl:
    """Return the parts of a URL. Raises `RedisUrlError`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RedisUrlError("has an IPv6 address without its closing bracket") from None
    scheme, _, kind = parts.scheme.partition("+")
    is_socket = parts.scheme == "unix"
    if not is_socket and (scheme not in ("redis", "rediss") or kind not in KINDS or "://" not in url):
        raise RedisUrlError("must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
    if parts.fragment or "#" in url:
        raise RedisUrlError("write # as %23 in a password")
    credentials, at, hosts = parts.netloc.rpartition("@")
    addresses = () if is_socket else _addresses(hosts, SENTINEL_PORT if kind == "sentinel" else REDIS_PORT)
    if kind == "" and len(addresses) > 1:
        raise RedisUrlError("names several hosts; write redis+sentinel:// or redis+cluster:// for them")
    service = parts.path.strip("/") if kind == "sentinel" else ""
    if kind == "sentinel" and not re.fullmatch(r"[^/]+", service):
        raise RedisUrlError(
            "must end in the name of the service that Sentinel watches, as in redis+sentinel://host/bank"
        )
    if kind == "" and not is_socket and not re.fullmatch(r"/?|/\d{1,6}", parts.path):
        raise RedisUrlError("must end in a database number, as in redis://host:6379/0")
    # redis-py parses credentials and options. It knows neither several hosts nor a path that names a service.
    plain = parts._replace(scheme=scheme, netloc=f"{credentials}{at}host", path="" if kind else parts.path).geturl()
    options = _options(url if is_socket else plain, kind, scheme == "rediss")
    if kind == "cluster" and (options.pop("db", 0) != 0 or parts.path.strip("/")):
        raise RedisUrlError("a Redis Cluster has no numbered databases; leave the number out")
    return RedisUrl(kind, scheme == "rediss", addresses, str(options.pop("path", "")), service, options)


def _addresses(hosts: str, default_port: int) -> tuple[tuple[str, int], ...]:
    found = []
    for host in hosts.split(","):
        try:
            part = urlsplit(f"//{host}")
            found.append((part.hostname or "", part.port or default_port))
        except ValueError:
            raise RedisUrlError("has a port that is not a number from 1 to 65535") from None
    if not all(name for name, _ in found):
        raise RedisUrlError("must name a host, as in redis://host:6379/0")
    return tuple(found)


def _options(plain_url: str, kind: str, is_tls: bool) -> dict[str, Any]:
    """Return the options of a URL in redis-py's own types. Raises `RedisUrlError` for those that nothing would read."""
    try:
        options: dict[str, Any] = parse_url(plain_url)  # type: ignore[no-untyped-call]
    except ValueError:
        raise RedisUrlError("has an option with a value of the wrong type") from None
    options.pop("connection_class", None)
    options.pop("host", None)
    known = COMMON_OPTIONS | {"path"} | (TLS_OPTIONS if is_tls else set())
    known |= SENTINEL_OPTIONS if kind == "sentinel" else set()
    for name, value in options.items():
        if name in TLS_OPTIONS and not is_tls:
            raise RedisUrlError(f"has the option {name}, which needs TLS: write rediss instead of redis")
        if name not in known:
            raise RedisUrlError(
                f"has the unknown option {name[:40]!r}; known are {', '.join(sorted(known - {'path'}))}"
            )
        if name in TLS_FILES and not os.access(value, os.R_OK):
            raise RedisUrlError(f"{name}: the file {value} cannot be read")
        if name == "ssl_cert_reqs" and value not in CERT_REQS:
            raise RedisUrlError(f"ssl_cert_reqs: must be one of: {', '.join(CERT_REQS)}")
    return options
