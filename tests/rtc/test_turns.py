"""Turn-taking over a real connection: the voice that waits and goes on, and the call that nobody talks in."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.rtc.facades import Room, ToneVoice, TurnContext
from tests.servers import wait_until


def tell(talk: TurnContext, what: str, *words: str) -> None:
    """What an ear tells, in the media loop."""

    async def told() -> None:
        getattr(talk.room.calls._calls[talk.id].conversation.turn_taking, what)(*words)

    talk.room.media._worker.call(told(), 2)


def last_state(talk: TurnContext) -> str:
    return str(talk.events.of_type("state")[-1]["state"])


def test_the_voice_falls_silent_at_once_and_goes_on_where_it_was(make_room: Callable[..., Room]) -> None:
    talk = make_room(ToneVoice(2.0)).talk()
    browser = talk.call()
    talk.consent()
    packets = browser.audio.packets
    wait_until(lambda: len(packets) >= 40, what="the voice")
    tell(talk, "speech_started")
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - packets[-1][-1] > 0.3, what="silence", limit=2)
    assert packets[-1][-1] - began < 0.3
    assert last_state(talk) == "listening"
    tell(talk, "no_words")
    assert talk.events.wait_for("transcript", final=True)["text"] == "Welcome to the bank of the tests."
    assert "interrupted" not in talk.events.of_type("transcript")[-1]
    wait_until(lambda: last_state(talk) == "listening" and len(packets) >= 110, what="the rest of the voice")
    numbers = [number for number, *_ in packets]
    assert all(after - before == 1 for before, after in pairwise(numbers))  # not one was lost, or sent twice
    assert len(packets) == pytest.approx(10 + 100, abs=2)
    talk.close()


def test_words_over_the_voice_end_it_and_the_next_answer_is_heard(make_room: Callable[..., Room]) -> None:
    talk = make_room(ToneVoice(2.0)).talk()
    browser = talk.call()
    talk.consent()
    wait_until(lambda: len(browser.audio.packets) >= 40, what="the voice")
    tell(talk, "speech_started")
    said = len(browser.audio.packets)
    tell(talk, "final", "What is my balance?")
    greeting = talk.events.wait_for("transcript", final=True)
    assert greeting["interrupted"] and greeting["text"] != "Welcome to the bank of the tests."
    wait_until(lambda: len(browser.audio.packets) > said + 60, what="the answer")
    finals = [event for event in talk.events.of_type("transcript") if event["final"]]
    assert [event["role"] for event in finals[:2]] == ["banker", "user"]
    talk.close()


def test_a_peer_that_takes_over_while_the_voice_waits_waits_too(make_room: Callable[..., Room]) -> None:
    talk = make_room(ToneVoice(0.5)).talk()
    talk.call()
    talk.consent()
    talk.events.wait_for("transcript", final=True)
    tell(talk, "speech_started")
    browser = talk.call()
    talk.send({"type": "speech.cancel"})
    assert not browser.audio.packets
    tell(talk, "no_words")
    wait_until(lambda: browser.audio.packets, what="the first packets")
    talk.close()


def test_a_call_in_which_nobody_talks_ends_as_idle(make_room: Callable[..., Room]) -> None:
    room = make_room(ToneVoice(0.3), bank={"turns": {"still_there_seconds": 1, "idle_end_seconds": 1}})
    talk = room.talk()
    browser = talk.call()
    talk.consent()
    talk.events.wait_for("transcript", final=True, text="Are you still there?")
    talk.events.wait_for("session.ended", reason="idle")
    assert "Goodbye" in talk.events.of_type("transcript")[-1]["text"]
    browser.wait_gone()
    wait_until(lambda: (session := room.store.get(talk.id)) and session.reason == "idle", what="the session ended")
    talk.close()
