"""Passes the voices of a customer and a colleague on to each other as they come, without decoding them.

In one process a packet goes from one side to the other directly. Between processes it goes over a bus: 50 packets a
second of some 80 bytes each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Literal, Protocol

Side = Literal["customer", "colleague"]
_OTHER: dict[Side, Side] = {"customer": "colleague", "colleague": "customer"}
_HEADER = Struct("!LHL")


@dataclass(frozen=True, slots=True)
class VoicePacket:
    """An Opus packet with what of its RTP header matters (RFC 3550 section 5.1)."""

    ssrc: int
    sequence_number: int
    timestamp: int
    payload: bytes

    def pack(self) -> bytes:
        """Return it as bytes."""
        return _HEADER.pack(self.ssrc, self.sequence_number, self.timestamp) + self.payload

    @classmethod
    def unpack(cls, data: bytes) -> "VoicePacket":
        """Read what `pack` wrote. Raises `ValueError` for less than a header."""
        if len(data) < _HEADER.size:
            raise ValueError("a packet is shorter than its header")
        ssrc, sequence_number, timestamp = _HEADER.unpack_from(data)
        return cls(ssrc, sequence_number, timestamp, data[_HEADER.size :])


class VoiceBus(Protocol):
    """Carries packets between processes. Belongs to the media loop; no method blocks."""

    def start(self, received: Callable[[str, bytes], None]) -> None:
        """Begin to listen. `received` is called in the media loop with a name that was subscribed to, and the data."""
        ...

    def subscribe(self, name: str) -> None:
        """Receive what is published under this name."""
        ...

    def unsubscribe(self, name: str) -> None:
        """Receive it no longer."""
        ...

    def publish(self, name: str, data: bytes) -> None:
        """Send data, or drop it if the bus is slow: a voice that comes late is of no use."""
        ...

    def close(self) -> None:
        """Carry nothing more."""
        ...


class VoicePort:
    """One side of one talk in this process. `receive` gets the packets of the other side."""

    def __init__(
        self, relay: "VoiceRelay", session_id: str, side: Side, receive: Callable[[VoicePacket], None]
    ) -> None:
        self._relay = relay
        self.session_id = session_id
        self.side = side
        self.receive = receive

    def send(self, packet: VoicePacket) -> None:
        """Pass a packet on to the other side, wherever it is."""
        self._relay.send(self.session_id, _OTHER[self.side], packet)

    def close(self) -> None:
        """Pass nothing more on."""
        self._relay.remove(self)


class VoiceRelay:
    """The talks of this process that two people have. Belongs to the media loop. Without a `bus` it is alone."""

    def __init__(self, bus: VoiceBus | None = None) -> None:
        self._bus = bus
        self._ports: dict[str, VoicePort] = {}
        if bus is not None:
            bus.start(self._received)

    def open(self, session_id: str, side: Side, receive: Callable[[VoicePacket], None]) -> VoicePort:
        """Take part in a talk; a port of this side that is open is replaced."""
        port = VoicePort(self, session_id, side, receive)
        name = _name(session_id, side)
        self._ports[name] = port
        if self._bus is not None:
            self._bus.subscribe(name)
        return port

    def send(self, session_id: str, side: Side, packet: VoicePacket) -> None:
        """Pass a packet on to a side of a talk."""
        name = _name(session_id, side)
        port = self._ports.get(name)
        if port is not None:
            port.receive(packet)
        elif self._bus is not None:
            self._bus.publish(name, packet.pack())

    def remove(self, port: VoicePort) -> None:
        """Forget a port, unless it was replaced."""
        name = _name(port.session_id, port.side)
        if self._ports.get(name) is port:
            del self._ports[name]
            if self._bus is not None:
                self._bus.unsubscribe(name)

    def close(self) -> None:
        """Pass nothing more on."""
        self._ports.clear()
        if self._bus is not None:
            self._bus.close()

    def _received(self, name: str, data: bytes) -> None:
        port = self._ports.get(name)
        if port is None:
            return
        try:
            packet = VoicePacket.unpack(data)
        except ValueError:
            return
        port.receive(packet)


def _name(session_id: str, side: Side) -> str:
    return f"banker:voice:{session_id}:{side}"
