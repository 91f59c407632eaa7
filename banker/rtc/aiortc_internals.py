"""All uses of private names of aiortc and aioice. No other module touches any.

Each function below replaces private methods of one connection, and says why and what that gains. The gains were
measured on one core with Python 3.11, aiortc 1.16.0 and aioice 0.13.0.

With any version that `TESTED` does not list, or with `media.fast_path = false`, connections use aiortc's public API
alone. `banker.rtc.sockets.shared_port` needs no private name, but depends on how aioice opens its sockets: it works
without the patches, and is refused at start with other versions. Without the patches:

- Each microphone has a decoder thread and goes through aiortc's jitter buffer, which adds 80 ms. Browsers are not asked
  for DTX, because that buffer would hold back the end of a turn until the next packet, 400 ms later.
- Gathering waits 5 s for a STUN or TURN server that is down, instead of `GATHERING_TIMEOUT_S`.
- A host without a network interface cannot talk to itself.
- A peer with an RSA certificate has to be the DTLS client. The answer then asks for that, and browsers comply.
- Only the rate limit of a socket bounds what a client sends before it is connected, or to a data channel beyond its
  window.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from importlib.metadata import version
from struct import Struct
from struct import error as StructError
from typing import TYPE_CHECKING, Any, NamedTuple

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender

TESTED = {"aiortc": "1.16.", "aioice": "0.13."}
"""The versions that the patches are tested with, as prefixes. CONTRIBUTING.md says how to upgrade."""
UNTESTED = [f"{name} {version(name)}" for name, prefix in TESTED.items() if not version(name).startswith(prefix)]
"""Packages that are installed in another version. Unless it is empty, do not call the functions below."""

if TYPE_CHECKING or not UNTESTED:
    import pylibsrtp
    from aioice import Candidate
    from aiortc.codecs.vpx import Vp8Encoder
    from aiortc.mediastreams import MediaStreamError
    from aiortc.rtcdtlstransport import RTCDtlsTransport, State
    from aiortc.rtcrtpreceiver import StreamStatistics
    from aiortc.rtcrtpsender import random_sequence_number
    from aiortc.rtp import RTP_HISTORY_SIZE, HeaderExtensions, RtpPacket
    from aiortc.utils import random32

log = logging.getLogger(__name__)

GATHERING_TIMEOUT_S = 3
"""A STUN or TURN server that has not answered by then is omitted from the answer, for which a caller waits."""
MAX_REMOTE_CANDIDATES = 100
"""The most addresses of one client that are checked, named or discovered (RFC 8445 section 19.5.1)."""
MAX_UNREAD_DATAGRAMS = 256
"""How many datagrams wait for a connection's keys: about three seconds of audio and video."""
MAX_CHUNKS = 1024
"""How many chunks of data wait for earlier ones. A window of a megabyte in chunks of 1,200 bytes has 874."""
RETRANSMISSION_PACKETS = 64
"""How many sent packets are kept for a NACK: a second of the avatar's video, longer than any round trip."""
NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900 to 1970."""
ECDHE_CIPHERS = b":".join(
    b"ECDHE-%b-%b" % (kind, cipher)
    for kind in (b"ECDSA", b"RSA")
    for cipher in (b"AES128-GCM-SHA256", b"CHACHA20-POLY1305", b"AES128-SHA", b"AES256-SHA")
)
RTP, RTCP = range(128, 192), range(192, 209)
"""First bytes of RTP and RTCP (RFC 7983 section 7), and second bytes of RTCP (RFC 5761 section 4)."""
_HEADER, _SEND_EXTENSION, _RECEIVED_HEADER, _RECEIVED_EXTENSION = map(Struct, ("!BBHLL", "!HH", "!xBHLL", "!xxH"))


class ReceivedPacket(NamedTuple):
    """An RTP packet without contributing sources, extensions and padding (RFC 3550 section 5.1)."""

    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes


PacketHandler = Callable[[ReceivedPacket], None]


def patch(
    pc: RTCPeerConnection, microphone: PacketHandler | None, drop: Callable[[str], None], *, use_loopback: bool
) -> None:
    """Apply every patch to a connection that has its remote description, but not yet its local one.

    `microphone` gets all received packets. `drop` gets the reason when the client misuses a data channel.
    `use_loopback` lets a machine without any network interface talk to itself.
    """
    transports = {transceiver.receiver.transport for transceiver in pc.getTransceivers()}
    if pc.sctp is not None:
        transports.add(pc.sctp.transport)
    for transport in transports:
        connection = transport.transport._connection
        limit_gathering(connection, use_loopback=use_loopback)
        limit_incoming(connection)
        allow_rsa_certificates(transport)
        receive_directly(transport)
    for transceiver in pc.getTransceivers():
        if transceiver.sender.track is not None:
            send_packets(transceiver.sender)
        if microphone is not None and transceiver.direction in ("sendrecv", "recvonly"):
            receive_packets(transceiver.receiver, microphone)
    if pc.sctp is not None:
        guard_data_channels(pc.sctp, drop)


def limit_gathering(connection: Any, *, use_loopback: bool) -> None:
    """Give up on STUN and TURN servers after `GATHERING_TIMEOUT_S`. Gains 2 s per call while one is down."""

    gather_all = connection.get_component_candidates

    async def gather(component: int, addresses: list[str], timeout: int = 5) -> "list[Candidate]":
        addresses = addresses or (["127.0.0.1"] if use_loopback else [])
        candidates: list[Candidate] = await gather_all(component, addresses, min(timeout, GATHERING_TIMEOUT_S))
        return candidates

    connection.get_component_candidates = gather


def limit_incoming(connection: Any) -> None:
    """Bound the datagrams that wait for a connection's keys, and the addresses that incoming checks add.

    Gains no time, but prevents a client from filling the memory.
    """
    check, queue = connection.check_incoming, connection.data_received

    def check_incoming(message: Any, address: tuple[str, int], protocol: Any) -> None:
        known = any((c._network_host, c.port) == address for c in connection.remote_candidates)
        if known or len(connection.remote_candidates) < MAX_REMOTE_CANDIDATES:
            check(message, address, protocol)

    def data_received(data: bytes, component: int) -> None:
        # aiortc ends the connection over an empty one, which a relay may pass on.
        if data and connection._queue.qsize() < MAX_UNREAD_DATAGRAMS:
            queue(data, component)

    connection.check_incoming = check_incoming
    connection.data_received = data_received


def allow_rsa_certificates(transport: "RTCDtlsTransport") -> None:
    """As DTLS client, also offer ECDHE-RSA cipher suites. aiortc only offers ECDHE-ECDSA, so RSA certificates fail."""
    certificate: Any = transport._RTCDtlsTransport__local_certificate  # type: ignore[attr-defined]
    create = certificate._create_ssl_context

    def create_ssl_context(srtp_profiles: Any) -> Any:
        context = create(srtp_profiles)
        context.set_cipher_list(ECDHE_CIPHERS)
        return context

    certificate._create_ssl_context = create_ssl_context


def guard_data_channels(sctp: Any, drop: Callable[[str], None]) -> None:
    """Drop a client that sends broken data, or more than its window. aiortc logs a traceback, and keeps everything.

    The window counts bytes of messages. aiortc keeps any number of one-byte chunks and of gaps, and sorts them all for
    each new chunk: a client that skips every second number stalls the loop.
    """
    handle = sctp._handle_data

    async def guarded(data: bytes) -> None:
        try:
            await handle(data)
        except ConnectionError:
            raise
        except Exception as error:
            drop(f"bad data: {type(error).__name__}")
        streams = sctp._inbound_streams.values()
        kept = len(streams) + sum(len(stream.reassembly) for stream in streams)
        if sctp._advertised_rwnd < 0 or max(kept, len(sctp._sack_misordered)) > MAX_CHUNKS:
            drop("sent more than its window")

    sctp._handle_data = guarded


def receive_packets(receiver: RTCRtpReceiver, handler: PacketHandler) -> None:
    """Pass packets of the negotiated codecs to `handler` instead of aiortc's jitter buffer and decoder thread.

    The receiver keeps its statistics, and sends RTCP reports from them (RFC 3550 section 6.4) about the current source.
    Gains a thread for each call, and half of the work: with `audio_in.opus_decoder` a packet of speech
    takes 52 us from the socket to PCM, and 109 us with aiortc's decoder, which makes 48 kHz stereo.
    """
    inner: Any = receiver
    codecs: dict[int, Any] = {}
    streams: dict[int, Any] = inner._RTCRtpReceiver__remote_streams

    async def receive(parameters: Any) -> None:
        """`RTCRtpReceiver.receive` without the decoder's thread."""
        if inner._RTCRtpReceiver__started:
            return
        codecs.update((codec.payloadType, codec) for codec in parameters.codecs)
        inner._RTCRtpReceiver__transport._register_rtp_receiver(receiver, parameters)
        inner._RTCRtpReceiver__rtcp_task = asyncio.ensure_future(inner._run_rtcp())
        inner._RTCRtpReceiver__started = True

    def take(packet: ReceivedPacket) -> None:
        codec = codecs.get(packet.payload_type)
        if codec is None:
            return
        statistics: Any = streams.get(packet.ssrc)
        if statistics is None:
            streams.clear()  # one microphone has one source at a time
            statistics = streams[packet.ssrc] = StreamStatistics(codec.clockRate)
        statistics.add(packet)
        handler(packet)

    async def handle_queued(packet: "RtpPacket", arrival_time_ms: int) -> None:
        """Take a packet that arrived before the keys, and so through the queue."""
        take(ReceivedPacket(packet.payload_type, packet.sequence_number, packet.timestamp, packet.ssrc, packet.payload))

    inner.receive = receive
    inner.take = take
    inner._handle_rtp_packet = handle_queued


