"""Turns of a user whom a real recogniser listens to: slow, dictating, seen under way, and not listened to any more."""

import asyncio
import itertools
from pathlib import Path

from tests.rtc.virtual_call import VirtualCall, talk
from tests.speech.sounds import VOICES, digits, pause, say, spelled

LONG = "I would like to know whether my transfer to the travel agency in Boston has arrived and what it did cost me"


def turns(folder: Path, sound: bytes) -> list[str]:
    """The user's turns of this."""

    async def story(call: VirtualCall) -> list[str]:
        await call.say(sound)
        await asyncio.sleep(4)
        return call.turns("user")

    return talk(folder, story, {})


def test_four_digits_a_pause_of_a_second_and_a_half_and_four_digits_are_one_turn(tmp_path: Path) -> None:
    """Which voice's digits are hard to recognise depends on the processor, so all are counted together."""
    heard = []
    for (first, second), voice in itertools.product((("4711", "2359"), ("4158", "6834")), VOICES):
        dictated = say(f"My number is {spelled(first)}", voice) + pause(1.5) + say(spelled(second), voice)
        (said,) = turns(tmp_path, dictated)
        heard.append((digits(said) == first + second, voice, said))
    assert sum(complete for complete, *_ in heard) >= 5, heard


def test_whoever_looks_for_a_word_is_waited_for(tmp_path: Path) -> None:
    assert len(turns(tmp_path, say("I would like to") + pause(1.3) + say("see the balance of my account"))) == 1


def test_two_questions_are_two_turns(tmp_path: Path) -> None:
    said = turns(tmp_path, say("What is my balance?") + pause(1.5) + say("I lost my debit card."))
    assert len(said) == 2
    assert "balance" in said[0] and "card" in said[1]


def test_words_are_seen_while_they_are_said(tmp_path: Path) -> None:
    spoken = say(LONG, speed=170)
    assert len(spoken) > 5 * 32_000

    async def story(call: VirtualCall) -> None:
        await call.say(spoken)
        seen = call.of_type("transcript", role="user")
        await call.until(lambda: call.turns("user"))
        assert {event["turn"] for event in seen} == {call.of_type("transcript", role="user", final=True)[0]["turn"]}
        assert not any(event["final"] for event in seen)
        assert "to know whether" in seen[-1]["text"]  # what was said last may still be heard wrongly

    talk(tmp_path, story, {})


def test_revoked_consent_drops_the_words_of_a_recognition_under_way(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        await call.say(say("What is my balance?"))
        await asyncio.sleep(0.5)  # the recognition has begun
        shown = len(call.events)
        await call.send("consent.revoke")
        await call.say(say("I lost my debit card."))
        await asyncio.sleep(3)
        assert len(call.bank.recognised) == 1
        assert not call.turns("user") and len(call.turns("banker")) == 1
        assert not any(event.get("text") for _, event in call.events[shown:] if event["type"] == "transcript")

    talk(tmp_path, story, {})
