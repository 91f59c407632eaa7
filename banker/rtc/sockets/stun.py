"""Identifies the peer of a STUN message (RFC 8489), and describes aioice's reader of them."""

import asyncio
from collections.abc import Iterator
from struct import Struct
from typing import Any, Protocol

STUN = range(4)
"""First bytes (RFC 7983 section 7)."""
REQUEST, SUCCESS = b"\x00\x01", b"\x01\x01"
TRANSACTION = slice(8, 20)
MAX_ATTRIBUTES = 16
"""How many attributes of a STUN request are searched for its user name. Browsers put it first."""
_HEADER_BYTES, _MAGIC_COOKIE = 20, b"\x21\x12\xa4\x42"
_ATTRIBUTE, _USERNAME = Struct("!HH"), 0x0006
"""The STUN message (RFC 8489 sections 5 and 14)."""

Address = tuple[Any, ...]


class IceAgent(Protocol):
    """The ICE agent of one peer."""

    @property
    def local_username(self) -> str: ...


class IceSocketProtocol(Protocol):
    """The public names of aioice's `StunProtocol`."""

    @property
    def receiver(self) -> IceAgent: ...
    @property
    def transactions(self) -> dict[bytes, Any]: ...
    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def datagram_received(self, data: bytes, addr: Address) -> None: ...


def user_name(request: bytes) -> bytes:
    """Return our part of the user name in a STUN request (RFC 8445 section 7.2.2), or empty bytes."""
    return next((value.partition(b":")[0] for kind, value in _attributes(request) if kind == _USERNAME), b"")


def _attributes(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the first attributes of a possible STUN message, in bounded time."""
    if message[4:8] != _MAGIC_COOKIE:
        return
    place = _HEADER_BYTES
    for _ in range(MAX_ATTRIBUTES):
        if place + _ATTRIBUTE.size > len(message):
            return
        kind, length = _ATTRIBUTE.unpack_from(message, place)
        place += _ATTRIBUTE.size
        yield kind, message[place : place + length]
        place += length + -length % 4
