"""Hearing over real connections on this machine: from a browser's microphone to the transcript."""

import asyncio
import fractions
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiortc import MediaStreamTrack
from av import Packet

from banker.rtc import facade as media_room
from banker.speech import Recognition, Segment, SpeechUnavailable
from tests.client import microphone
from tests.rtc.facades import Room, ToneVoice, TurnContext, both_paths
from tests.servers import wait_until
from tests.speech.sounds import Rtp, packets, pause, say

QUESTION = say("What is the balance of my account?")
WORD = say("Yes")


class Speaking(MediaStreamTrack):
    """A microphone that sends `sent` when `spoken` is set, and nothing before and after."""

    kind = "audio"

    def __init__(self, sent: list[Rtp]) -> None:
        super().__init__()
        self.sent = sent
        self.spoken = threading.Event()
        self._number = 0
        self._start = 0.0

    async def recv(self) -> "Packet[Any]":
        while not self.spoken.is_set() or self._number == len(self.sent):
            await asyncio.sleep(0.01)
        if not self._number:
            self._start = time.monotonic()
        rtp = self.sent[self._number]
        after = (rtp.timestamp - self.sent[0].timestamp) % 2**32
        self._number += 1
        await asyncio.sleep(max(0.0, self._start + after / 48_000 - time.monotonic()))
        packet: Packet[Any] = Packet(rtp.payload)
        packet.pts = after
        packet.time_base = fractions.Fraction(1, 48_000)
        return packet


class Lengths:
    """A recogniser whose words are how long the sound was, in tenths of a second."""

    name = "lengths"

    def __init__(self) -> None:
        self.prompts: list[tuple[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def recognise(self, sound: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        if len(sound) > 20_000 and prompt:
            self.prompts.append((prompt, language))
            assert self.gate.wait(10)
        return Recognition((Segment(f"{len(sound) / 3200:.0f}"),))


@pytest.fixture
def recogniser() -> Lengths:
    return Lengths()


@pytest.fixture
def room(make_room: Callable[..., Room], recogniser: Lengths) -> Room:
    tenant = {"speech": {"glossary": ["Everyday Checking"]}}
    return make_room(recogniser=recogniser, bank=tenant)


@pytest.fixture
def talk(room: Room) -> Iterator[TurnContext]:
    talk = room.talk()
    yield talk
    talk.close()


def user_words(talk: TurnContext) -> list[str]:
    return [e["text"] for e in talk.events.of_type("transcript") if e["role"] == "user" and e["final"]]


def ask(talk: TurnContext, pcm: bytes = QUESTION) -> Speaking:
    track = Speaking(packets(pcm + pause(0.4)))
    talk.call(microphone=track)
    return track


@both_paths
def test_what_is_said_is_a_turn(talk: TurnContext, recogniser: Lengths) -> None:
    track = ask(talk)
    talk.consent()
    track.spoken.set()
    wait_until(lambda: user_words(talk), what="the user's words", limit=6)
    assert 15 < int(user_words(talk)[0]) < 30
    assert talk.events.of_type("session.ready")[0]["hearing"] is True
    assert "Everyday Checking" in recogniser.prompts[0][0]
    assert recogniser.prompts[0][1] == "en"
    assert talk.room.figure("banker_turn_end_seconds_count") == 1


def test_before_consent_the_microphone_is_discarded_unheard(talk: TurnContext, recogniser: Lengths) -> None:
    track = ask(talk, QUESTION + pause(1) + WORD)
    track.spoken.set()
    wait_until(lambda: track._number > 100, what="two seconds of speech", limit=5)
    peer = talk.room.calls._calls[talk.id].peer
    assert peer is not None
    assert peer._microphone is not None
    assert peer._microphone._decode is None
    talk.consent()
    wait_until(lambda: user_words(talk), what="what was said after consent", limit=6)
    assert len(recogniser.prompts) <= 1
    assert int(user_words(talk)[0]) < 14


def test_two_who_talk_at_once_do_not_hear_each_other(room: Room) -> None:
    talks = [room.talk(), room.talk()]
    tracks = [ask(talks[0]), ask(talks[1], WORD)]
    for talk in talks:
        talk.consent()
    for track in tracks:
        track.spoken.set()
    wait_until(lambda: all(user_words(talk) for talk in talks), what="both", limit=6)
    assert int(user_words(talks[0])[0]) > int(user_words(talks[1])[0]) + 5
    assert all(len(user_words(talk)) == 1 for talk in talks)
    for talk in talks:
        talk.close()


def test_a_call_takes_no_thread(room: Room) -> None:
    before = threading.active_count()
    talks = [room.talk() for _ in range(3)]
    for talk in talks:
        talk.call(microphone=microphone())
        talk.consent()
    names = [thread.name for thread in threading.enumerate()]
    ours = [name for name in names if "decoder" in name]
    # The browsers of the tests have one each; the banker's side none.
    assert len(ours) <= len(talks)
    assert threading.active_count() - before <= len(talks) + 6
    for talk in talks:
        talk.close()


def test_the_client_gets_receiver_reports(talk: TurnContext) -> None:
    browser = talk.call(microphone=microphone())
    talk.consent()

    def reported() -> bool:
        stats = browser.run(lambda: browser.pc.getSenders()[0]._RTCRtpSender__stats)  # type: ignore[attr-defined]
        return any(stat.type == "remote-inbound-rtp" for stat in stats.values())

    wait_until(reported, what="a receiver report", limit=4)


def test_a_long_recognition_stalls_no_voice(make_room: Callable[..., Room], recogniser: Lengths) -> None:
    recogniser.gate.clear()
    room = make_room(ToneVoice(0.3), recogniser=recogniser)
    one, two = room.talk(), room.talk()
    track = ask(one)
    one.consent()
    track.spoken.set()
    wait_until(lambda: recogniser.prompts, what="a recognition that hangs", limit=6)
    two.call()
    two.consent()
    two.events.wait_for("transcript", 3, final=True)
    recogniser.gate.set()
    one.close()
    two.close()


def test_a_service_without_its_recogniser_says_so_and_goes_on(
    make_room: Callable[..., Room], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = make_room()
    talk = room.talk()
    assert talk.events.wait_for("session.ready")["hearing"] is False
    talk.call(microphone=microphone())
    talk.consent()
    talk.send({"type": "message.send", "text": "hello"})
    talk.events.wait_for("transcript", role="user", text="hello")
    talk.close()

    def missing(*_: object) -> None:
        raise SpeechUnavailable("hearing needs faster_whisper; install requirements-speech.txt")

    monkeypatch.setattr(media_room, "load_recogniser", missing)
    assert room.media._load_engines().recogniser is None
    assert "requirements-speech.txt" in caplog.text


def test_a_speech_engine_that_cannot_be_loaded_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from banker.config.loading import ConfigError
    from banker.config.settings import SpeechSettings
    from banker.speech import load_recogniser

    with pytest.raises(ConfigError, match=r"speech\.model"):
        load_recogniser(SpeechSettings(model=str(tmp_path)))
