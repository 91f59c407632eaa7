"""ICE settings that aiortc leaves open: credentials, unreachable servers, and acceptable candidates."""

import base64
import hashlib
import hmac
import ipaddress
import logging
import time
from collections.abc import Callable
from typing import Any

from aioice.ice import get_host_addresses
from aiortc import RTCIceCandidate, RTCIceServer

from banker.config.settings import IceSettings

log = logging.getLogger(__name__)

NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNREACHABLE_S = 30.0
"""A STUN or TURN server that gave no candidate is skipped for this long, since each offer would wait for it."""


def has_network_address() -> bool:
    """Return whether aioice would find an address of this host that others can reach."""
    return bool(get_host_addresses(use_ipv4=True, use_ipv6=True))


def ice_servers(ice: IceSettings, user: str, now: float) -> list[dict[str, Any]]:
    """Return the servers in the form of a browser's `RTCConfiguration.iceServers`.

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
    """Return the same servers for our own side of the connection."""
    return [RTCIceServer(**server) for server in ice_servers(ice, user, now)]


class UnreachableServers:
    """Remembers STUN and TURN servers that gave no candidate, so that offers skip them. Belongs to the media loop.

    `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def without(self, servers: list[RTCIceServer]) -> list[RTCIceServer]:
        """Return `servers` without unreachable ones. aiortc asks the first STUN and the first TURN server of a list."""
        now = self._clock()
        return [server for server in servers if self._until.get(server.urls[0], now) <= now]

    def learn(self, servers: list[RTCIceServer], types: set[str]) -> int:
        """Compare the `servers` that were asked with the types of the gathered candidates.

        Returns how many of the servers are unreachable.
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
    """Return whether we send connectivity checks to this candidate of a client.

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
    """Return the IPv4 addresses to which a translator or a tunnel would send (RFC 4291, 3056, 4380, 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [found for found in embedded if found is not None]
