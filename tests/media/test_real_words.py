"""Turns of a user whom a real recogniser listens to: slow, dictating, seen under way, and not listened to any more."""

import asyncio
import re
from typing import Any

import pytest

from banker.settings import Speech
from banker.speech import Recogniser, load_recogniser
from tests.media.ears import run
from tests.media.scene import TICK_BYTES, Scene
from tests.speech.sounds import VOICES, pause, say

LONG = "I would like to know whether my transfer to the travel agency in Boston has arrived and what it did cost me"


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    loaded = load_recogniser(Speech())
    assert loaded is not None
    return loaded


async def hears(scene: Scene, sound: bytes) -> None:
    for at in range(0, len(sound), TICK_BYTES):
        await scene.pass_tick(sound[at : at + TICK_BYTES], echo=False)


def turns(recogniser: Recogniser, sound: bytes) -> list[str]:
    """The user's turns of this."""

    async def go() -> list[str]:
        async with Scene(recogniser, {}) as scene:
            await hears(scene, pause(0.5) + sound + pause(4))
            return [turn["text"] for turn in scene.turns("user")]

    return run(go())


@pytest.mark.parametrize("voice", VOICES[:2])
def test_four_digits_a_pause_of_a_second_and_a_half_and_four_digits_are_one_turn(
    recogniser: Recogniser, voice: str
) -> None:
    dictated = say("My number is four seven one one", voice) + pause(1.5) + say("two three five nine", voice)
    said = turns(recogniser, dictated)
    assert len(said) == 1
    assert len(re.findall(r"\d|four|seven|one|two|three|five|nine", said[0])) >= 7, said


def test_whoever_looks_for_a_word_is_waited_for(recogniser: Recogniser) -> None:
    assert len(turns(recogniser, say("I would like to") + pause(1.3) + say("see the balance of my account"))) == 1


def test_two_questions_are_two_turns(recogniser: Recogniser) -> None:
    said = turns(recogniser, say("What is my balance?") + pause(1.5) + say("I lost my debit card."))
    assert len(said) == 2
    assert "balance" in said[0] and "card" in said[1]


def test_words_are_seen_while_they_are_said(recogniser: Recogniser) -> None:
    spoken = say(LONG, speed=170)
    assert len(spoken) > 5 * 32_000

    async def go() -> list[dict[str, Any]]:
        async with Scene(recogniser, {}) as scene:
            await hears(scene, spoken)
            seen = [event for event in scene.events if event["type"] == "transcript"]
            await hears(scene, pause(2))
            assert len({event["turn"] for event in seen}) == 1
            assert scene.turns("user")[0]["turn"] == seen[0]["turn"]
            return seen

    seen = run(go())
    assert not any(event["final"] for event in seen)
    assert all(event["role"] == "user" for event in seen)
    assert "transfer" in seen[-1]["text"]


def test_revoked_consent_drops_the_words_of_a_recognition_under_way(recogniser: Recogniser) -> None:
    async def go() -> None:
        async with Scene(recogniser, {}) as scene:
            await hears(scene, say("What is my balance?") + pause(0.5))  # the recognition has begun
            shown = len(scene.events)
            await scene.talk.receive({"type": "consent.revoke"})
            await asyncio.sleep(0.1)
            await hears(scene, say("I lost my debit card.") + pause(3))
            assert not scene.turns("user") and not scene.turns("banker")
            words = [event["text"] for event in scene.events[shown:] if event["type"] == "transcript"]
            assert not any(words)

    run(go())