def receive_directly(transport: "RTCDtlsTransport") -> None:
    """Pass RTP from the socket to the receivers, which must be those of `receive_packets`, in one step.

    aiortc queues each packet, wakes a task for it in another round of the loop, and parses every part of the header.
    Gains 4 us of 8.5 us per packet, without decoding.
    """
    inner: Any = transport
    connection: Any = inner.transport._connection
    queue = connection.data_received
    router = inner._rtp_router

    def data_received(data: bytes, component: int) -> None:
        if inner._rx_srtp is None or len(data) < _HEADER.size or data[0] not in RTP or data[1] in RTCP:
            queue(data, component)
            return
        try:
            packet = parse_rtp(inner._rx_srtp.unprotect(data))
        except (pylibsrtp.Error, ValueError):
            return  # forged, replayed or malformed
        receiver = router.ssrc_table.get(packet.ssrc)
        if receiver is None:  # a new source: the router remembers it with its receiver
            receiver = router.route_rtp(RtpPacket(payload_type=packet.payload_type, ssrc=packet.ssrc))
        if receiver is not None:
            receiver.take(packet)

    connection.data_received = data_received


def parse_rtp(data: bytes) -> ReceivedPacket:
    """Read a decrypted RTP packet. Raises `ValueError`."""
    try:
        marker_and_type, number, timestamp, ssrc = _RECEIVED_HEADER.unpack_from(data)
        start, end = _HEADER.size + 4 * (data[0] & 0x0F), len(data)
        if data[0] & 0x10:
            start += _RECEIVED_EXTENSION.size + 4 * _RECEIVED_EXTENSION.unpack_from(data, start)[0]
        if data[0] & 0x20:
            end -= data[-1]
    except StructError as error:
        raise ValueError(str(error)) from None
    if start > end or (data[0] & 0x20 and not data[-1]):
        raise ValueError("The packet ends before its payload begins.")
    return ReceivedPacket(marker_and_type & 0x7F, number, timestamp, ssrc, data[start:end])


