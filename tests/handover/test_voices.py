"""Customer and colleague hear each other, in one process and between two hosts, and only after the announcement."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.client import LOOP, Browser, Events
from tests.handover.conftest import Hosts
from tests.handover.desks import Desk
from tests.listening import transcribe
from tests.servers import wait_until
from tests.speaking import CONSENT, Mouth, Talker, _mouth
from tests.speech.sounds import say, wav

RATE = 48_000


class Colleague:
    """Maria with a headset: the peer of a talk that she has."""

    def __init__(self, desk: Desk, session_id: str) -> None:
        self.mouth: Mouth = LOOP.run(_mouth())
        self.browser = Browser(Events(), microphone=self.mouth)
        self.browser.accept(desk.act(session_id, "offer", sdp=self.browser.offer())["sdp"])
        self.browser.wait_connected()

    def heard(self) -> str:
        return transcribe(wav(self.browser.sound(gaps=True), RATE))


def has_most(heard: str, words: str) -> bool:
    """Whether all of these words but one are in a transcript: a machine with too much to do loses packets."""
    return sum(word in heard for word in words.split()) >= len(words.split()) - 1


@contextmanager
def dana(url: str) -> Iterator[Talker]:
    with Talker(url) as talker:
        talker.create()
        talker.connect()
        talker.mouth = LOOP.run(_mouth())
        talker.call(microphone=talker.mouth)
        talker.consent(CONSENT)
        talker.wait_turn("banker", 1, 30)
        talker.send({"type": "message.send", "text": "I want to talk to a person"})
        talker.events.wait_for("handover", 30, state="waiting")
        yield talker
        talker.end()


@pytest.mark.parametrize("customers_host", [1, 0], ids=["one process, by aiortc's public API", "two hosts"])
def test_each_hears_the_other_and_nothing_before_the_announcement(hosts: Hosts, customers_host: int) -> None:
    maria = Desk(hosts[1].url)
    maria.talks()
    with dana(hosts[customers_host].url) as talker, maria.attending(session_id := str(talker.session["session_id"])):
        maria.act(session_id, "offer", 404, sdp="v=0")
        talker.mouth.say(say("This is a secret before anybody has joined.")).wait()
        maria.take(session_id)
        colleague = Colleague(maria, session_id)
        talker.say(say("My card was eaten by the machine in the station.")).wait()
        wait_until(lambda: has_most(colleague.heard(), "card eaten machine"), 60, "Dana's words")
        assert "secret" not in colleague.heard()
        since = len(talker.browser.audio.packets)
        colleague.mouth.say(say("I will send you a new card to your address tomorrow.")).wait()
        told = {"new", "card", "tomorrow"}
        wait_until(lambda: told <= set(transcribe(talker.heard(since)).split()), 30, "Maria's words")

        colleague.browser.vanish()  # her packets stop without a word, and her page connects anew
        colleague = Colleague(maria, session_id)
        since = len(talker.browser.audio.packets)
        colleague.mouth.say(say("Here I am again, sorry for the interruption.")).wait()
        wait_until(lambda: "interruption" in transcribe(talker.heard(since)), 30, "Maria's words after that")

        maria.act(session_id, "hold", held=True)
        talker.wait_turn("banker", 4, 20)
        before = len(colleague.browser.audio.packets)
        talker.say(say("Now I talk with my dog.")).wait()
        assert len(colleague.browser.audio.packets) <= before + 5
        maria.act(session_id, "return")
        colleague.browser.wait_gone(20)
        colleague.browser.close()
