"""What an ear makes of speech that goes on, and of engines that do not keep up, in virtual time."""

import asyncio
import math
from typing import Any

import pytest

from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_in.utterance import AudioSpan
from banker.speech.engine_queue import Busy
from tests.rtc.segmenters import Notes, Scripted, new_ear, run, send
from tests.speech.sounds import packets, pause, say

SPEECH = b"".join(say(word, speed=170) for word in "money travel letter branch office window morning".split() * 3)
SECONDS = len(SPEECH) / 32_000
WORD = say("Yes")


def listen(
    sound: bytes, recognise: Any, after: float = 3.0, mute: float = 0.0, then: bytes = b"", **options: Any
) -> Notes:
    """What is told of `sound`, and of `then` when nothing at all was sent for `mute` s."""
    notes = Notes()

    async def go() -> None:
        segmenter = new_ear(notes, recognise, **options)
        microphone = JitterBuffer(segmenter)
        sent = packets(sound)
        await send(microphone, sent)
        if then:
            await asyncio.sleep(mute)
            later = packets(then)
            for number, packet in enumerate(later):
                packet.sequence_number = (sent[-1].sequence_number + 1 + number) % 2**16
                packet.timestamp = (sent[-1].timestamp + round(mute * 48_000) + number * 960) % 2**32
            await send(microphone, later)
        await asyncio.sleep(after)
        segmenter.close()

    run(go())
    return notes


def test_who_speaks_without_a_pause_sees_the_words_every_two_seconds() -> None:
    assert SECONDS > 7
    interim = Scripted(0.3)
    notes = listen(pause(1) + SPEECH + pause(2), Scripted(0.3), interim=interim)
    seen = [at for at in notes.times("interim") if at < 1 + SECONDS]
    assert len(seen) == len(interim.sounds) == SECONDS // 2
    assert seen == pytest.approx([1 + 2 * n + 0.3 for n in range(1, len(seen) + 1)], abs=0.5)
    assert notes.kinds.count("speech_started") == notes.kinds.count("final") == 1
    assert max(interim.sounds) <= 6
    assert int(notes.texts()[0]) == pytest.approx(10 * (SECONDS + 0.5), abs=4)  # the whole


def test_a_glimpse_gives_way_to_the_final_words_and_never_takes_their_place() -> None:
    interim = Scripted(60.0)
    notes = listen(SPEECH + pause(2), Scripted(0.3), after=90, interim=interim)
    assert 0 < len(interim.sounds) == interim.cancelled < SECONDS / 2 - 1  # one at a time
    assert notes.kinds == ["speech_started", "interim", "final"]
    assert int(notes.texts("interim")[0]) == int(notes.texts()[0])


@pytest.mark.parametrize("error", [Busy(), TimeoutError(), RuntimeError("no")])
def test_a_glimpse_that_fails_is_nobodys_business(error: Exception) -> None:
    interim = Scripted(error=error)
    notes = listen(SPEECH + pause(2), Scripted(0.3), interim=interim)
    assert len(interim.sounds) > 2
    assert notes.kinds == ["speech_started", "interim", "final"]


def test_engines_that_are_busy_in_a_pause_are_asked_again_before_the_user_is_told() -> None:
    class Once(Scripted):
        async def __call__(self, stretch: AudioSpan) -> str:
            self.error = None if self.sounds else Busy()
            return await super().__call__(stretch)

    went_on = listen(SPEECH + pause(0.4) + WORD + pause(2), Once(0.3))
    assert went_on.kinds == ["speech_started", "interim", "final"]
    ended = listen(SPEECH + pause(2), Once(0.3))
    assert ended.kinds == ["speech_started", "interim", "final"]
    assert ended.times("final")[0] == pytest.approx(SECONDS + 0.6 + 0.3, abs=0.3)


def test_a_slow_recogniser_glues_no_two_utterances_and_loses_nothing_of_the_second() -> None:
    slow = Scripted(6.0)
    notes = listen(SPEECH, slow, after=20, mute=3.0, then=SPEECH[:64_000] + pause(1))
    assert notes.kinds == ["speech_started", "interim", "final"] * 2
    assert int(notes.texts()[0]) == pytest.approx(10 * (SECONDS + 0.5), abs=4)
    assert int(notes.texts()[1]) >= 20
    assert notes.times("speech_started")[1] == notes.times("final")[0]  # each in its turn


