"""A UDP socket of one peer, from which aioice gets only datagrams of that peer.

aioice itself accepts data from any address: a stranger who knows the port could end a DTLS handshake with one datagram.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from banker.rtc.sockets.stun import REQUEST, STUN, SUCCESS, TRANSACTION, Address, IceSocketProtocol, user_name

MAX_ADDRESSES = 100
"""The most addresses of a peer, as for its candidates (RFC 8445 section 19.5.1)."""


class OwnSocket(asyncio.DatagramProtocol, asyncio.DatagramTransport):
    """Stands between a socket and the protocol from `factory`: as the socket's protocol and the other's transport.

    An address belongs to the peer when it has answered one of our checks, or when we have answered one of its checks;
    aioice verifies the message integrity of both. Other addresses may only send STUN requests with our user name.
    """

    def __init__(self, factory: Callable[[], IceSocketProtocol], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._factory = factory
        self._loop = loop
        self._addresses: dict[Address, None] = {}
        """Oldest first."""

    def connection_made(self, transport: Any) -> None:
        """The socket is open."""
        self._transport = transport
        self.protocol = self._factory()
        self.protocol.connection_made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self.protocol.connection_lost(exc)

    def error_received(self, exc: Exception) -> None:
        """Ignore that an earlier datagram did not arrive. ICE notices by itself."""

    def datagram_received(self, data: bytes, address: Address) -> None:
        """Pass on a datagram of the peer."""
        if self._is_from_peer(data, address[:2]):
            self.protocol.datagram_received(data, address)

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send a datagram."""
        if data[:2] == SUCCESS:
            self._remember(addr[:2])
        self._transport.sendto(data, addr)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return information of the socket's transport."""
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Whether the socket is closed, or will be."""
        return bool(self._transport.is_closing())

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()

    def abort(self) -> None:
        """Close the socket at once."""
        self._transport.abort()

    def _is_from_peer(self, data: bytes, address: Address) -> bool:
        if not data:
            return False
        if data[0] not in STUN:
            return address in self._addresses
        if data[:2] == REQUEST:
            return user_name(data) == self.protocol.receiver.local_username.encode()
        is_awaited = data[TRANSACTION] in self.protocol.transactions
        if is_awaited and data[:2] == SUCCESS:
            self._remember(address)
        return is_awaited

    def _remember(self, address: Address) -> None:
        if address not in self._addresses and len(self._addresses) >= MAX_ADDRESSES:
            del self._addresses[next(iter(self._addresses))]
        self._addresses[address] = None
