"""ICE settings that aiortc leaves open: a port range, credentials, servers that are down, and whom we may check."""

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

from aioice.ice import get_host_addresses
from aiortc import RTCIceCandidate, RTCIceServer

from banker.config.settings import IceSettings

log = logging.getLogger(__name__)

NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNREACHABLE_S = 30.0
"""A STUN or TURN server that gave no candidate is left out for this long: each offer would wait for it."""
PACKET_TYPES = frozenset([*range(4), *range(20, 80), *range(128, 192)])
"""First bytes of STUN, DTLS, TURN channel data, and RTP with RTCP (RFC 7983 section 7)."""
MAX_DATAGRAMS_PER_S = 1000
"""Of one socket. A microphone sends 50; the rest of a flood is dropped before anything reads it."""


class MediaLoop(asyncio.SelectorEventLoop):
    """The media thread's event loop, which guards every UDP socket.

    A socket that asks for any port gets one of `ports`, because aioice knows no port range. Datagrams of a flood, and
    those that are none of WebRTC's packets, are dropped: aiortc ends a connection over an empty one.
    """

    def __init__(self, ports: range | None = None) -> None:
        super().__init__()
        self._ports = ports
        self.refused_ports = 0
        """How often a socket found no free port in the range."""

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], local_addr: tuple[str, int] | None = None, **options: Any
    ) -> Any:
        """As asyncio's. Raises `OSError` (EADDRINUSE) when every port of the range is taken."""
        factory = functools.partial(_guarded, protocol_factory, self.time)
        if self._ports is None or local_addr is None or local_addr[1] != 0:
            return await super().create_datagram_endpoint(factory, local_addr, **options)
        start = random.randrange(len(self._ports))  # noqa: S311 - spreads ports, not a secret
        for step in range(len(self._ports)):
            port = self._ports[(start + step) % len(self._ports)]
            try:
                return await super().create_datagram_endpoint(factory, (local_addr[0], port), **options)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        self.refused_ports += 1
        raise OSError(errno.EADDRINUSE, "Every port of media.port_range is taken.")


def has_network_address() -> bool:
    """Return whether aioice would find an address of this host that others can reach."""
    return bool(get_host_addresses(use_ipv4=True, use_ipv6=True))


def refused_ports() -> int:
    """How often the running loop had no free port for a socket."""
    loop = asyncio.get_running_loop()
    return loop.refused_ports if isinstance(loop, MediaLoop) else 0


def _guarded(protocol_factory: Callable[[], asyncio.DatagramProtocol], now: Callable[[], float]) -> Any:
    """A datagram protocol that neither junk nor a flood from anywhere on the net can disturb."""
    protocol = protocol_factory()
    receive = protocol.datagram_received
    second, count = 0, 0

    def datagram_received(data: bytes, address: tuple[Any, ...]) -> None:
        nonlocal second, count
        this_second = int(now())
        if this_second != second:
            second, count = this_second, 0
        count += 1
        if count > MAX_DATAGRAMS_PER_S or not data or data[0] not in PACKET_TYPES:
            return
        try:
            receive(data, address)
        except Exception as error:
            log.debug("a datagram could not be read: %s", type(error).__name__)

    protocol.datagram_received = datagram_received  # type: ignore[method-assign, assignment]
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
    """The same servers for our own side of the connection."""
    return [RTCIceServer(**server) for server in ice_servers(ice, user, now)]


class UnreachableServers:
    """STUN and TURN servers that gave no candidate lately, which offers do not wait for. Belongs to the media loop.

    `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def without(self, servers: list[RTCIceServer]) -> list[RTCIceServer]:
        """`servers` without the unreachable ones. aiortc asks the first STUN and the first TURN server of a list."""
        now = self._clock()
        return [server for server in servers if self._until.get(server.urls[0], now) <= now]

    def learn(self, servers: list[RTCIceServer], types: set[str]) -> int:
        """Compare the `servers` that were asked with the types of candidates that were gathered.

        Returns how many of them are unreachable.
        """
        unreachable = 0
        for scheme, kind in (("stun", "srflx"), ("turn", "relay")):
            url = next((server.urls[0] for server in servers if server.urls[0].startswith(scheme)), None)
            if url is not None and kind not in types:
                unreachable += 1
                self._until[url] = self._clock() + UNREACHABLE_S
                log.warning("ICE server %s gave no candidate; offers skip it for %.0f s", url, UNREACHABLE_S)
        return unreachable


def acceptable(candidate: RTCIceCandidate, *, allow_private: bool) -> bool:
    """Whether we send connectivity checks to this candidate of a client.

    A client must not make the service probe the bank's own network, so private, loopback and mDNS addresses are
    refused unless the configuration allows them. A client behind one is still found by the checks that it sends to us
    (RFC 8445 section 7.3.1.3).
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
    return allow_private or (address.is_global and all(ipv4.is_global for ipv4 in _embedded_ipv4(address)))


def _embedded_ipv4(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that a translator or a tunnel would send to (RFC 4291, 3056, 4380, 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [found for found in embedded if found is not None]
