"""What an ear makes of speech that goes on, and of engines that do not keep up, in virtual time."""

import asyncio
from typing import Any

import pytest

from banker.media.loudness import Swell, near, peak
from banker.media.microphone import Microphone
from banker.speech.queue import Busy
from tests.media.ears import Notes, Scripted, new_ear, run, send
from tests.speech.sounds import mixed, packets, pause, say

SPEECH = b"".join(say(word, speed=170) for word in "money travel letter branch office window morning".split() * 3)
SECONDS = len(SPEECH) / 32_000
WORD = say("Yes")


def listen(
    sound: bytes, recognise: Any, after: float = 3.0, mute: float = 0.0, then: bytes = b"", **options: Any
) -> Notes:
    """What is told of `sound`, and of `then` when nothing at all was sent for `mute` s."""
    notes = Notes()

    async def go() -> None:
        ear = new_ear(notes, recognise, **options)
        microphone = Microphone(ear)
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
        ear.close()

    run(go())
    return notes


def test_who_speaks_without_a_pause_sees_the_words_every_two_seconds() -> None:
    assert SECONDS > 7
    glimpse = Scripted(0.3)
    notes = listen(pause(1) + SPEECH + pause(2), Scripted(0.3), glimpse=glimpse)
    seen = [at for at in notes.times("partial") if at < 1 + SECONDS]
    assert len(seen) == len(glimpse.sounds) == SECONDS // 2
    assert seen == pytest.approx([1 + 2 * n + 0.3 for n in range(1, len(seen) + 1)], abs=0.5)
    assert notes.kinds.count("began") == notes.kinds.count("said") == 1
    assert max(len(sound) for sound in glimpse.sounds) <= 10 * 32_000
    assert int(notes.texts()[0]) == pytest.approx(10 * (SECONDS + 0.5), abs=4)  # the whole


def test_a_glimpse_gives_way_to_the_final_words_and_never_takes_their_place() -> None:
    glimpse = Scripted(60.0)
    notes = listen(SPEECH + pause(2), Scripted(0.3), after=90, glimpse=glimpse)
    assert 0 < len(glimpse.sounds) == glimpse.cancelled < SECONDS / 2 - 1  # one at a time
    assert notes.kinds == ["began", "partial", "said"]
    assert int(notes.texts("partial")[0]) == int(notes.texts()[0])


@pytest.mark.parametrize("error", [Busy(), TimeoutError(), RuntimeError("no")])
def test_a_glimpse_that_fails_is_nobodys_business(error: Exception) -> None:
    glimpse = Scripted(error=error)
    notes = listen(SPEECH + pause(2), Scripted(0.3), glimpse=glimpse)
    assert len(glimpse.sounds) > 2
    assert notes.kinds == ["began", "partial", "said"]


def test_engines_that_are_busy_in_a_pause_are_asked_again_before_the_user_is_told() -> None:
    class Once(Scripted):
        async def __call__(self, sound: bytes) -> str:
            self.error = None if self.sounds else Busy()
            return await super().__call__(sound)

    went_on = listen(SPEECH + pause(0.4) + WORD + pause(2), Once(0.3))
    assert went_on.kinds == ["began", "partial", "said"]
    ended = listen(SPEECH + pause(2), Once(0.3))
    assert ended.kinds == ["began", "partial", "said"]
    assert ended.times("said")[0] == pytest.approx(SECONDS + 0.6 + 0.3, abs=0.3)


def test_a_slow_recogniser_glues_no_two_utterances_and_loses_nothing_of_the_second() -> None:
    slow = Scripted(6.0)
    notes = listen(SPEECH, slow, after=20, mute=3.0, then=SPEECH[:64_000] + pause(1))
    assert notes.kinds == ["began", "partial", "said"] * 2
    assert int(notes.texts()[0]) == pytest.approx(10 * (SECONDS + 0.5), abs=4)
    assert int(notes.texts()[1]) >= 20
    assert notes.times("began")[1] == notes.times("said")[0]  # each in its turn


def test_whoever_goes_on_within_the_longest_patience_is_heard_as_a_whole_by_a_slow_recogniser_too() -> None:
    notes = listen(SPEECH + pause(1.5) + SPEECH + pause(1), Scripted(3.0), after=10)
    assert notes.kinds == ["began", "partial", "said"]
    # The pause in it is shortened: a recogniser takes a long one for the end.
    assert int(notes.texts()[0]) == pytest.approx(10 * (2 * SECONDS + 0.8 + 0.5), abs=4)


def test_revoked_consent_drops_a_glimpse_under_way_too() -> None:
    glimpse, notes = Scripted(1.0), Notes()

    async def go() -> None:
        ear = new_ear(notes, Scripted(), glimpse=glimpse)
        await send(Microphone(ear), packets(SPEECH[: 32_000 * 5 // 2]))
        assert len(glimpse.sounds) == 1
        notes.consented = False
        await asyncio.sleep(5)

    run(go())
    assert glimpse.cancelled == 1
    assert notes.kinds == ["began", "nothing"]


FAR = mixed(pause(SECONDS), SPEECH, 0.1)
"""The same, 20 dB softer: as an echo is."""


def test_a_loud_voice_over_a_soft_one_is_noticed_at_once() -> None:
    sound = mixed(FAR, pause(4) + WORD + pause(SECONDS))
    notes = listen(sound + pause(1), Scripted(), over_voice=lambda: True)
    assert notes.times("louder") == [pytest.approx(4.15, abs=0.15)]
    for even in (SPEECH, FAR):
        assert "louder" not in listen(even + pause(1), Scripted(), over_voice=lambda: True).kinds
    assert "louder" not in listen(sound + pause(1), Scripted()).kinds


def test_what_is_far_is_taken_off_both_ends_and_of_one_voice_nothing() -> None:
    sound = mixed(FAR, pause(4) + WORD + pause(SECONDS))
    left = near(sound)
    assert len(WORD) / 2 < len(left) < len(WORD) + 32_000 * 0.7
    assert peak(left) == peak(sound)
    for whole in (SPEECH, FAR, WORD, say("No, that is wrong."), pause(3), b""):
        assert near(whole) == whole


def test_a_click_is_nothing_louder() -> None:
    swell, soft, click = Swell(), FAR[32_000:33_024], SPEECH[32_000:33_024]
    assert peak(click) > 4 * peak(soft)
    assert not any(swell.feed(frame) for frame in [*[soft] * 40, click, click, *[soft] * 40])
    assert any(swell.feed(frame) for frame in [click] * 3)
