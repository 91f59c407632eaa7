"""WebRTC stacks other than a browser's talk with the banker: libwebrtc outside of Chromium, werift and GStreamer."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from bench.metrics import environment, values
from tests.clients.client import STACKS, StackCustomer
from tests.listening import transcribe
from tests.servers import ROOT, Gunicorn, wait_until
from tests.speaking import CONSENT
from tests.speech.sounds import say

PATIENCE = 60
"""Seconds after which a wait has failed, on a machine where three calls share the cores with other work."""


@dataclass
class Talk:
    """What a customer got."""

    greeting: bytes
    words: list[str]
    """All turns, of both sides."""
    banker: list[dict[str, object]]
    errors: list[dict[str, object]]


@pytest.fixture(scope="module")
def service() -> Iterator[Gunicorn]:
    server = Gunicorn(ROOT / "config", environ={"BANKER_DEMO": "1", **environment()}, ready=True)
    yield server
    server.close()


@pytest.fixture(scope="module")
def talks(service: Gunicorn) -> Iterator[dict[str, "Future[Talk]"]]:
    """All of them call at the same time."""
    question = say("What are your opening hours?")
    with ThreadPoolExecutor(len(STACKS)) as pool:
        yield {stack: pool.submit(talk, service.url, stack, question) for stack in STACKS}


def talk(url: str, stack: str, question: bytes) -> Talk:
    """Be greeted, type, speak over the answer, and hang up when that is answered."""
    customer = StackCustomer(url, stack)
    try:
        customer.dial()
        customer.consent(CONSENT)
        customer.wait_turn("banker", 1, PATIENCE)
        customer.wait_listening(PATIENCE)
        greeting = customer.stack.heard()
        customer.send({"type": "message.send", "text": "What were my last transactions?"})
        wait_until(lambda: customer.has_heard_words_of(turn=3), PATIENCE, "the answer being spoken")
        customer.stack.say(question)
        wait_until(lambda: any("nine to five" in said for said in customer.words()), PATIENCE, "an answer")
        customer.stack.hang_up()
        customer.end()
        return Talk(greeting, customer.words(), customer.turns("banker"), customer.events.of_type("error"))
    finally:
        customer.close()


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_hears_types_speaks_and_interrupts(talks: dict[str, "Future[Talk]"], stack: str) -> None:
    talk = talks[stack].result()
    assert transcribe(talk.greeting).startswith("hello and welcome to demo bank")
    assert talk.words[1] == "user: What were my last transactions?"
    assert talk.banker[1].get("interrupted"), talk.words
    assert "opening hours" in talk.words[3].lower(), "what was said over the answer"
    assert "nine to five" in str(talk.banker[2]["text"]), talk.words
    assert talk.errors == []


def test_nothing_is_left_of_the_calls(service: Gunicorn, talks: dict[str, "Future[Talk]"]) -> None:
    for talk in talks.values():
        talk.exception()
    gone = ("banker_peers", "banker_calls", "banker_sockets")
    wait_until(lambda: not any(values(service)[name] for name in gone), PATIENCE, "no call, peer and socket")
