"""Takes RTP packets from an aiortc receiver before its own jitter buffer and its decoder, and its thread, see them."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from aiortc import RTCRtpReceiver
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket


class Received(NamedTuple):
    """What is read of an RTP packet (RFC 3550 §5.1)."""

    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes


Packets = Callable[[Received], None]


def receive_packets(receiver: RTCRtpReceiver, packets: Packets | None) -> None:
    """Have `packets` called for each packet of the negotiated codecs; with None they are dropped as they come.

    To be called before the answer is set. The receiver keeps its statistics, and sends its RTCP reports from them
    (RFC 3550 §6.4), about the source that sends now.
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

    def take(packet: Received) -> None:
        if packets is None:
            return
        codec = codecs.get(packet.payload_type)
        if codec is None:
            return
        statistics: Any = streams.get(packet.ssrc)
        if statistics is None:
            streams.clear()  # one microphone has one source at a time
            statistics = streams[packet.ssrc] = StreamStatistics(codec.clockRate)
        statistics.add(packet)
        packets(packet)

    async def handle(packet: RtpPacket, arrival_time_ms: int) -> None:
        """Of one that came before the keys were there."""
        take(Received(packet.payload_type, packet.sequence_number, packet.timestamp, packet.ssrc, packet.payload))

    inner.receive = receive
    inner.take = take
    inner._handle_rtp_packet = handle
