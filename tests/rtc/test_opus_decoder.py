"""Opus packets become PCM, with libopus itself and, where there is none, through FFmpeg."""

import array
import itertools
import random
import subprocess
import sys
from ctypes.util import find_library

import pytest

from banker.rtc.audio_in import opus_decoder
from banker.rtc.audio_in.opus_decoder import FFmpegDecoder, LibopusDecoder
from banker.rtc.audio_out.opus_encoder import encode
from tests.rtc.facades import tone
from tests.servers import ROOT

EitherDecoder = type[LibopusDecoder] | type[FFmpegDecoder]


@pytest.fixture(params=[LibopusDecoder, FFmpegDecoder])
def decoder_class(request: pytest.FixtureRequest) -> EitherDecoder:
    found: EitherDecoder = request.param
    return found


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_a_packet_of_20_ms_becomes_20_ms_at_the_requested_rate(decoder_class: EitherDecoder, rate: int) -> None:
    decoder = decoder_class(rate)
    first, *others = [len(decoder.decode(packet)) for packet in encode([tone(0.2, 16_000)], 16_000).packets]
    if decoder_class is LibopusDecoder:
        assert first == rate * 20 // 1000 * 2
    assert set(others) == {rate * 20 // 1000 * 2}


def test_both_decode_a_tone_to_the_same_sound() -> None:
    packets = encode([tone(0.4, 16_000)], 16_000).packets
    sounds = []
    for decoder in (LibopusDecoder(16_000), FFmpegDecoder(16_000)):
        samples = array.array("h", b"".join(map(decoder.decode, packets)))
        middle = samples[1600:4800]
        crossings = sum(before < 0 <= after for before, after in itertools.pairwise(middle))
        sounds.append((crossings, max(middle)))
    (crossings, peak), (other_crossings, other_peak) = sounds
    assert abs(crossings - other_crossings) <= 1
    assert peak == pytest.approx(other_peak, rel=0.1)


def test_streams_decoded_in_turn_do_not_disturb_each_other(decoder_class: EitherDecoder) -> None:
    packets = encode([tone(0.6, 16_000)], 16_000).packets
    alone, beside, other = decoder_class(16_000), decoder_class(16_000), decoder_class(16_000)
    for packet, another in zip(packets, reversed(packets), strict=True):
        assert alone.decode(packet) == beside.decode(packet)
        other.decode(another)


def test_an_empty_frame_is_concealed_and_fades(decoder_class: EitherDecoder) -> None:
    decoder = decoder_class(16_000)
    packets = encode([tone(0.4, 16_000)], 16_000).packets
    for packet in packets[:10]:
        decoder.decode(packet)
    empty = bytes([packets[9][0] & 0xFC])
    first, *_, last = (max(array.array("h", decoder.decode(empty))) for _ in range(30))
    assert first > 10_000
    assert last < 100


def test_junk_is_an_error_and_leaves_the_decoder_usable(decoder_class: EitherDecoder) -> None:
    decoder, chance = decoder_class(16_000), random.Random(3)
    with pytest.raises(ValueError, match=r"corrupted stream|Invalid data"):
        decoder.decode(b"\x03")  # several frames, without their number
    for _ in range(3000):
        try:
            assert len(decoder.decode(chance.randbytes(chance.randrange(1, 1400)))) <= 3840
        except ValueError:
            continue
    for packet in encode([tone(0.2, 16_000)], 16_000).packets:
        assert len(decoder.decode(packet)) == 640


def test_without_a_wheel_the_systems_library_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus_decoder.av, "__file__", "/nowhere/av/__init__.py")
    monkeypatch.setattr(opus_decoder, "find_library", lambda name: None)
    assert opus_decoder._load_libopus() is None
    bundled = opus_decoder._opus
    assert bundled is not None
    monkeypatch.setattr(opus_decoder, "find_library", lambda name: bundled._name)
    assert opus_decoder._load_libopus() is not None
    monkeypatch.setattr(opus_decoder, "find_library", lambda name: "/nowhere/libopus.so")
    assert opus_decoder._load_libopus() is None


def test_a_machine_without_libopus_decodes_through_ffmpeg() -> None:
    assert find_library("c"), "ctypes finds libraries here"
    script = """
import ctypes, ctypes.util, pathlib
ctypes.util.find_library = lambda name: None
pathlib.Path.glob = lambda self, pattern: iter(())
from banker.rtc.audio_in import opus_decoder
assert opus_decoder.Decoder is opus_decoder.FFmpegDecoder
print(len(opus_decoder.Decoder(16_000).decode(bytes([0xFC, 0xFF, 0xFE]))))
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 0
