"""Packets that are encoded already go out as aiortc sends them; its reports and retransmissions know of them."""

import asyncio
import logging
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
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from av import Packet

from banker.rtc.aiortc_internals import RETRANSMISSION_PACKETS, send_packets

OPUS = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48_000, channels=2, payloadType=111)
VP8 = RTCRtpCodecParameters(
    mimeType="video/VP8", clockRate=90_000, payloadType=97, rtcpFeedback=[RTCRtcpFeedback(type="nack")]
)
MID = RTCRtpHeaderExtensionParameters(id=1, uri="urn:ietf:params:rtp-hdrext:sdes:mid")
WHEN = RTCRtpHeaderExtensionParameters(id=3, uri="http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time")


class Transport:
    """A DTLS transport that protects nothing and keeps what is sent."""

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
    """Has these to send, and has ended then."""

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
    """What is sent of a track by the time that it ends, but for the reports."""

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
    """What is the same each time: numbers and timestamps from where they began."""
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
def test_it_sends_what_aiortc_sends(
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
    else:  # but for the number of the picture, which begins anywhere
        assert [packet.payload[4:] for packet in mine] == [packet.payload[4:] for packet in theirs]
        pictures = [int.from_bytes(packet.payload[2:4]) & 0x7FFF for packet in mine if packet.payload[0] & 0x10]
        assert [(picture - pictures[0]) % 0x8000 for picture in pictures] == list(range(len(contents)))
    for name in ("packet_count", "octet_count"):
        assert getattr(ours, f"_RTCRtpSender__{name}") == getattr(other, f"_RTCRtpSender__{name}") > 0
    age = other._RTCRtpSender__ntp_timestamp - ours._RTCRtpSender__ntp_timestamp
    assert 0 <= age >> 32 < 10, "both in seconds since 1900"
    assert ours._RTCRtpSender__rtp_timestamp == mine[-1].timestamp


def test_a_frame_that_was_lost_is_sent_again_when_it_is_asked_for() -> None:
    transport, sender, packets = send(Track("video", FRAMES, 6000), VP8, MID)
    lost = packets[-7]
    asyncio.run(sender._retransmit(lost.sequence_number))
    again = RtpPacket.parse(transport.sent[-1])
    assert (again.sequence_number, again.timestamp, again.payload) == (
        lost.sequence_number,
        lost.timestamp,
        lost.payload,
    )


def test_what_nobody_will_ask_for_any_more_is_not_kept() -> None:
    _, sender, packets = send(Track("video", FRAMES, 6000), VP8, MID)
    kept = sorted(packet.timestamp for packet in sender._RTCRtpSender__rtp_history.values())
    assert kept == sorted(packet.timestamp for packet in packets[-RETRANSMISSION_PACKETS:])


def test_sound_is_not_kept_where_nobody_may_ask_for_it_again() -> None:
    _, sender, _ = send(Track("audio", SOUND, 960), OPUS)
    assert sender._RTCRtpSender__rtp_history == {}


@pytest.mark.parametrize("error", [MediaStreamError(), ConnectionError(), RuntimeError("of ours")])
def test_a_track_that_ends_for_any_reason_lets_the_sender_be_closed(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
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
