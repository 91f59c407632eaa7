"""What aiortc leaves open about ICE: a port range, dead servers, credentials, and whom our checks may be sent to."""

import asyncio
import base64
import errno
import functools
import hashlib
import hmac
import ipaddress
import logging
import random
import time
from collections.abc import Callable
from typing import Any

from aioice import Candidate, Connection
from aioice.ice import StunProtocol
from aioice.stun import Message
from aiortc import RTCIceCandidate, RTCIceServer, RTCPeerConnection

from banker.config.settings import IceSettings

log = logging.getLogger(__name__)

NAT64 = ipaddress.ip_network("64:ff9b::/96")

GATHER_SECONDS = 3
"""A STUN or TURN server that has not answered by then is left out of the answer."""
DEAD_SECONDS = 30
"""How long such a server is left out of the offers that follow, which would wait for it too."""
MAX_REMOTE_CANDIDATES = 100
"""Addresses of one client that checks are sent to, those that it told and those that were found (RFC 8445 §19.5.1)."""
MAX_UNREAD_DATAGRAMS = 256
"""What may wait for a connection that is being made."""
MEDIA = range(128, 192)
"""First bytes of RTP and RTCP (RFC 7983 §7)."""
DATAGRAMS_A_SECOND = 1000
"""More than that on one socket is no call: a microphone sends 50. The rest is dropped before anything reads it."""


class MediaLoop(asyncio.SelectorEventLoop):
    """The media thread's loop. UDP sockets that ask for any port get one of `ports`: aioice itself knows no range."""

    def __init__(self, ports: range | None = None) -> None:
        super().__init__()
        self._ports = ports

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], local_addr: tuple[str, int] | None = None, **options: Any
    ) -> Any:
        """As asyncio's. Raises `OSError` (EADDRINUSE) when every port of the range is taken."""
        protocol_factory = functools.partial(_bounded, protocol_factory, self.time)
        if self._ports is None or local_addr is None or local_addr[1] != 0:
            return await super().create_datagram_endpoint(protocol_factory, local_addr, **options)
        start = random.randrange(len(self._ports))  # noqa: S311 - spreads, hides nothing
        for step in range(len(self._ports)):
            port = self._ports[(start + step) % len(self._ports)]
            try:
                return await super().create_datagram_endpoint(protocol_factory, (local_addr[0], port), **options)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE, "every port of media.port_range is taken")


def _bounded(protocol_factory: Callable[[], Any], now: Callable[[], float]) -> Any:
    """A datagram protocol that anybody on the net may send to, so that neither junk nor a flood troubles the others."""
    protocol = protocol_factory()
    receive = protocol.datagram_received
    of_a_call = isinstance(protocol, StunProtocol)
    second, count = 0, 0

    def bounded(data: bytes, address: tuple[Any, ...]) -> None:
        nonlocal second, count
        this_second = int(now())
        if this_second != second:
            second, count = this_second, 0
        count += 1
        if count > DATAGRAMS_A_SECOND:
            return
        try:
            if of_a_call and data and data[0] in MEDIA:  # which is not tried as STUN first
                protocol.receiver.data_received(data, protocol.local_candidate.component)
            else:
                receive(data, address)
        except Exception as error:
            log.debug("a datagram could not be read: %s", type(error).__name__)

    protocol.datagram_received = bounded
    return protocol


def ice_servers(ice: IceSettings, user: str, now: float) -> list[dict[str, Any]]:
    """The servers as a browser's `RTCConfiguration.iceServers` takes them.

    TURN credentials are time-limited (coturn's `use-auth-secret`, draft-uberti-behave-turn-rest-00): the user name is
    `<expiry>:<user>`, the password the base64 of its HMAC-SHA1 under the shared secret.
    """
    servers: list[dict[str, Any]] = []
    for url in ice.urls:
        server: dict[str, Any] = {"urls": [url]}
        if url.startswith("turn") and ice.secret:
            server["username"] = f"{int(now) + ice.credential_seconds}:{user}"
            digest = hmac.new(ice.secret.encode(), server["username"].encode(), hashlib.sha1).digest()
            server["credential"] = base64.b64encode(digest).decode()
        servers.append(server)
    return servers


