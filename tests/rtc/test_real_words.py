"""Turns with the real recogniser: slow speech, dictated numbers, interim transcripts and revoked consent."""

import asyncio
import functools
import itertools
from pathlib import Path

import pytest

from tests.rtc.virtual_call import VirtualCall, talk
from tests.speech.sounds import NUMBERS, VOICES, digits, pause, say, spelled

LONG = "I would like to know whether my transfer to the travel agency in Boston has arrived and what it did cost me"


def turns(folder: Path, *sounds: bytes) -> list[str]:
    """Return the user's turns in these sounds, which are said one after the other."""

    async def story(call: VirtualCall) -> list[str]:
        for sound in sounds:
            await call.say(sound)
            await asyncio.sleep(4)
        return call.turns("user")

    return talk(folder, story, {})


@pytest.mark.timeout(300)  # two minutes of sound, each of which is recognised twice
def test_a_number_dictated_with_a_pause_is_one_turn_with_all_of_its_digits(tmp_path: Path) -> None:
    """Which of the sounds is hard to recognise depends on the processor, so they are counted together."""
    dictated = list(itertools.product(NUMBERS[:5], VOICES))
    said = turns(
        tmp_path,
        *(
            say(f"My number is {spelled(first)}", voice) + pause(1.5) + say(spelled(second), voice)
            for (first, second), voice in dictated
        ),
    )
    print(said)
    assert len(said) == len(dictated), said
    wrong = [
        (first, second, voice, text)
        for ((first, second), voice), text in zip(dictated, said, strict=True)
        if digits(text) != first + second
    ]
    assert len(wrong) <= 4, wrong


def test_a_pause_in_the_middle_of_a_sentence_does_not_end_the_turn(tmp_path: Path) -> None:
    said = [
        turns(tmp_path, say("I would like to", voice) + pause(1.3) + say("see the balance of my account", voice))
        for voice in VOICES
    ]
    assert sum(len(texts) == 1 for texts in said) >= 2, said


def test_two_questions_are_two_turns(tmp_path: Path) -> None:
    said = [
        turns(tmp_path, say("What is my balance?", voice) + pause(1.5) + say("I lost my debit card.", voice))
        for voice in VOICES
    ]
    assert [len(texts) for texts in said] == [2] * len(VOICES), said
    assert sum("balance" in first and "card" in second for first, second in said) >= 2, said


def test_interim_transcripts_arrive_while_the_user_speaks(tmp_path: Path) -> None:
    async def story(call: VirtualCall, spoken: bytes) -> str:
        assert len(spoken) > 5 * 32_000
        await call.say(spoken)
        seen = call.of_type("transcript", role="user")
        await call.until(lambda: call.turns("user"))
        assert {event["turn"] for event in seen} == {call.of_type("transcript", role="user", final=True)[0]["turn"]}
        assert not any(event["final"] for event in seen)
        return str(seen[-1]["text"])

    texts = [talk(tmp_path, functools.partial(story, spoken=say(LONG, voice, speed=170)), {}) for voice in VOICES]
    assert sum("to know whether" in text for text in texts) >= 2, texts  # the last words may still be wrong


def test_revoking_consent_drops_the_words_of_a_running_recognition(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        await call.say(say("What is my balance?"))
        await call.until(lambda: call.bank.recognised)  # the recognition has begun
        shown = len(call.events)
        await call.send("consent.revoke")
        await call.say(say("I lost my debit card."))
        await asyncio.sleep(3)
        assert len(call.bank.recognised) == 1
        assert not call.turns("user") and len(call.turns("banker")) == 1
        assert not any(event.get("text") for _, event in call.events[shown:] if event["type"] == "transcript")

    talk(tmp_path, story, {})
