"""What tells the STUN messages of one peer from those of strangers (RFC 8489), and aioice's reader of them."""

import asyncio
from collections.abc import Iterator
from struct import Struct
from typing import Any, Protocol

STUN = range(4)
"""First bytes (RFC 7983 section 7)."""
REQUEST, SUCCESS = b"\x00\x01", b"\x01\x01"
TRANSACTION = slice(8, 20)
MAX_ATTRIBUTES = 16
"""Attributes of a STUN request among which its user name is looked for; browsers begin with it."""
_HEADER_BYTES, _MAGIC_COOKIE = 20, b"\x21\x12\xa4\x42"
_ATTRIBUTE, _USERNAME = Struct("!HH"), 0x0006
"""The STUN message (RFC 8489 sections 5 and 14)."""

Address = tuple[Any, ...]


class IceAgent(Protocol):
    """The agent of one peer."""

    @property
    def local_username(self) -> str: ...


class IceSocketProtocol(Protocol):
    """What aioice's `StunProtocol` offers under public names."""

    @property
    def receiver(self) -> IceAgent: ...
    @property
    def transactions(self) -> dict[bytes, Any]: ...
    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def datagram_received(self, data: bytes, addr: Address) -> None: ...


def user_name(request: bytes) -> bytes:
    """Return our part of the user name in a STUN request (RFC 8445 section 7.2.2); empty if there is none."""
    return next((value.partition(b":")[0] for kind, value in _attributes(request) if kind == _USERNAME), b"")


def _attributes(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the first attributes of what may be a STUN message, in a time that its sender cannot stretch."""
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
