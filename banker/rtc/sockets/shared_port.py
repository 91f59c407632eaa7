"""One UDP socket for all peers of a worker. aioice by itself opens a socket for each.

Datagrams are assigned to peers by what a third party cannot forge:

- A STUN request goes to the peer whose ICE user name it carries. aioice then checks its message integrity.
- A STUN response goes to the peer that sent the request with the same transaction id, 96 random bits.
- Everything else (DTLS, RTP, RTCP) goes to the peer that owns the source address: the peer that got a STUN success
  response from it or, until then, the first peer that has answered a check from it.

So nobody can take over another peer's address with a forged datagram. All other datagrams are dropped.
"""

import asyncio
import errno
import ipaddress
import logging
import socket
from contextlib import suppress
from typing import Any

from banker.config.settings import MOST_SHARED_PORTS, Config
from banker.rtc.sockets.stun import REQUEST, STUN, SUCCESS, TRANSACTION, Address, IceSocketProtocol, user_name

log = logging.getLogger(__name__)

BATCH = 64
"""How many datagrams are read in one round of the loop before other work gets its turn."""
MAX_DATAGRAM_BYTES = 8192
MAX_ADDRESSES = 100
"""The most addresses of one peer, as for its candidates (RFC 8445 section 19.5.1)."""


def shared_port_mistakes(config: Config) -> list[str]:
    """Return a line if calls share a port with untested versions of aiortc and aioice."""
    if not config.media.shares_ports:
        return []
    from banker.rtc.aiortc_internals import TESTED, UNTESTED  # importing aiortc takes half a second

    if not UNTESTED:
        return []
    tested = " and ".join(f"{name} {prefix}*" for name, prefix in TESTED.items())
    return [
        f"{config.folder / 'banker.toml'}: media.port_range: calls share a port only with {tested}, and not with "
        f"{' and '.join(UNTESTED)}; name a range of more than {MOST_SHARED_PORTS} ports"
    ]


class SharedPort:
    """A UDP socket at one address and port. Belongs to the event loop `loop`.

    Raises `OSError` if the port is taken, or the address is not this machine's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int, buffer_bytes: int) -> None:
        is_ipv6 = ipaddress.ip_address(host).version == 6
        self._loop = loop
        self._peers: dict[bytes, PeerTransport] = {}
        self._owners: dict[Address, PeerTransport] = {}
        self._socket = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self._socket.setsockopt(socket.SOL_SOCKET, option, buffer_bytes)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        loop.add_reader(self._socket, self._read)

    @property
    def address(self) -> Address:
        """Where the socket is bound."""
        return tuple(self._socket.getsockname())

    def __len__(self) -> int:
        """Return how many entries are kept for peers, by name and by address."""
        return len(self._peers) + len(self._owners)

    def attach(self, protocol: IceSocketProtocol) -> "PeerTransport":
        """Return a transport for one more peer. Raises `OSError` in the rare case of a duplicate name."""
        name = protocol.receiver.local_username.encode()
        if name in self._peers:
            raise OSError(errno.EADDRINUSE, "Another peer already has this ICE user name.")
        peer = self._peers[name] = PeerTransport(self._loop, self, protocol, name)
        protocol.connection_made(peer)
        return peer

    def detach(self, peer: "PeerTransport") -> None:
        """Forget a peer and its addresses."""
        del self._peers[peer.name]
        for address in peer.addresses:
            if self._owners.get(address) is peer:
                del self._owners[address]

    def send(self, data: bytes, address: Address, peer: "PeerTransport") -> None:
        """Send a datagram, or drop it if the socket is not ready: late media is useless."""
        if data[:2] == SUCCESS and address not in self._owners:
            self._give(address, peer)
        try:
            self._socket.sendto(data, address)
        except OSError as error:
            log.debug("a datagram was not sent: %s", type(error).__name__)

    def close(self) -> None:
        """Close the socket, and the transports of all peers."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for peer in list(self._peers.values()):
            peer.close()

    def _read(self) -> None:
        for _ in range(BATCH):
            try:
                data, address = self._socket.recvfrom(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # the error of an earlier datagram, which concerns nobody
                continue
            address = address[:2]
            peer = self._peer_of(data, address)
            if peer is not None:
                peer.protocol.datagram_received(data, address)

    def _peer_of(self, data: bytes, address: Address) -> "PeerTransport | None":
        if not data or data[0] not in STUN:
            return self._owners.get(address)
        if data[:2] == REQUEST:
            return self._peers.get(user_name(data))
        asking = self._asking(data[TRANSACTION], address)
        if asking is not None and data[:2] == SUCCESS:
            self._give(address, asking)
        return asking

    def _asking(self, transaction: bytes, address: Address) -> "PeerTransport | None":
        owner = self._owners.get(address)
        if owner is not None and transaction in owner.protocol.transactions:
            return owner
        return next((peer for peer in self._peers.values() if transaction in peer.protocol.transactions), None)

    def _give(self, address: Address, peer: "PeerTransport") -> None:
        if self._owners.get(address) is peer:
            return
        if len(peer.addresses) >= MAX_ADDRESSES:
            oldest = next(iter(peer.addresses))
            del peer.addresses[oldest]
            if self._owners.get(oldest) is peer:
                del self._owners[oldest]
        peer.addresses[address] = None
        self._owners[address] = peer


class PeerTransport(asyncio.DatagramTransport):
    """One peer's view of the shared socket: a transport as if the socket belonged to it alone."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, port: SharedPort, protocol: IceSocketProtocol, name: bytes
    ) -> None:
        super().__init__({"sockname": port.address})
        self._loop = loop
        self._port = port
        self._is_closing = False
        self.protocol = protocol
        self.name = name
        self.addresses: dict[Address, None] = {}
        """The current and former addresses of this peer, oldest first."""

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send a datagram to `addr`, which must be given."""
        if not self._is_closing and addr is not None:
            self._port.send(data, addr, self)

    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._is_closing

    def close(self) -> None:
        """Detach the peer. The protocol is notified in the next round of the loop."""
        if not self._is_closing:
            self._is_closing = True
            self._port.detach(self)
            with suppress(RuntimeError):  # the loop has ended, too
                self._loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        """Close at once, like `close`, since nothing is buffered."""
        self.close()
