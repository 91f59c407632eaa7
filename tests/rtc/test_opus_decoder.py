"""libopus, called without FFmpeg in between."""

import array
import random
from ctypes.util import find_library

import pytest

from banker.rtc.audio_in import opus_decoder as libopus
from banker.rtc.audio_in.opus_decoder import Decoder
from banker.rtc.audio_out.opus_encoder import encode
from tests.rtc.facades import tone


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_a_packet_of_20_ms_becomes_20_ms_at_the_rate_that_is_asked_for(rate: int) -> None:
    decoder = Decoder(rate)
    for packet in encode([tone(0.2, 16_000)], 16_000).packets:
        assert len(decoder.decode(packet)) == rate * 20 // 1000 * 2


def test_streams_that_are_decoded_in_turn_do_not_disturb_each_other() -> None:
    packets = encode([tone(0.6, 16_000)], 16_000).packets
    alone, beside, other = Decoder(16_000), Decoder(16_000), Decoder(16_000)
    for packet, another in zip(packets, reversed(packets), strict=True):
        assert alone.decode(packet) == beside.decode(packet)
        other.decode(another)


def test_sound_is_made_up_for_an_empty_frame_and_fades() -> None:
    decoder = Decoder(16_000)
    packets = encode([tone(0.4, 16_000)], 16_000).packets
    for packet in packets[:10]:
        decoder.decode(packet)
    empty = bytes([packets[9][0] & 0xFC])
    first, *_, last = (max(array.array("h", decoder.decode(empty))) for _ in range(30))
    assert first > 10_000
    assert last < 100


def test_what_is_no_packet_is_an_error_and_leaves_the_decoder_usable() -> None:
    decoder, chance = Decoder(16_000), random.Random(3)
    with pytest.raises(ValueError, match="corrupted stream"):
        decoder.decode(b"\x03")  # several frames, and not how many
    for _ in range(3000):
        try:
            assert len(decoder.decode(chance.randbytes(chance.randrange(1, 1400)))) <= 3840
        except ValueError:
            continue
    for packet in encode([tone(0.2, 16_000)], 16_000).packets:
        assert len(decoder.decode(packet)) == 640


def test_without_a_wheel_it_is_the_systems_library_or_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libopus.av, "__file__", "/nowhere/av/__init__.py")
    monkeypatch.setattr(libopus, "find_library", lambda name: None)
    with pytest.raises(ImportError, match="no libopus"):
        libopus._library()
    monkeypatch.setattr(libopus, "find_library", lambda name: find_library("c"))
    assert libopus._library()
