"""Opus packets of any format and order become 16 kHz mono PCM of the right length."""

import array
import asyncio
import random
from collections.abc import Sequence

import pytest

from banker.rtc.audio_in.jitter_buffer import MAX_HELD_S, JitterBuffer, duration
from tests.rtc.facades import tone
from tests.rtc.segmenters import run
from tests.speech.sounds import Rtp, packets

LONGEST_PAUSE_S = 61
"""In the sounds of these tests; a longer one is a jump of the timestamps."""


class Tape:
    """An `AudioSink` that keeps everything, with silence as zeros."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.silences: list[float] = []
        self.consented = True

    def accepts_audio(self) -> bool:
        return self.consented

    def push_audio(self, pcm: bytes) -> None:
        self.pcm += pcm

    def push_silence(self, seconds: float, *, announced: bool = False) -> None:
        self.silences.append(seconds)
        self.pcm += bytes(2 * round(seconds * 16_000))

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 32_000


def play(sent: Sequence[Rtp]) -> Tape:
    """Packets that arrive when they were recorded, by their timestamps. If these jump, no time passes."""
    tape = Tape()

    async def arrive() -> None:
        jitter_buffer = JitterBuffer(tape)
        latest = sent[0].timestamp
        for packet in sent:
            pause = ((packet.timestamp - latest + 2**31) % 2**32 - 2**31) / 48_000
            is_jump = abs(pause) > LONGEST_PAUSE_S
            await asyncio.sleep(0 if is_jump else max(0, pause))
            latest = packet.timestamp if is_jump or pause > 0 else latest
            jitter_buffer.push(packet)
        await asyncio.sleep(MAX_HELD_S * 1.5)

    run(arrive())
    return tape


def hertz(pcm: bytes) -> float:
    samples = array.array("h", pcm)
    rising = [n for n in range(1, len(samples)) if samples[n - 1] < 0 <= samples[n]]
    return (len(rising) - 1) * 16_000 / (rising[-1] - rising[0])


@pytest.mark.parametrize("ms", [10, 20, 40, 60])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_a_tone_keeps_its_pitch_length_and_loudness(rate: int, channels: int, ms: int) -> None:
    tape = play(packets(tone(1.2, rate), rate=rate, channels=channels, ms=ms))
    assert tape.seconds == pytest.approx(1.2, abs=0.061)
    middle = bytes(tape.pcm[6400:-6400])
    assert hertz(middle) == pytest.approx(1000, abs=2)
    loudness = sum(map(abs, array.array("h", middle))) / (len(middle) // 2)
    assert loudness == pytest.approx(16_000 * (1 if channels == 1 else 0.707) * 2 / 3.1416, rel=0.1)


@pytest.mark.parametrize("bit_rate", [8000, 12_000, 24_000, 96_000])
def test_every_bandwidth_is_decoded(bit_rate: int) -> None:
    tape = play(packets(tone(1, 48_000), rate=48_000, bit_rate=bit_rate))
    assert hertz(bytes(tape.pcm[6400:-6400])) == pytest.approx(1000, abs=3)


def test_a_change_of_packet_format_is_inaudible() -> None:
    one, two = packets(tone(0.6, 16_000)), packets(tone(0.6, 16_000), channels=2, ms=60, bit_rate=64_000)
    after = one[-1]
    for number, packet in enumerate(two):
        packet.sequence_number = (after.sequence_number + 1 + number) % 65_536
        packet.timestamp = (after.timestamp + 960 + number * 2880) % 2**32
    tape = play(one + two)
    assert tape.silences == []
    assert tape.seconds == pytest.approx(1.2, abs=0.08)
    assert hertz(bytes(tape.pcm[2000:17_000])) == pytest.approx(1000, abs=2)
    assert hertz(bytes(tape.pcm[22_000:36_000])) == pytest.approx(1000, abs=2)


def test_reordered_packets_are_put_in_order() -> None:
    sent = packets(tone(1, 16_000))
    shuffled = list(sent)
    rng = random.Random(5)
    for at in range(3, len(sent) - 4, 4):  # within what is waited for
        piece = shuffled[at : at + 3]
        rng.shuffle(piece)
        shuffled[at : at + 3] = piece
    assert play(shuffled).pcm == play(sent).pcm


def test_duplicate_packets_are_played_once() -> None:
    sent = packets(tone(1, 16_000))
    twice = [packet for each in sent for packet in (each, each)]
    assert play(twice + sent[-20:]).pcm == play(sent).pcm


@pytest.mark.parametrize("ms", [10, 20, 60])
def test_a_lost_packet_is_concealed(ms: int) -> None:
    sent = packets(tone(2, 16_000), ms=ms)
    lost = range(10, len(sent) - 1, 1200 // ms)
    tape = play([packet for number, packet in enumerate(sent) if number not in lost])
    assert tape.silences == []
    assert tape.seconds == pytest.approx(2, abs=0.061)
    for number in lost:
        made_up = array.array("h", tape.pcm[32 * ms * number : 32 * ms * (number + 1)])
        assert sum(map(abs, made_up)) / len(made_up) > 3000, "the tone goes on"


def test_at_most_60_ms_are_concealed_and_the_rest_is_silence() -> None:
    sent = packets(tone(2, 16_000))
    tape = play(sent[:40] + sent[80:])
    assert tape.silences == pytest.approx([0.74])
    assert tape.seconds == pytest.approx(2, abs=0.03)


def test_dtx_gaps_are_not_concealed() -> None:
    sent = packets(tone(0.5, 16_000) + bytes(32_000) + tone(0.5, 16_000), dtx=True)
    whole = play(sent)
    assert sum(whole.silences) > 0.6
    pauses = [n for n in range(1, len(sent)) if (sent[n].timestamp - sent[n - 1].timestamp) % 2**32 > 960]
    tape = play(sent[: pauses[0]] + sent[pauses[0] + 1 :])
    assert tape.seconds == pytest.approx(whole.seconds, abs=0.001)
    assert max(tape.silences) > max(whole.silences)


def test_a_missing_packet_delays_the_next_ones_by_60_ms_at_most() -> None:
    sent = packets(tone(0.4, 16_000))
    tape = play(sent[:10] + sent[11:13])
    assert tape.seconds == pytest.approx(0.26, abs=0.002)
    assert tape.silences == []


def test_a_dtx_gap_is_silence_of_its_length() -> None:
    sound = tone(0.6, 16_000) + bytes(32_000 * 3) + tone(0.6, 16_000)
    sent = packets(sound, dtx=True)
    assert len(sent) < 90
    tape = play(sent)
    assert tape.seconds == pytest.approx(4.2, abs=0.03)
    assert sum(tape.silences) > 2
    assert hertz(bytes(tape.pcm[-14_000:-2000])) == pytest.approx(1000, abs=2)


def test_a_minute_of_mute_is_reported_as_one_minute_of_silence() -> None:
    sent = packets(tone(0.4, 16_000))
    late = packets(tone(0.4, 16_000))
    for number, packet in enumerate(late):
        packet.sequence_number = (sent[-1].sequence_number + 1 + number) % 65_536
        packet.timestamp = (sent[-1].timestamp + 960 + 60 * 48_000 + number * 960) % 2**32
    assert play(sent + late).silences == pytest.approx([60])


def test_a_new_ssrc_begins_a_new_stream() -> None:
    """As when the page switches to another jitter_buffer: sequence numbers and timestamps start over."""
    sent, other = packets(tone(0.4, 16_000)), packets(tone(0.4, 16_000))
    for packet in other:
        packet.ssrc, packet.sequence_number, packet.timestamp = (
            8,
            packet.sequence_number - 9000,
            (packet.timestamp - 12_345_678) % 2**32,
        )
    tape = play(sent + other)
    assert tape.seconds == pytest.approx(0.8, abs=0.05)
    assert tape.silences == []


@pytest.mark.parametrize("back", [200, 30_000, -20_000])
def test_sequence_numbers_that_begin_anew_lose_nothing(back: int) -> None:
    """As of a sender that changes its source and keeps the SSRC."""
    sent = packets(tone(1.2, 16_000))
    whole = play(sent).pcm
    for packet in sent[25:]:
        packet.sequence_number = (packet.sequence_number - back) % 65_536
    tape = play(sent)
    assert tape.silences == []
    assert tape.seconds == pytest.approx(len(whole) / 32_000, abs=0.03)


def test_one_stray_packet_does_not_begin_a_stream() -> None:
    sent = packets(tone(1, 16_000))
    stray = Rtp((sent[20].sequence_number + 9000) % 65_536, sent[20].timestamp, sent[3].payload)
    assert play([*sent[:20], stray, *sent[20:]]).pcm == play(sent).pcm


@pytest.mark.parametrize("seconds", [600, -600, 80_000])
def test_timestamps_that_jump_are_no_silence(seconds: int) -> None:
    """As of a sender whose clock is set anew: nothing can arrive before it was recorded."""
    sent = packets(tone(1.2, 16_000))
    whole = play(sent).pcm
    for packet in sent[25:]:
        packet.timestamp = (packet.timestamp + seconds * 48_000) % 2**32
    tape = play(sent)
    assert tape.silences == []
    assert tape.pcm == whole


def test_packets_that_the_network_held_back_keep_their_pauses() -> None:
    sent, late = packets(tone(0.4, 16_000)), packets(tone(0.4, 16_000))
    for number, packet in enumerate(late):
        packet.sequence_number = (sent[-1].sequence_number + 1 + number) % 65_536
        packet.timestamp = (sent[-1].timestamp + 960 + 2 * 48_000 + number * 960) % 2**32
    tape = Tape()

    async def stall() -> None:
        jitter_buffer = JitterBuffer(tape)
        for packet in sent:
            jitter_buffer.push(packet)
            await asyncio.sleep(0.02)
        await asyncio.sleep(3)
        for packet in late:
            jitter_buffer.push(packet)

    run(stall())
    assert tape.silences == pytest.approx([2])


def test_without_consent_nothing_is_decoded_or_kept() -> None:
    sent = packets(tone(1, 16_000))
    tape = Tape()

    async def run() -> None:
        jitter_buffer = JitterBuffer(tape)
        tape.consented = False
        for packet in sent[:20]:
            jitter_buffer.push(packet)
        assert jitter_buffer._decode is None
        assert not jitter_buffer._held
        tape.consented = True
        for packet in sent[20:30]:
            jitter_buffer.push(packet)
        jitter_buffer.push(sent[35])  # waits for the one before it
        tape.consented = False
        await asyncio.sleep(MAX_HELD_S * 1.5)
        assert jitter_buffer._decode is None
        assert not jitter_buffer._held

    asyncio.run(run())
    assert tape.seconds == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xff", b"\x03", b"\x0b\x3f", b"\xfc" + bytes(3), b"\x7b" * 400])
def test_an_invalid_payload_costs_only_itself(payload: bytes) -> None:
    sent = packets(tone(0.6, 16_000))
    junk = [Rtp(sent[10].sequence_number, sent[10].timestamp, payload)]
    tape = play(sent[:10] + junk + sent[11:])
    assert tape.seconds == pytest.approx(0.6, abs=0.13)
    assert hertz(bytes(tape.pcm[-9000:-1000])) == pytest.approx(1000, abs=4)


def test_random_packets_do_no_harm() -> None:
    rng = random.Random(1)
    sent = [
        Rtp(rng.randrange(2**16), rng.randrange(2**32), rng.randbytes(rng.randrange(80)), rng.choice([1, 2]))
        for _ in range(500)
    ]
    tape = Tape()
    tape.push_silence = lambda seconds, announced=False: tape.silences.append(seconds)  # type: ignore[method-assign]

    async def run() -> None:
        jitter_buffer = JitterBuffer(tape)
        for packet in sent:
            jitter_buffer.push(packet)
            assert len(jitter_buffer._held) < 10

    asyncio.run(run())
    assert max(tape.silences) <= 3600


@pytest.mark.parametrize(("ms", "samples"), [(10, 480), (20, 960), (40, 1920), (60, 2880)])
def test_the_duration_of_a_packet_is_read_from_its_first_byte(ms: int, samples: int) -> None:
    for bit_rate in (8000, 16_000, 64_000):
        assert {duration(packet.payload) for packet in packets(tone(1, 16_000), ms=ms, bit_rate=bit_rate)} == {samples}
