"""The far-end reference knows which packets were sent, and when."""

import pytest

from banker.rtc.audio_out.far_end_reference import KEPT_S, FarEndReference
from banker.rtc.audio_out.opus_encoder import EncodedAudio


def played(*rows: tuple[float, EncodedAudio, int]) -> FarEndReference:
    """A reference after runs of packets: when each started, its audio, and how many packets from the first on."""
    record = FarEndReference()
    for began, sound, count in rows:
        for number in range(count):
            record.add(began + number * 0.02, sound, number)
    return record


ONE, TWO = EncodedAudio([b"a", b"b", b"c", b"d"]), EncodedAudio([b"e", b"f"])


def test_sent_packets_are_known_with_their_times() -> None:
    record = played((1.0, ONE, 4), (1.08, TWO, 2))
    assert record.since(0.0) == [(1.0, [b"a", b"b", b"c", b"d"]), (1.08, [b"e", b"f"])]
    assert record.ended == pytest.approx(1.12)


def test_older_packets_are_left_out() -> None:
    began, packets = played((1.0, ONE, 4)).since(1.045)[0]
    assert packets == [b"c", b"d"]
    assert began == pytest.approx(1.04)
    assert played((1.0, ONE, 4)).since(1.09) == []


def test_a_pause_starts_a_new_run() -> None:
    record = played((1.0, ONE, 2))
    record.add(3.0, ONE, 2)
    assert record.since(0.0) == [(1.0, [b"a", b"b"]), (3.0, [b"c"])]


def test_old_runs_are_forgotten() -> None:
    long = EncodedAudio([b"x"] * 50 * 60)
    record = played(*((n * 10.0, long, 5) for n in range(100)))
    assert len(record.since(0.0)) <= KEPT_S / 10 + 1
    assert played((0.0, ONE, 1), (100.0, TWO, 1)).since(0.0) == [(100.0, [b"e"])]
    assert FarEndReference().since(0.0) == []
