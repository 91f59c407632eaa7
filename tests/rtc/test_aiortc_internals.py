"""The patches of aiortc send and parse RTP as aiortc does; its reports and retransmissions still work."""

import asyncio
import logging
import random
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcdtlstransport import State
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpSendParameters,
)
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket
from av import Packet

from banker.rtc.aiortc_internals import RETRANSMISSION_PACKETS, parse_rtp, send_packets

OPUS = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48_000, channels=2, payloadType=111)
VP8 = RTCRtpCodecParameters(
    mimeType="video/VP8", clockRate=90_000, payloadType=97, rtcpFeedback=[RTCRtcpFeedback(type="nack")]
)
MID = RTCRtpHeaderExtensionParameters(id=1, uri="urn:ietf:params:rtp-hdrext:sdes:mid")
WHEN = RTCRtpHeaderExtensionParameters(id=3, uri="http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time")


class Transport:
    """A DTLS transport that encrypts nothing and records what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.state = "connected"
        self._state = State.CONNECTED
        self._tx_srtp = SimpleNamespace(protect=lambda data: data)
        sendto: Callable[[bytes, Any], None] = lambda data, address: self.sent.append(data)  # noqa: E731
        protocol = SimpleNamespace(transport=SimpleNamespace(sendto=sendto))
        pair = SimpleNamespace(protocol=protocol, remote_addr=("127.0.0.1", 5000))
        self.transport = SimpleNamespace(_connection=SimpleNamespace(_nominated={1: pair}))

    def _register_rtp_sender(self, sender: Any, parameters: Any) -> None: ...

    def _unregister_rtp_sender(self, sender: Any) -> None: ...

    async def _send_rtp(self, data: bytes) -> None:
        self.sent.append(data)


class Track(MediaStreamTrack):
    """A track that returns these contents and then ends."""

    def __init__(self, kind: str, contents: list[bytes], step: int, error: Exception | None = None) -> None:
        super().__init__()
        self.kind = kind
        self._contents = contents
        self._step = step
        self._error = error or MediaStreamError()
        self._next = 0

    async def recv(self) -> Packet:
        if self._next == len(self._contents):
            raise self._error
        packet = Packet(self._contents[self._next])
        packet.pts, packet.time_base = self._next * self._step, Fraction(1, 48_000 if self.kind == "audio" else 90_000)
        self._next += 1
        return packet


def send(
    track: Track, codec: RTCRtpCodecParameters, *extensions: RTCRtpHeaderExtensionParameters, ours: bool = True
) -> tuple[Transport, RTCRtpSender, list[RtpPacket]]:
    """Everything but the RTCP reports that is sent until the track ends."""

    async def run() -> tuple[Transport, RTCRtpSender]:
        transport: Any = Transport()
        sender = RTCRtpSender(track, transport)
        if ours:
            send_packets(sender)
        parameters = RTCRtpSendParameters(codecs=[codec], headerExtensions=list(extensions), muxId="0")
        await sender.send(parameters)
        inner: Any = sender
        await inner._RTCRtpSender__rtp_exited.wait()
        inner._RTCRtpSender__rtcp_task.cancel()
        await asyncio.wait([inner._RTCRtpSender__rtcp_task])
        return transport, sender

    transport, sender = asyncio.run(run())
    known = HeaderExtensionsMap()
    known.configure(RTCRtpSendParameters(headerExtensions=list(extensions)))
    packets = [RtpPacket.parse(data, known) for data in transport.sent if not 192 <= data[1] <= 208]
    return transport, sender, packets


def shape(packets: list[RtpPacket]) -> list[tuple[Any, ...]]:
    """Headers with sequence numbers and timestamps relative to the first, and payloads."""
    first = packets[0]
    return [
        (
            packet.payload_type,
            packet.marker,
            (packet.sequence_number - first.sequence_number) % 2**16,
            (packet.timestamp - first.timestamp) % 2**32,
            packet.extensions.mid,
            packet.extensions.abs_send_time is not None,
            packet.payload,
        )
        for packet in packets
    ]


FRAMES = [b"\x10\x02\x00\x9d\x01\x2a" + bytes([number]) * 3000 for number in range(20)]
SOUND = [bytes([0x78, number]) * 40 for number in range(200)]


@pytest.mark.parametrize("extensions", [(), (MID,), (MID, WHEN)])
@pytest.mark.parametrize(
    ("kind", "contents", "step", "codec"), [("audio", SOUND, 960, OPUS), ("video", FRAMES, 6000, VP8)]
)
def test_packets_are_sent_as_aiortc_sends_them(
    kind: str,
    contents: list[bytes],
    step: int,
    codec: RTCRtpCodecParameters,
    extensions: tuple[RTCRtpHeaderExtensionParameters, ...],
) -> None:
    _, ours, mine = send(Track(kind, contents, step), codec, *extensions)
    _, other, theirs = send(Track(kind, contents, step), codec, *extensions, ours=False)
    assert [row[:-1] for row in shape(mine)] == [row[:-1] for row in shape(theirs)]
    if kind == "audio":
        assert [packet.payload for packet in mine] == [packet.payload for packet in theirs]
    else:  # except for the picture id, which starts anywhere
        assert [packet.payload[4:] for packet in mine] == [packet.payload[4:] for packet in theirs]
        pictures = [int.from_bytes(packet.payload[2:4]) & 0x7FFF for packet in mine if packet.payload[0] & 0x10]
        assert [(picture - pictures[0]) % 0x8000 for picture in pictures] == list(range(len(contents)))
    for name in ("packet_count", "octet_count"):
        assert getattr(ours, f"_RTCRtpSender__{name}") == getattr(other, f"_RTCRtpSender__{name}") > 0
    age = other._RTCRtpSender__ntp_timestamp - ours._RTCRtpSender__ntp_timestamp
    assert 0 <= age >> 32 < 10, "both in seconds since 1900"
    assert ours._RTCRtpSender__rtp_timestamp == mine[-1].timestamp


def test_a_lost_frame_is_retransmitted() -> None:
    transport, sender, packets = send(Track("video", FRAMES, 6000), VP8, MID)
    lost = packets[-7]
    asyncio.run(sender._retransmit(lost.sequence_number))
    again = RtpPacket.parse(transport.sent[-1])
    assert (again.sequence_number, again.timestamp, again.payload) == (
        lost.sequence_number,
        lost.timestamp,
        lost.payload,
    )


def test_the_retransmission_history_is_bounded() -> None:
    _, sender, packets = send(Track("video", FRAMES, 6000), VP8, MID)
    kept = sorted(packet.timestamp for packet in sender._RTCRtpSender__rtp_history.values())
    assert kept == sorted(packet.timestamp for packet in packets[-RETRANSMISSION_PACKETS:])


def test_audio_without_nack_has_no_retransmission_history() -> None:
    _, sender, _ = send(Track("audio", SOUND, 960), OPUS)
    assert sender._RTCRtpSender__rtp_history == {}


@pytest.mark.parametrize("error", [MediaStreamError(), ConnectionError(), RuntimeError("of ours")])
def test_the_sender_can_be_closed_however_its_track_ends(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    track = Track("audio", SOUND[:3], 960, error)
    with caplog.at_level(logging.ERROR):
        send(track, OPUS)
    assert track.readyState == "ended"
    assert ("can no longer be sent" in caplog.text) is isinstance(error, RuntimeError)


def test_nothing_is_sent_without_a_connection() -> None:
    track = Track("audio", SOUND, 960)

    async def run() -> list[bytes]:
        transport: Any = Transport()
        transport._state = State.CLOSED
        sender = RTCRtpSender(track, transport)
        send_packets(sender)
        await sender._run_rtp(OPUS)
        return list(transport.sent)

    assert asyncio.run(run()) == []
    assert track.readyState == "ended"


# -- parsing ----------------------------------------------------------------------------------------------------------


def rtp_packet(payload: bytes = b"opus", *, sources: int = 0, padding: int = 0, extensions: bool = False) -> bytes:
    made = RtpPacket(payload_type=111, marker=1, sequence_number=65_535, timestamp=2**32 - 1, ssrc=7, payload=payload)
    made.csrc = list(range(sources))
    made.padding_size = padding
    known = HeaderExtensionsMap()
    if extensions:
        known._HeaderExtensionsMap__ids.mid = 1  # type: ignore[attr-defined]
        made.extensions = HeaderExtensions(mid="audio")
    return made.serialize(known)


@pytest.mark.parametrize("payload", [b"", b"o", b"opus" * 300])
@pytest.mark.parametrize("sources", [0, 1, 15])
@pytest.mark.parametrize("padding", [0, 1, 255])
@pytest.mark.parametrize("extensions", [False, True])
def test_a_packet_of_any_shape_is_parsed(payload: bytes, sources: int, padding: int, extensions: bool) -> None:
    data = rtp_packet(payload, sources=sources, padding=padding, extensions=extensions)
    assert parse_rtp(data) == (111, 65_535, 2**32 - 1, 7, payload)


@pytest.mark.parametrize(
    "data",
    [rtp_packet(sources=2, extensions=True, padding=9), rtp_packet(padding=3), rtp_packet(sources=15)],
    ids=["all", "padding", "sources"],
)
def test_a_truncated_packet_is_an_error_or_shorter(data: bytes) -> None:
    for length in range(len(data)):
        try:
            assert len(parse_rtp(data[:length]).payload) <= len(data)
        except ValueError:
            continue


def test_random_bytes_are_parsed_as_aiortc_parses_them_or_refused() -> None:
    chance = random.Random(8)
    both = 0
    for _ in range(20_000):
        data = bytes([128 + chance.randrange(64)]) + chance.randbytes(chance.randrange(60))
        try:
            mine = parse_rtp(data)
        except ValueError:
            with pytest.raises(ValueError, match="RTP"):
                RtpPacket.parse(data)
            continue
        try:
            theirs = RtpPacket.parse(data)
        except ValueError:
            assert data[0] & 0x10  # a malformed extension, which we skip
            continue
        both += 1
        assert mine == (
            theirs.payload_type,
            theirs.sequence_number,
            theirs.timestamp,
            theirs.ssrc,
            theirs.payload,
        )
    assert both > 1000
