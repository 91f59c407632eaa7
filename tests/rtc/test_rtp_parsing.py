"""What is read of an RTP packet is what aiortc reads, and nothing that was made up to trouble it gets through."""

import random

import pytest
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket

from banker.rtc.aiortc_internals import parse_rtp


def packet(payload: bytes = b"opus", *, sources: int = 0, padding: int = 0, extensions: bool = False) -> bytes:
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
def test_a_packet_of_any_shape_is_read(payload: bytes, sources: int, padding: int, extensions: bool) -> None:
    data = packet(payload, sources=sources, padding=padding, extensions=extensions)
    assert parse_rtp(data) == (111, 65_535, 2**32 - 1, 7, payload)


@pytest.mark.parametrize(
    "data",
    [packet(sources=2, extensions=True, padding=9), packet(padding=3), packet(sources=15)],
    ids=["all", "padding", "sources"],
)
def test_a_packet_that_was_cut_off_is_an_error_or_shorter(data: bytes) -> None:
    for length in range(len(data)):
        try:
            assert len(parse_rtp(data[:length]).payload) <= len(data)
        except ValueError:
            continue


def test_whatever_comes_is_read_as_aiortc_reads_it_or_refused_with_it() -> None:
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
            assert data[0] & 0x10  # an extension that is broken inside: nobody here reads it
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
