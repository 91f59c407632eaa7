"""Other speech in the room neither holds a turn open nor begins one, whoever speaks and however loud they are."""

import asyncio

import pytest

from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from bench.hearing import level
from tests.rtc.segmenters import FakeRecogniser, RecordingListener, new_segmenter, run, send
from tests.speech.sounds import VOICES, mixed, packets, pause, say

QUESTION = "What is the balance of my savings account?"
TELEVISION = (
    "The weather in the mountains was lovely, and we walked all the way to the lake with the children. "
    "They say that the trains are late again because of the storm, but nobody tells you anything."
)
AROUND_S = 3.0
PAIRS = list(zip(VOICES, (*VOICES[1:], VOICES[0]), strict=True))


def other_speech(voice: str, like: bytes, decibels: float) -> bytes:
    """Somebody else in the room, this much below `like`."""
    sound = say(TELEVISION, voice)[: round(AROUND_S * 32_000)]
    return mixed(bytes(len(sound)), sound, level(like) / level(sound) * 10 ** (decibels / 20))


def heard(*sounds: bytes) -> RecordingListener:
    """What is reported of a microphone that hears these one after the other."""
    listener = RecordingListener()

    async def go() -> None:
        segmenter = new_segmenter(listener, FakeRecogniser())
        await send(JitterBuffer(segmenter), packets(b"".join(sounds)))
        await asyncio.sleep(3)
        segmenter.close()

    run(go())
    return listener


@pytest.mark.parametrize(("decibels", "limit"), [(-12, 1.2), (-15, 1.2), (-22, 1.2)])
def test_the_turn_ends_while_somebody_else_goes_on(decibels: float, limit: float) -> None:
    late = []
    for me, other in PAIRS:
        mine = say(QUESTION, me)
        around = other_speech(other, mine, decibels)
        listener = heard(pause(0.5), mixed(mine, around), around)
        late.append(listener.times("final")[0] - 0.5 - len(mine) / 32_000)
    assert sorted(late)[1] < limit, late


@pytest.mark.parametrize("decibels", [-16, -22])
def test_speech_in_the_background_is_no_turn_once_the_customer_is_known(decibels: float) -> None:
    turns = []
    for me, other in PAIRS:
        mine = say(QUESTION, me)
        listener = heard(pause(0.5), mine, pause(1.5), other_speech(other, mine, decibels), pause(1), mine)
        turns.append(len(listener.texts()))
    assert turns.count(2) >= 2, turns


def test_a_customer_who_speaks_softer_is_heard() -> None:
    for voice in VOICES:
        mine = say(QUESTION, voice)
        softer = mixed(bytes(len(mine)), mine, 10 ** (-7 / 20))
        assert len(heard(pause(0.5), mine, pause(1.5), softer, pause(1.5), softer).texts()) == 3


def test_a_customer_who_turns_away_is_heard_when_they_say_it_again() -> None:
    for voice in VOICES:
        mine = say(QUESTION, voice)
        softer = mixed(bytes(len(mine)), mine, 10 ** (-13 / 20))
        assert len(heard(pause(0.5), mine, *[pause(1.5), softer] * 4).texts()) >= 2


def test_the_turn_of_a_customer_who_mutes_in_mid_word_ends_within_two_seconds() -> None:
    for voice in VOICES:
        cut = say(QUESTION, voice)[: 32_000 + 8_000]
        listener = heard(pause(0.5), cut)  # and then no packet at all
        assert listener.times("final")[0] - 0.5 - len(cut) / 32_000 < 2
