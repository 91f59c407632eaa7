"""The stages of a spoken reply have no gap, are observed together, and only for answers to spoken words."""

import pytest

from banker.rtc.audio_out.reply_latency import ReplyLatency
from banker.server.metrics import STAGES, Metrics


class Watch:
    """A `ReplyLatency` on a manual clock, and its metrics."""

    def __init__(self) -> None:
        self.now = 100.0
        self.metrics = Metrics(True)
        self.times = ReplyLatency(self.metrics, lambda: self.now)

    def after(self, seconds: float) -> ReplyLatency:
        self.now += seconds
        return self.times

    def counted(self) -> dict[str, tuple[float, float]]:
        """The count and the sum in seconds of a stage."""
        lines = (line.split() for line in self.metrics.exposition()[0].decode().splitlines() if line[0] != "#")
        values = {name: float(value) for name, value in lines}

        def counted(metric: str, labels: str = "") -> tuple[float, float]:
            return values[f"{metric}_count{labels}"], values[f"{metric}_sum{labels}"]

        stages = {name: counted("banker_reply_stage_seconds", f'{{stage="{name}"}}') for name in STAGES}
        return stages | {"whole": counted("banker_reply_seconds")}


def test_the_stages_add_up_to_the_whole() -> None:
    watch = Watch()
    watch.times.heard(0.62, 0.1)
    watch.after(0.01).turn()
    watch.after(0.04).sentence()
    watch.after(0.2).sound()
    watch.times.sentence()  # the second one changes nothing
    watch.after(0.03).sent()
    watch.after(5).sent()
    counted = watch.counted()
    assert {count for count, _ in counted.values()} == {1}
    expected = {"silence": 0.62, "recognition": 0.1, "thought": 0.05, "voice": 0.2, "sending": 0.03, "whole": 1.0}
    assert {name: seconds for name, (_, seconds) in counted.items()} == pytest.approx(expected)


def test_backchannels_typed_turns_and_late_sentences_are_not_counted() -> None:
    watch = Watch()
    watch.times.heard(0.6, 0)  # a backchannel: not a turn, the banker continues
    watch.after(0.1).sentence()
    watch.times.sound()
    watch.times.sent()
    watch.after(5).turn()  # typed
    watch.times.sentence()
    watch.times.sound()
    watch.times.sent()
    watch.times.heard(0.6, 0)  # "be quiet": a turn that is not answered
    watch.times.turn()
    watch.after(60).sentence()  # "are you still there?"
    watch.times.sound()
    watch.times.sent()
    assert {count for count, _ in watch.counted().values()} == {0}


def test_words_that_replace_a_turn_are_timed_from_their_own_end() -> None:
    watch = Watch()
    watch.times.heard(0.6, 0)
    watch.times.turn()
    watch.after(0.1).sentence()
    watch.after(0.5).heard(0.7, 0)
    watch.times.turn()
    watch.after(0.1).sentence()
    watch.after(0.1).sound()
    watch.times.sent()
    assert watch.counted()["whole"] == (1, pytest.approx(0.9))