def send_packets(sender: RTCRtpSender) -> None:
    """Send the `av.Packet` objects (Opus or VP8, in the RTP clock) of the sender's track without aiortc's encoder.

    The sender keeps its counts, and sends RTCP reports from them (RFC 3550 section 6.4). Packets are kept for
    retransmission if that was negotiated (RFC 4585 section 6.2.1). Gains 6 us of 12 us per packet.
    """
    inner: Any = sender

    async def run(codec: Any) -> None:
        """Replace `RTCRtpSender._run_rtp`. Ends with its track, or with the connection."""
        inner._RTCRtpSender__rtp_started.set()
        try:
            await _send_track(inner, codec)
        except (asyncio.CancelledError, ConnectionError, MediaStreamError):
            pass
        except Exception:
            log.exception("a track can no longer be sent")
        if inner._RTCRtpSender__track is not None:
            inner._RTCRtpSender__track.stop()
            inner._RTCRtpSender__track = None
        inner._RTCRtpSender__rtp_exited.set()

    inner._run_rtp = run


async def _send_track(inner: Any, codec: Any) -> None:
    track, transport, ssrc = inner._RTCRtpSender__track, inner.transport, inner._ssrc
    is_video = codec.mimeType.lower() == "video/vp8"
    keeps_history = any(feedback.type == "nack" for feedback in codec.rtcpFeedback)
    history = inner._RTCRtpSender__rtp_history
    mid, ids = inner._RTCRtpSender__mid, inner._RTCRtpSender__rtp_header_extensions_map
    extensions = ids.set(HeaderExtensions(mid=mid))
    has_send_time = extensions != ids.set(HeaderExtensions(mid=mid, abs_send_time=0))
    number, origin, picture_id = random_sequence_number(), random32(), random_sequence_number() % 0x8000
    while True:
        packet = await track.recv()
        if not inner._enabled:
            continue
        timestamp = (origin + packet.pts) % 0x100000000
        payloads = [bytes(packet)]
        if is_video:
            payloads = Vp8Encoder._packetize(payloads[0], picture_id)
            picture_id = (picture_id + 1) % 0x8000
        for following, payload in zip(range(len(payloads) - 1, -1, -1), payloads, strict=True):
            ntp = int((time.time() + NTP_EPOCH_S) * 0x100000000)
            values = HeaderExtensions(mid=mid, abs_send_time=ntp >> 14 & 0xFFFFFF) if has_send_time else None
            if values is not None:
                extensions = ids.set(values)
            marker_and_type = (0 if following else 0x80) | codec.payloadType
            _send(transport, _serialize(marker_and_type, number, timestamp, ssrc, extensions, payload))
            if keeps_history:
                kept = RtpPacket(codec.payloadType, int(not following), number, timestamp, ssrc, payload)
                kept.extensions = values or HeaderExtensions(mid=mid)
                history[number % RTP_HISTORY_SIZE] = kept
                history.pop((number - RETRANSMISSION_PACKETS) % RTP_HISTORY_SIZE, None)
            inner._RTCRtpSender__ntp_timestamp, inner._RTCRtpSender__rtp_timestamp = ntp, timestamp
            inner._RTCRtpSender__octet_count += len(payload)
            inner._RTCRtpSender__packet_count += 1
            number = (number + 1) % 0x10000


def _serialize(
    marker_and_type: int, number: int, timestamp: int, ssrc: int, extensions: tuple[int, bytes], payload: bytes
) -> bytes:
    """Return an RTP packet (RFC 3550 section 5.1) with its header extensions, if any (RFC 8285)."""
    profile, values = extensions
    if not values:
        return _HEADER.pack(0x80, marker_and_type, number, timestamp, ssrc) + payload
    header = _HEADER.pack(0x90, marker_and_type, number, timestamp, ssrc)
    return b"".join((header, _SEND_EXTENSION.pack(profile, len(values) // 4), values, payload))


def _send(transport: Any, data: bytes) -> None:
    """Encrypt and send over the nominated candidate pair. Raises `ConnectionError`."""
    pair = transport.transport._connection._nominated.get(1)
    if pair is None or transport._state is not State.CONNECTED:
        raise ConnectionError("The connection is closed.")
    pair.protocol.transport.sendto(transport._tx_srtp.protect(data), pair.remote_addr)
