"""The banker's audio track: its clock, its pauses and its end; and the encoder."""

import array
import asyncio
import itertools
import math
from collections.abc import Coroutine
from typing import Any

import pytest
from aiortc.mediastreams import MediaStreamError
from av import CodecContext, Packet

from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, EncodedAudio, encode
from banker.rtc.audio_out.playout import Speaker
from tests.rtc.facades import tone
from tests.rtc.segmenters import run

SHORT = encode([bytes(2 * 4800)], 48_000)  # 100 ms


def in_a_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """In virtual time, which passes alike on a busy machine."""
    return run(asyncio.wait_for(work, 10))


def test_the_clock_runs_on_through_silence_and_never_back() -> None:
    async def listen() -> list[int]:
        speaker, times = Speaker(), []

        async def send() -> None:
            while True:
                times.append((await speaker.recv()).pts or 0)

        sending = asyncio.ensure_future(send())
        for pause in (0.0, 0.11, 0.05):
            await asyncio.sleep(pause)
            await speaker.play(SHORT).finished
        sending.cancel()
        return times

    times = in_a_loop(listen())
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert all(step > 0 and step % PACKET_SAMPLES == 0 for step in steps)
    within = [step for n, step in enumerate(steps, 1) if n % len(SHORT.packets)]
    assert set(within) == {PACKET_SAMPLES}
    pauses = [step / 48_000 for n, step in enumerate(steps, 1) if n % len(SHORT.packets) == 0]
    assert pauses[0] >= 0.11
    assert pauses[1] >= 0.05


def test_packets_are_20_ms_apart() -> None:
    async def listen() -> float:
        speaker, loop = Speaker(), asyncio.get_running_loop()
        speaker.play(SHORT)
        await speaker.recv()
        began = loop.time()
        for _ in SHORT.packets[1:]:
            await speaker.recv()
        return (loop.time() - began) / (len(SHORT.packets) - 1)

    assert 0.018 < in_a_loop(listen()) < 0.04


def test_cancel_stops_within_a_packet_and_reports_the_fraction() -> None:
    async def listen() -> None:
        speaker = Speaker()
        playout, queued = speaker.play(SHORT), speaker.play(SHORT)
        await speaker.recv()
        await speaker.recv()
        speaker.cancel()
        assert playout.finished.result() == pytest.approx(2 / len(SHORT.packets))
        assert queued.finished.result() == 0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(speaker.recv(), 0.1)

    in_a_loop(listen())


def test_audio_after_a_cancel_starts_at_its_beginning() -> None:
    async def listen() -> None:
        speaker = Speaker()
        speaker.play(SHORT)
        await speaker.recv()
        pending = asyncio.ensure_future(speaker.recv())
        await asyncio.sleep(0)
        speaker.cancel()
        other = EncodedAudio((b"one", b"two"), b"\0\0")
        speaker.play(other)
        assert bytes(await pending) == b"one"
        assert bytes(await speaker.recv()) == b"two"

    in_a_loop(listen())


def test_the_end_of_the_track_resolves_every_playout() -> None:
    async def listen() -> None:
        speaker = Speaker()
        waiting = asyncio.ensure_future(speaker.recv())
        await asyncio.sleep(0)
        speaker.stop()
        with pytest.raises(MediaStreamError):
            await waiting
        assert speaker.play(SHORT).finished.result() == 0

    in_a_loop(listen())


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("chunk", [2, 441 * 2, 10**6])
def test_sound_of_any_rate_and_chunking_keeps_its_length_and_pitch(rate: int, chunk: int) -> None:
    pcm = tone(0.3, rate)
    sound = encode((pcm[at : at + chunk] for at in range(0, len(pcm), chunk)), rate)
    assert 0.3 <= sound.seconds <= 0.36
    assert len(sound.levels) == len(sound.packets)
    decoder = CodecContext.create("opus", "r")
    samples = array.array("f")
    for packet in sound.packets:
        for frame in decoder.decode(Packet(packet)):
            samples += array.array("f", bytes(frame.planes[0])[: frame.samples * 4])
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(samples[4800:12_000]))
    assert abs(crossings / ((12_000 - 4800) / 48_000) - 1000) < 15


