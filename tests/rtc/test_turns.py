"""Turn-taking over a real connection: a voice that pauses and resumes, and a call in which nobody speaks."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.rtc.facades import CustomerSession, MediaHarness, ToneVoice
from tests.servers import wait_until


def tell(customer: CustomerSession, what: str, *words: str) -> None:
    """What an ear tells, in the media loop."""

    async def told() -> None:
        getattr(customer.harness.calls._calls[customer.id].conversation.turn_taking, what)(*words)

    customer.harness.media._worker.call(told(), 2)


def last_state(customer: CustomerSession) -> str:
    return str(customer.events.of_type("state")[-1]["state"])


def test_the_voice_falls_silent_at_once_and_goes_on_where_it_was(make_harness: Callable[..., MediaHarness]) -> None:
    customer = make_harness(ToneVoice(2.0)).customer()
    browser = customer.call()
    customer.consent()
    packets = browser.audio.packets
    wait_until(lambda: len(packets) >= 40, what="the voice")
    tell(customer, "speech_started")
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - packets[-1][-1] > 0.3, what="silence", limit=2)
    assert packets[-1][-1] - began < 0.3
    assert last_state(customer) == "listening"
    tell(customer, "no_words")
    assert customer.events.wait_for("transcript", final=True)["text"] == "Welcome to the bank of the tests."
    assert "interrupted" not in customer.events.of_type("transcript")[-1]
    wait_until(lambda: last_state(customer) == "listening" and len(packets) >= 110, what="the rest of the voice")
    numbers = [number for number, *_ in packets]
    assert all(after - before == 1 for before, after in pairwise(numbers))  # not one was lost, or sent twice
    assert len(packets) == pytest.approx(10 + 100, abs=2)
    customer.close()


def test_words_over_the_voice_end_it_and_the_next_answer_is_heard(make_harness: Callable[..., MediaHarness]) -> None:
    customer = make_harness(ToneVoice(2.0)).customer()
    browser = customer.call()
    customer.consent()
    wait_until(lambda: len(browser.audio.packets) >= 40, what="the voice")
    tell(customer, "speech_started")
    said = len(browser.audio.packets)
    tell(customer, "final", "What is my balance?")
    greeting = customer.events.wait_for("transcript", final=True)
    assert greeting["interrupted"] and greeting["text"] != "Welcome to the bank of the tests."
    wait_until(lambda: len(browser.audio.packets) > said + 60, what="the answer")
    finals = [event for event in customer.events.of_type("transcript") if event["final"]]
    assert [event["role"] for event in finals[:2]] == ["banker", "user"]
    customer.close()


def test_a_peer_that_takes_over_while_the_voice_waits_waits_too(make_harness: Callable[..., MediaHarness]) -> None:
    customer = make_harness(ToneVoice(0.5)).customer()
    customer.call()
    customer.consent()
    customer.events.wait_for("transcript", final=True)
    tell(customer, "speech_started")
    browser = customer.call()
    customer.send({"type": "speech.cancel"})
    assert not browser.audio.packets
    tell(customer, "no_words")
    wait_until(lambda: browser.audio.packets, what="the first packets")
    customer.close()


def test_a_call_in_which_nobody_talks_ends_as_idle(make_harness: Callable[..., MediaHarness]) -> None:
    harness = make_harness(ToneVoice(0.3), bank={"turns": {"still_there_seconds": 1, "idle_end_seconds": 1}})
    customer = harness.customer()
    browser = customer.call()
    customer.consent()
    customer.events.wait_for("transcript", final=True, text="Are you still there?")
    customer.events.wait_for("session.ended", reason="idle")
    assert "Goodbye" in customer.events.of_type("transcript")[-1]["text"]
    browser.wait_gone()
    wait_until(
        lambda: (session := harness.store.get(customer.id)) and session.reason == "idle", what="the session ended"
    )
    customer.close()
