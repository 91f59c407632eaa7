"""The media thread's event loop, which chooses UDP ports and filters incoming datagrams."""

import asyncio
import errno
import functools
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any

from banker.rtc.sockets.own_socket import OwnSocket
from banker.rtc.sockets.shared_port import SharedPort

log = logging.getLogger(__name__)

PACKET_TYPES = frozenset([*range(4), *range(20, 80), *range(128, 192)])
"""First bytes of STUN, DTLS, TURN channel data, and RTP with RTCP (RFC 7983 section 7)."""
MAX_DATAGRAMS_PER_S = 1000
"""The limit of one socket. A microphone sends 50; the rest of a flood is dropped unread."""
SHARED_BUFFER_BYTES = 4 * 1024 * 1024
"""The requested buffer: four seconds of 150 microphones. The system's `net.core.rmem_max` may allow less."""

PORT_PATIENCE_S, PORT_RETRY_S = 4.0, 0.1
"""How long an offer waits for a port that another worker is about to release. The answer is due within 10 s."""


class MediaLoop(asyncio.SelectorEventLoop):
    """The media thread's event loop, which guards every UDP socket.

    A socket that asks for any port gets one of `ports`, because aioice has no option for a port range. With
    `shares_ports`, the first free one becomes the port of this worker, and all peers share it. Either way a peer gets
    no datagram from a stranger or a flood, and only WebRTC packets: aiortc ends a connection over an empty one.
    """

    def __init__(self, ports: range | None = None, *, shares_ports: bool = False) -> None:
        super().__init__()
        self._ports = ports
        self._shares_ports = shares_ports
        self._shared: dict[str, SharedPort] = {}
        self._patience_s = PORT_PATIENCE_S
        self.refused_ports = 0
        """How often a socket found no free port in the range."""

    @property
    def shared_ports(self) -> list[SharedPort]:
        """The sockets that peers share: one for each address of this machine."""
        return list(self._shared.values())

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], local_addr: tuple[str, int] | None = None, **options: Any
    ) -> Any:
        """Open a UDP socket as asyncio does. Raises `OSError` (EADDRINUSE) when every port of the range is taken."""
        factory = functools.partial(_guarded, protocol_factory, self.time)
        if local_addr is None:  # to a TURN server, or mDNS
            return await super().create_datagram_endpoint(factory, local_addr, **options)
        if self._ports is None or local_addr[1] != 0:
            return await self._own_socket(factory, local_addr, options)
        host = local_addr[0]
        if self._shares_ports:
            shared = await self._shared_port(host)
            protocol = factory()
            return shared.attach(protocol), protocol
        start = random.randrange(len(self._ports))  # noqa: S311 - spreads ports, not a secret
        for port in (*self._ports[start:], *self._ports[:start]):
            try:
                return await self._own_socket(factory, (host, port), options)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise self._every_port_is_taken()

    async def _own_socket(
        self, factory: Callable[[], Any], address: tuple[str, int], options: Mapping[str, Any]
    ) -> tuple[OwnSocket, Any]:
        _, own = await super().create_datagram_endpoint(lambda: OwnSocket(factory, self), address, **options)
        return own, own.protocol

    async def _shared_port(self, host: str) -> SharedPort:
        """Return the shared socket at this address. It opens with the first peer, and stays open until the loop closes.

        A draining worker releases its port when its last call has moved here. Waits for that once.
        """
        deadline = self.time() + self._patience_s
        while host not in self._shared:
            if self._open_shared_port(host):
                self._patience_s = PORT_PATIENCE_S
            elif self.time() < deadline:
                await asyncio.sleep(PORT_RETRY_S)
            else:
                self._patience_s = 0.0
                raise self._every_port_is_taken()
        return self._shared[host]

    def _open_shared_port(self, host: str) -> bool:
        for port in self._ports or ():
            try:
                self._shared[host] = SharedPort(self, host, port, SHARED_BUFFER_BYTES)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                log.info("calls share UDP port %d of %s", port, host)
                return True
        return False

    def _every_port_is_taken(self) -> OSError:
        self.refused_ports += 1
        return OSError(errno.EADDRINUSE, "Every port of media.port_range is taken.")

    def close(self) -> None:
        """Close the loop, and the sockets that peers share."""
        for shared in self._shared.values():
            shared.close()
        super().close()


def refused_ports() -> int:
    """Return how often the running loop had no free port for a socket."""
    loop = asyncio.get_running_loop()
    return loop.refused_ports if isinstance(loop, MediaLoop) else 0


def _guarded(protocol_factory: Callable[[], asyncio.DatagramProtocol], now: Callable[[], float]) -> Any:
    """Wrap a datagram protocol so that junk and floods from the network do not reach it."""
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
