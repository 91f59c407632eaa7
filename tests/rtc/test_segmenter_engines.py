"""Interim transcripts, slow engines and double talk, in virtual time."""

import asyncio
import math
from typing import Any

import pytest

from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_in.utterance import AudioSpan
from banker.speech.engine_queue import Busy
from tests.rtc.segmenters import FakeRecogniser, RecordingListener, new_segmenter, run, send
from tests.speech.sounds import packets, pause, say

SPEECH = b"".join(say(word, speed=170) for word in "money travel letter branch office window morning".split() * 3)
SECONDS = len(SPEECH) / 32_000
WORD = say("Yes")


def listen(
    sound: bytes, recognise: Any, after: float = 3.0, mute: float = 0.0, then: bytes = b"", **options: Any
) -> RecordingListener:
    """The events for `sound`, and for `then` after nothing was sent for `mute` s."""
    listener = RecordingListener()

    async def go() -> None:
        segmenter = new_segmenter(listener, recognise, **options)
        jitter_buffer = JitterBuffer(segmenter)
        sent = packets(sound)
        await send(jitter_buffer, sent)
        if then:
            await asyncio.sleep(mute)
            later = packets(then)
            for number, packet in enumerate(later):
                packet.sequence_number = (sent[-1].sequence_number + 1 + number) % 2**16
                packet.timestamp = (sent[-1].timestamp + round(mute * 48_000) + number * 960) % 2**32
            await send(jitter_buffer, later)
        await asyncio.sleep(after)
        segmenter.close()

    run(go())
    return listener


def test_continuous_speech_has_an_interim_transcript_every_two_seconds() -> None:
    assert SECONDS > 7
    interim = FakeRecogniser(0.3)
    listener = listen(pause(1) + SPEECH + pause(2), FakeRecogniser(0.3), recognise_interim=interim)
    seen = [at for at in listener.times("interim") if at < 1 + SECONDS]
    assert len(seen) == len(interim.sounds) == SECONDS // 2
    assert seen == pytest.approx([1 + 2 * n + 0.3 for n in range(1, len(seen) + 1)], abs=0.5)
    assert listener.kinds.count("speech_started") == listener.kinds.count("final") == 1
    assert max(interim.sounds) <= 6
    assert int(listener.texts()[0]) == pytest.approx(10 * (SECONDS + 0.5), abs=4)  # the whole


def test_the_final_recognition_cancels_an_interim_one() -> None:
    interim = FakeRecogniser(60.0)
    listener = listen(SPEECH + pause(2), FakeRecogniser(0.3), after=90, recognise_interim=interim)
    assert 0 < len(interim.sounds) == interim.cancelled < SECONDS / 2 - 1  # one at a time
    assert listener.kinds == ["speech_started", "interim", "final"]
    assert int(listener.texts("interim")[0]) == int(listener.texts()[0])


@pytest.mark.parametrize("error", [Busy(), TimeoutError(), RuntimeError("no")])
def test_a_failed_interim_recognition_is_not_reported(error: Exception) -> None:
    interim = FakeRecogniser(error=error)
    listener = listen(SPEECH + pause(2), FakeRecogniser(0.3), recognise_interim=interim)
    assert len(interim.sounds) > 2
    assert listener.kinds == ["speech_started", "interim", "final"]


def test_a_recognition_that_fails_in_a_pause_is_retried_before_it_is_reported() -> None:
    class Once(FakeRecogniser):
        async def __call__(self, span: AudioSpan) -> str:
            self.error = None if self.sounds else Busy()
            return await super().__call__(span)

    went_on = listen(SPEECH + pause(0.4) + WORD + pause(2), Once(0.3))
    assert went_on.kinds == ["speech_started", "interim", "final"]
    ended = listen(SPEECH + pause(2), Once(0.3))
    assert ended.kinds == ["speech_started", "interim", "final"]
    assert ended.times("final")[0] == pytest.approx(SECONDS + 0.6 + 0.3, abs=0.3)


def test_a_slow_recogniser_neither_merges_two_turns_nor_loses_any_of_the_second() -> None:
    slow = FakeRecogniser(6.0)
    listener = listen(SPEECH, slow, after=20, mute=3.0, then=SPEECH[:64_000] + pause(1))
    assert listener.kinds == ["speech_started", "interim", "final"] * 2
    assert int(listener.texts()[0]) == pytest.approx(10 * (SECONDS + 0.5), abs=4)
    assert int(listener.texts()[1]) >= 20
    assert listener.times("speech_started")[1] == listener.times("final")[0]  # each in its turn