def test_whoever_goes_on_within_the_longest_patience_is_heard_as_a_whole_by_a_slow_recogniser_too() -> None:
    notes = listen(SPEECH + pause(1.5) + SPEECH + pause(1), Scripted(3.0), after=10)
    assert notes.kinds == ["speech_started", "interim", "final"]
    # The pause in it is shortened: a recogniser takes a long one for the end.
    assert int(notes.texts()[0]) == pytest.approx(10 * (2 * SECONDS + 0.5 + 0.5), abs=4)


def test_revoked_consent_drops_a_glimpse_under_way_too() -> None:
    interim, notes = Scripted(1.0), Notes()

    async def go() -> None:
        segmenter = new_ear(notes, Scripted(), interim=interim)
        await send(JitterBuffer(segmenter), packets(SPEECH[: 32_000 * 5 // 2]))
        assert len(interim.sounds) == 1
        notes.consented = False
        await asyncio.sleep(5)

    run(go())
    assert interim.cancelled == 1
    assert notes.kinds == ["speech_started", "no_words"]


class Doubting:
    """Tells at `since` (s, virtual) and later that somebody speaks, after a look of 20 ms."""

    def __init__(self, since: float = math.inf, error: Exception | None = None) -> None:
        self.since = since
        self.error = error
        self.looks: list[float] = []

    async def __call__(self, stretch: AudioSpan) -> bool:
        assert 0 < stretch.seconds <= 1
        await asyncio.sleep(0.02)
        self.looks.append(stretch.ended)
        if self.error is not None:
            raise self.error
        return stretch.ended >= self.since


def test_of_the_bankers_own_voice_nothing_is_told_until_somebody_speaks_into_it() -> None:
    recognise, doubting = Scripted(), Doubting(since=4.0)
    notes = listen(SPEECH + pause(1), recognise, over_voice=lambda: True, speaks=doubting)
    assert notes.kinds == ["speech_started", "interim", "final"]
    assert notes.times("speech_started") == [pytest.approx(4.05, abs=0.1)]
    assert recognise.sounds[0] == pytest.approx(SECONDS - 4 + 0.7 + 0.2, abs=0.3)
    alone = listen(SPEECH + pause(1), Scripted(), over_voice=lambda: True, speaks=Doubting())
    assert not alone.told
    elsewhere = Doubting()
    assert listen(SPEECH + pause(1), Scripted(), speaks=elsewhere).kinds == ["speech_started", "interim", "final"]
    assert not elsewhere.looks


@pytest.mark.parametrize("error", [Busy(), TimeoutError(), RuntimeError("no")])
def test_without_a_look_every_voice_is_taken_for_somebody_who_speaks(error: Exception) -> None:
    notes = listen(SPEECH + pause(1), Scripted(), over_voice=lambda: True, speaks=Doubting(error=error))
    assert notes.kinds == ["speech_started", "interim", "final"]
    assert notes.times("speech_started")[0] < 0.5


def test_what_is_said_behind_the_bankers_voice_is_heard_from_its_beginning() -> None:
    over = [True]
    recognise = Scripted()
    doubting = Doubting()

    async def go() -> Notes:
        notes = Notes()
        segmenter = new_ear(notes, recognise, over_voice=lambda: over[0], speaks=doubting)
        await send(JitterBuffer(segmenter), packets(SPEECH[:64_000] + pause(0.3)))
        assert not notes.told
        over[0] = False
        await send(JitterBuffer(segmenter), packets(WORD + pause(1)))
        await asyncio.sleep(1)
        return notes

    notes = run(go())
    assert notes.kinds == ["speech_started", "interim", "final"]
    assert recognise.sounds == [pytest.approx(len(WORD) / 32_000 + 0.3 + 0.2, abs=0.15)]


def test_revoked_consent_tells_nothing_of_what_was_in_doubt() -> None:
    notes = Notes()

    async def go() -> None:
        segmenter = new_ear(notes, Scripted(), over_voice=lambda: True, speaks=Doubting(since=2.0))
        await send(JitterBuffer(segmenter), packets(SPEECH[:48_000]))
        notes.consented = False
        await send(JitterBuffer(segmenter), packets(SPEECH[:96_000]))

    run(go())
    assert not notes.told
