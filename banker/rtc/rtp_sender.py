"""Sends packets that are encoded already; aiortc's own loop makes an encoder, a frame and a packet object for each."""

import asyncio
import logging
import time
from struct import Struct
from typing import Any

from aiortc import RTCRtpSender
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcdtlstransport import State
from aiortc.rtcrtpsender import random_sequence_number
from aiortc.rtp import RTP_HISTORY_SIZE, HeaderExtensions, RtpPacket
from aiortc.utils import random32

log = logging.getLogger(__name__)

HEADER, EXTENSION = Struct("!BBHLL"), Struct("!HH")
KEPT_PACKETS = 64
"""So many may be asked for again: a second of the face that we bring, which is longer than any way there and back."""
NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""


def send_packets(sender: RTCRtpSender) -> None:
    """Have `sender` send what its track returns, an `av.Packet` of Opus or VP8 in the clock of RTP, as it is.

    To be called before the answer is set. The sender keeps its counts, and sends its RTCP reports from them (RFC 3550
    §6.4); a packet that the other side may ask for again is kept for that (RFC 4585 §6.2.1).
    """
    inner: Any = sender

    async def run(codec: Any) -> None:
        """`RTCRtpSender._run_rtp`: it ends with its track, or with the connection."""
        inner._RTCRtpSender__rtp_started.set()
        try:
            await _run(inner, codec)
        except (asyncio.CancelledError, ConnectionError, MediaStreamError):
            pass
        except Exception:
            log.exception("a track cannot be sent any more")
        if inner._RTCRtpSender__track is not None:
            inner._RTCRtpSender__track.stop()
            inner._RTCRtpSender__track = None
        inner._RTCRtpSender__rtp_exited.set()

    inner._run_rtp = run


async def _run(inner: Any, codec: Any) -> None:
    track, transport, ssrc = inner._RTCRtpSender__track, inner.transport, inner._ssrc
    is_video = codec.mimeType.lower() == "video/vp8"
    may_be_asked_for = any(feedback.type == "nack" for feedback in codec.rtcpFeedback)
    history = inner._RTCRtpSender__rtp_history
    mid, known = inner._RTCRtpSender__mid, inner._RTCRtpSender__rtp_header_extensions_map
    extensions = known.set(HeaderExtensions(mid=mid))
    tells_when = extensions != known.set(HeaderExtensions(mid=mid, abs_send_time=0))
    number, origin, picture = random_sequence_number(), random32(), random_sequence_number() % 0x8000
    while True:
        packet = await track.recv()
        if not inner._enabled:
            continue
        timestamp = (origin + packet.pts) % 0x100000000
        payloads = [bytes(packet)]
        if is_video:
            payloads = Vp8Encoder._packetize(payloads[0], picture)
            picture = (picture + 1) % 0x8000
        for left, payload in zip(range(len(payloads) - 1, -1, -1), payloads, strict=True):
            ntp = int((time.time() + NTP_EPOCH) * 0x100000000)
            values = HeaderExtensions(mid=mid, abs_send_time=ntp >> 14 & 0xFFFFFF) if tells_when else None
            if values is not None:
                extensions = known.set(values)
            marked = (0x80 if not left else 0) | codec.payloadType
            _send(transport, _serialize(marked, number, timestamp, ssrc, extensions, payload))
            if may_be_asked_for:
                kept = RtpPacket(codec.payloadType, int(not left), number, timestamp, ssrc, payload)
                kept.extensions = values or HeaderExtensions(mid=mid)
                history[number % RTP_HISTORY_SIZE] = kept
                history.pop((number - KEPT_PACKETS) % RTP_HISTORY_SIZE, None)
            inner._RTCRtpSender__ntp_timestamp, inner._RTCRtpSender__rtp_timestamp = ntp, timestamp
            inner._RTCRtpSender__octet_count += len(payload)
            inner._RTCRtpSender__packet_count += 1
            number = (number + 1) % 0x10000


def _serialize(
    marked: int, number: int, timestamp: int, ssrc: int, extensions: tuple[int, bytes], payload: bytes
) -> bytes:
    """A packet (RFC 3550 §5.1) with header extensions (RFC 8285), if there are any."""
    profile, values = extensions
    if not values:
        return HEADER.pack(0x80, marked, number, timestamp, ssrc) + payload
    words = EXTENSION.pack(profile, len(values) // 4)
    return b"".join((HEADER.pack(0x90, marked, number, timestamp, ssrc), words, values, payload))


def _send(transport: Any, data: bytes) -> None:
    """Over the pair of addresses that ICE has chosen. Raises `ConnectionError`."""
    pair = transport.transport._connection._nominated.get(1)
    if pair is None or transport._state is not State.CONNECTED:
        raise ConnectionError("there is no connection to send on")
    pair.protocol.transport.sendto(transport._tx_srtp.protect(data), pair.remote_addr)