def test_speech_that_resumes_before_the_longest_silence_is_one_turn_for_a_slow_recogniser_too() -> None:
    listener = listen(SPEECH + pause(1.5) + SPEECH + pause(1), FakeRecogniser(3.0), after=10)
    assert listener.kinds == ["speech_started", "interim", "final"]
    # The pause in it is shortened: a recogniser takes a long one for the end.
    assert int(listener.texts()[0]) == pytest.approx(10 * (2 * SECONDS + 0.5 + 0.5), abs=4)


def test_revoked_consent_cancels_an_interim_recognition() -> None:
    interim, listener = FakeRecogniser(1.0), RecordingListener()

    async def go() -> None:
        segmenter = new_segmenter(listener, FakeRecogniser(), recognise_interim=interim)
        await send(JitterBuffer(segmenter), packets(SPEECH[: 32_000 * 5 // 2]))
        assert len(interim.sounds) == 1
        listener.consented = False
        await asyncio.sleep(5)

    run(go())
    assert interim.cancelled == 1
    assert listener.kinds == ["speech_started", "no_words"]


class FakeDoubleTalkCheck:
    """Finds double talk from `since` (s, virtual) on. Each check takes 20 ms."""

    def __init__(self, since: float = math.inf, error: Exception | None = None) -> None:
        self.since = since
        self.error = error
        self.checks: list[float] = []

    async def __call__(self, span: AudioSpan) -> bool:
        assert 0 < span.seconds <= 1
        await asyncio.sleep(0.02)
        self.checks.append(span.ended_at)
        if self.error is not None:
            raise self.error
        return span.ended_at >= self.since


def test_echo_is_not_reported_until_there_is_double_talk() -> None:
    recognise, check = FakeRecogniser(), FakeDoubleTalkCheck(since=4.0)
    listener = listen(SPEECH + pause(1), recognise, is_agent_audible=lambda: True, is_user_speaking=check)
    assert listener.kinds == ["speech_started", "interim", "final"]
    assert listener.times("speech_started") == [pytest.approx(4.05, abs=0.1)]
    assert recognise.sounds[0] == pytest.approx(SECONDS - 4 + 0.7 + 0.2, abs=0.3)
    alone = listen(
        SPEECH + pause(1), FakeRecogniser(), is_agent_audible=lambda: True, is_user_speaking=FakeDoubleTalkCheck()
    )
    assert not alone.events
    elsewhere = FakeDoubleTalkCheck()
    assert listen(SPEECH + pause(1), FakeRecogniser(), is_user_speaking=elsewhere).kinds == [
        "speech_started",
        "interim",
        "final",
    ]
    assert not elsewhere.checks


@pytest.mark.parametrize("error", [Busy(), TimeoutError(), RuntimeError("no")])
def test_a_failed_double_talk_check_counts_as_double_talk(error: Exception) -> None:
    listener = listen(
        SPEECH + pause(1),
        FakeRecogniser(),
        is_agent_audible=lambda: True,
        is_user_speaking=FakeDoubleTalkCheck(error=error),
    )
    assert listener.kinds == ["speech_started", "interim", "final"]
    assert listener.times("speech_started")[0] < 0.5


def test_a_turn_right_after_the_agents_voice_is_complete() -> None:
    over = [True]
    recognise = FakeRecogniser()
    check = FakeDoubleTalkCheck()

    async def go() -> RecordingListener:
        listener = RecordingListener()
        segmenter = new_segmenter(listener, recognise, is_agent_audible=lambda: over[0], is_user_speaking=check)
        await send(JitterBuffer(segmenter), packets(SPEECH[:64_000] + pause(0.3)))
        assert not listener.events
        over[0] = False
        await send(JitterBuffer(segmenter), packets(WORD + pause(1)))
        await asyncio.sleep(1)
        return listener

    listener = run(go())
    assert listener.kinds == ["speech_started", "interim", "final"]
    assert recognise.sounds == [pytest.approx(len(WORD) / 32_000 + 0.3 + 0.2, abs=0.15)]


def test_revoked_consent_reports_nothing_of_a_possible_echo() -> None:
    listener = RecordingListener()

    async def go() -> None:
        segmenter = new_segmenter(
            listener, FakeRecogniser(), is_agent_audible=lambda: True, is_user_speaking=FakeDoubleTalkCheck(since=2.0)
        )
        await send(JitterBuffer(segmenter), packets(SPEECH[:48_000]))
        listener.consented = False
        await send(JitterBuffer(segmenter), packets(SPEECH[:96_000]))

    run(go())
    assert not listener.events
