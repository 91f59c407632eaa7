"""What was played, and when."""

import pytest

from banker.rtc.audio_out.far_end_reference import KEPT_S, FarEndReference
from banker.rtc.audio_out.opus_encoder import EncodedAudio


def played(*rows: tuple[float, EncodedAudio, int]) -> FarEndReference:
    """Rows of packets: when each began, of which sound, and how many from its first one on."""
    record = FarEndReference()
    for began, sound, count in rows:
        for number in range(count):
            record.add(began + number * 0.02, sound, number)
    return record


ONE, TWO = EncodedAudio([b"a", b"b", b"c", b"d"]), EncodedAudio([b"e", b"f"])


def test_what_was_played_is_known_with_its_time() -> None:
    record = played((1.0, ONE, 4), (1.08, TWO, 2))
    assert record.since(0.0) == [(1.0, [b"a", b"b", b"c", b"d"]), (1.08, [b"e", b"f"])]
    assert record.ended == pytest.approx(1.12)


def test_what_is_older_is_left_out_by_whole_packets() -> None:
    began, packets = played((1.0, ONE, 4)).since(1.045)[0]
    assert packets == [b"c", b"d"]
    assert began == pytest.approx(1.04)
    assert played((1.0, ONE, 4)).since(1.09) == []


def test_a_pause_in_a_sound_begins_a_row_of_its_own() -> None:
    record = played((1.0, ONE, 2))
    record.add(3.0, ONE, 2)
    assert record.since(0.0) == [(1.0, [b"a", b"b"]), (3.0, [b"c"])]


def test_what_nobody_asks_for_any_more_is_forgotten() -> None:
    long = EncodedAudio([b"x"] * 50 * 60)
    record = played(*((n * 10.0, long, 5) for n in range(100)))
    assert len(record.since(0.0)) <= KEPT_S / 10 + 1
    assert played((0.0, ONE, 1), (100.0, TWO, 1)).since(0.0) == [(100.0, [b"e"])]
    assert FarEndReference().since(0.0) == []