def rtc_ice_servers(ice: IceSettings, user: str, now: float) -> list[RTCIceServer]:
    """The same servers for our own side of the call."""
    return [RTCIceServer(**server) for server in ice_servers(ice, user, now)]


class DeadServers:
    """The servers that gave nothing of late: the offers after the first do not wait for them. For the media loop alone.

    `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def without(self, servers: list[RTCIceServer]) -> list[RTCIceServer]:
        """`servers` without the dead ones: aiortc asks the first STUN and the first TURN server of what it is given."""
        now = self._clock()
        return [server for server in servers if self._until.get(server.urls[0], now) <= now]

    def add(self, servers: list[RTCIceServer], scheme: str) -> None:
        """The first of `servers` for "stun" or "turn", the one that was asked, gave no candidate."""
        url = next(server.urls[0] for server in servers if server.urls[0].startswith(scheme))
        self._until[url] = self._clock() + DEAD_SECONDS
        log.warning("ICE server %s gave no candidate; calls go on without it for %s s", url, DEAD_SECONDS)


def govern_gathering(pc: RTCPeerConnection, *, loopback: bool, dead_server: Callable[[str], None]) -> set[Connection]:
    """Bound what ICE does for a client; call it before the local description. Returns the ICE connections.

    The time that gathering takes is capped, servers that gave nothing are told, and so are the addresses that are
    checked. `dead_server` gets "stun" or "turn". `loopback` lets a machine without any network talk with itself.
    """
    connections = {transport._connection for transport in _ice_transports(pc)}
    for connection in connections:
        _bound_incoming(connection)

        async def gather(
            component: int, addresses: list[str], timeout: int = GATHER_SECONDS, connection: Connection = connection
        ) -> list[Candidate]:
            addresses = addresses or (["127.0.0.1"] if loopback else [])
            candidates: list[Candidate] = await Connection.get_component_candidates(
                connection, component, addresses, GATHER_SECONDS
            )
            kinds = {candidate.type for candidate in candidates}
            for scheme, kind, server in (
                ("stun", "srflx", connection.stun_server),
                ("turn", "relay", connection.turn_server),
            ):
                if server is not None and kind not in kinds:
                    dead_server(scheme)
            return candidates

        connection.get_component_candidates = gather
    return connections


def _bound_incoming(connection: Connection) -> None:
    """What comes in before the client is known, and the checks that claim to come from ever new addresses."""

    def check_incoming(message: Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        known = any((c._network_host, c.port) == addr for c in connection.remote_candidates)
        if known or len(connection.remote_candidates) < MAX_REMOTE_CANDIDATES:
            Connection.check_incoming(connection, message, addr, protocol)

    def data_received(data: bytes, component: int) -> None:
        if connection._queue.qsize() < MAX_UNREAD_DATAGRAMS:
            Connection.data_received(connection, data, component)

    connection.check_incoming = check_incoming  # type: ignore[method-assign]
    connection.data_received = data_received  # type: ignore[method-assign]


def _ice_transports(pc: RTCPeerConnection) -> list[Any]:
    transports = [t.receiver.transport.transport for t in pc.getTransceivers()]
    return transports + ([pc.sctp.transport.transport] if pc.sctp else [])


def acceptable(candidate: RTCIceCandidate, *, allow_private: bool) -> bool:
    """Whether we send connectivity checks to this candidate of a client.

    A client must not make the service probe the bank's own network, so private, loopback and mDNS addresses are passed
    over unless the configuration allows them; a client behind one is still found by the checks that it sends to us
    (RFC 8445 §7.3.1.3).
    """
    if candidate.protocol.lower() != "udp" or candidate.component != 1 or not 1024 <= candidate.port <= 65535:
        return False
    if candidate.ip.endswith(".local"):
        return allow_private
    try:
        address = ipaddress.ip_address(candidate.ip)
    except ValueError:
        return False
    if address.is_multicast or address.is_unspecified:
        return False
    return allow_private or (address.is_global and all(inner.is_global for inner in _inside(address)))


def _inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that a translator or a tunnel would send to (RFC 4291, 3056, 4380, 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [found for found in inner if found is not None]