def test_empty_sound_becomes_next_to_nothing() -> None:
    assert encode([], 22_050).seconds <= 0.04
    assert not any(encode([b"", b"\0\0"], 22_050).levels)
    assert not math.isnan(sum(encode([b"\xff\x7f" * 960], 48_000).levels))


def numbered(packets: int) -> EncodedAudio:
    return EncodedAudio(tuple(bytes([n]) for n in range(packets)), bytes(range(100, 100 + packets)))


def test_a_paused_track_resumes_with_the_next_packet_at_the_current_time() -> None:
    async def listen() -> None:
        speaker = Speaker()
        playout = speaker.play(numbered(4))
        first = [await speaker.recv(), await speaker.recv()]
        waiting = asyncio.ensure_future(speaker.recv())
        await asyncio.sleep(0.005)
        speaker.pause()
        assert not (await asyncio.wait([waiting], timeout=0.1))[0]
        assert playout.fraction == 0.5 and not playout.finished.done()
        speaker.resume()
        last = [await waiting, await speaker.recv()]
        assert [bytes(packet) for packet in first + last] == [b"\0", b"\1", b"\2", b"\3"]
        times = [(packet.pts or 0) / 48_000 for packet in first + last]
        assert times[1] - times[0] == pytest.approx(0.02)
        assert times[2] - times[1] >= 0.1
        assert times[3] - times[2] == pytest.approx(0.02)
        assert await playout.finished == 1

    in_a_loop(listen())


def test_a_pause_takes_effect_within_a_packet_and_closes_the_mouth() -> None:
    async def listen() -> None:
        speaker, changes = Speaker(), []
        speaker.changed = lambda: changes.append(speaker.mouth())
        speaker.play(SHORT)
        await speaker.recv()
        assert speaker.mouth() is not None
        sent = []
        sending = asyncio.ensure_future(_send(speaker, sent))
        speaker.pause()
        assert changes[-1] is None
        await asyncio.sleep(0.05)
        assert len(sent) <= 1
        speaker.resume()
        await asyncio.sleep(0.05)
        assert sent and speaker.mouth() is not None
        sending.cancel()

    in_a_loop(listen())


def test_audio_played_while_paused_waits_and_cancel_drops_it() -> None:
    async def listen() -> None:
        speaker, sent = Speaker(), []
        sending = asyncio.ensure_future(_send(speaker, sent))
        speaker.pause()
        dropped = speaker.play(numbered(3))
        await asyncio.sleep(0.05)
        speaker.cancel()
        assert dropped.finished.result() == 0
        kept = speaker.play(EncodedAudio((b"next",), b"\0"))
        await asyncio.sleep(0.05)
        assert not sent
        speaker.resume()
        assert await kept.finished == 1
        assert [bytes(packet) for packet in sent] == [b"next"]
        sending.cancel()

    in_a_loop(listen())


def test_a_pause_shorter_than_a_packet_loses_none() -> None:
    async def listen() -> None:
        speaker, sent = Speaker(), []
        sending = asyncio.ensure_future(_send(speaker, sent))
        playout = speaker.play(numbered(10))
        while not playout.finished.done():
            speaker.pause()
            await asyncio.sleep(0.003)
            speaker.resume()
            await asyncio.sleep(0.023)
        assert [packet[0] for packet in map(bytes, sent)] == list(range(10))
        times = [packet.pts for packet in sent]
        assert all(before < after for before, after in itertools.pairwise(times))
        sending.cancel()

    in_a_loop(listen())


def test_a_paused_track_ends_like_any_other() -> None:
    async def listen() -> None:
        speaker = Speaker()
        playout = speaker.play(SHORT)
        speaker.pause()
        waiting = asyncio.ensure_future(speaker.recv())
        await asyncio.sleep(0)
        speaker.stop()
        with pytest.raises(MediaStreamError):
            await waiting
        assert playout.finished.result() == 0

    in_a_loop(listen())


async def _send(speaker: Speaker, sent: "list[Packet[Any]]") -> None:
    while True:
        sent.append(await speaker.recv())
