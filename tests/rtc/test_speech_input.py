"""Speech input over real connections on this machine: from a microphone to the transcript."""

import asyncio
import fractions
import itertools
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiortc import MediaStreamTrack
from av import Packet

from banker.rtc import speech_engines
from banker.speech import Recognition, Segment, SpeechUnavailable
from tests.client import microphone
from tests.rtc.facades import CustomerSession, MediaHarness, ToneVoice, both_paths
from tests.servers import wait_until
from tests.speech.sounds import Rtp, packets, pause, say

QUESTION = say("What is the balance of my account?")
WORD = say("Yes")


class Speaking(MediaStreamTrack):
    """A microphone that sends `sent` once `spoken` is set, and nothing before or after."""

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


class LengthRecogniser:
    """A recogniser whose text is the length of the audio in tenths of a second."""

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
def recogniser() -> LengthRecogniser:
    return LengthRecogniser()


@pytest.fixture
def harness(make_harness: Callable[..., MediaHarness], recogniser: LengthRecogniser) -> MediaHarness:
    tenant = {"speech": {"glossary": ["Everyday Checking"]}}
    return make_harness(recogniser=recogniser, bank=tenant)


@pytest.fixture
def customer(harness: MediaHarness) -> Iterator[CustomerSession]:
    customer = harness.customer()
    yield customer
    customer.close()


def user_words(customer: CustomerSession) -> list[str]:
    return [e["text"] for e in customer.events.of_type("transcript") if e["role"] == "user" and e["final"]]


def ask(customer: CustomerSession, pcm: bytes = QUESTION) -> Speaking:
    track = Speaking(packets(pcm + pause(0.4)))
    customer.call(microphone=track)
    return track


@both_paths
def test_speech_becomes_a_turn(customer: CustomerSession, recogniser: LengthRecogniser) -> None:
    track = ask(customer)
    customer.consent()
    track.spoken.set()
    wait_until(lambda: user_words(customer), what="the user's words", limit=6)
    assert 15 < int(user_words(customer)[0]) < 30
    assert customer.events.of_type("session.ready")[0]["hearing"] is True
    assert "Everyday Checking" in recogniser.prompts[0][0]
    assert recogniser.prompts[0][1] == "en"
    assert customer.harness.figure("banker_turn_end_seconds_count") == 1


@both_paths
@pytest.mark.parametrize(("numbers", "seconds"), [(-200, 600), (5000, -600)])
def test_a_stream_that_begins_anew_within_a_question_is_heard_whole(
    customer: CustomerSession, numbers: int, seconds: int
) -> None:
    """As of a sender that changes its source and keeps the SSRC (RFC 3550 appendix A.1)."""
    track = ask(customer)
    half = len(track.sent) // 2
    transport = customer.browser.pc.getSenders()[0].transport
    send, sent = transport._send_rtp, itertools.count()

    async def renumbered(data: bytes) -> None:
        if 192 <= data[1] < 224:  # RTCP
            return await send(data)
        number, (timestamp,) = next(sent), struct.unpack_from("!L", data, 4)
        anew = number >= half
        header = struct.pack("!HL", 1000 + number + numbers * anew, (timestamp + seconds * 48_000 * anew) % 2**32)
        return await send(data[:2] + header + data[8:])

    transport._send_rtp = renumbered
    customer.consent()
    track.spoken.set()
    wait_until(lambda: user_words(customer), what="the user's words", limit=6)
    (heard,) = user_words(customer)
    assert int(heard) >= 0.9 * len(QUESTION) / 3200
    customer.browser.send({"type": "ping", "n": 1})
    customer.events.wait_for("pong")
    assert user_words(customer) == [heard], "one turn"


def test_before_consent_the_microphone_is_discarded_undecoded(
    customer: CustomerSession, recogniser: LengthRecogniser
) -> None:
    track = ask(customer, QUESTION + pause(1) + WORD)
    track.spoken.set()
    wait_until(lambda: track._number > 100, what="two seconds of speech", limit=5)
    peer = customer.harness.calls._calls[customer.id].transport.peer
    assert peer is not None
    assert peer._microphone is not None
    assert peer._microphone._decode is None
    customer.consent()
    wait_until(lambda: user_words(customer), what="what was said after consent", limit=6)
    assert len(recogniser.prompts) <= 1
    assert int(user_words(customer)[0]) < 14


def test_two_users_who_speak_at_once_have_transcripts_of_their_own(harness: MediaHarness) -> None:
    customers = [harness.customer(), harness.customer()]
    tracks = [ask(customers[0]), ask(customers[1], WORD)]
    for customer in customers:
        customer.consent()
    for track in tracks:
        track.spoken.set()
    wait_until(lambda: all(user_words(customer) for customer in customers), what="both", limit=6)
    assert int(user_words(customers[0])[0]) > int(user_words(customers[1])[0]) + 5
    assert all(len(user_words(customer)) == 1 for customer in customers)
    for customer in customers:
        customer.close()


def test_a_call_needs_no_thread(harness: MediaHarness) -> None:
    before = threading.active_count()
    customers = [harness.customer() for _ in range(3)]
    for customer in customers:
        customer.call(microphone=microphone())
        customer.consent()
    names = [thread.name for thread in threading.enumerate()]
    ours = [name for name in names if "decoder" in name]
    # The browsers of the tests have one each; the banker's side none.
    assert len(ours) <= len(customers)
    assert threading.active_count() - before <= len(customers) + 6
    for customer in customers:
        customer.close()


def test_the_client_gets_receiver_reports(customer: CustomerSession) -> None:
    browser = customer.call(microphone=microphone())
    customer.consent()

    def reported() -> bool:
        stats = browser.run(lambda: browser.pc.getSenders()[0]._RTCRtpSender__stats)  # type: ignore[attr-defined]
        return any(stat.type == "remote-inbound-rtp" for stat in stats.values())

    wait_until(reported, what="a receiver report", limit=4)


def test_a_long_recognition_delays_no_speech_synthesis(
    make_harness: Callable[..., MediaHarness], recogniser: LengthRecogniser
) -> None:
    recogniser.gate.clear()
    harness = make_harness(ToneVoice(0.3), recogniser=recogniser)
    one, two = harness.customer(), harness.customer()
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


def test_a_service_without_a_recogniser_says_so_and_serves_text(
    make_harness: Callable[..., MediaHarness], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    harness = make_harness()
    customer = harness.customer()
    assert customer.events.wait_for("session.ready")["hearing"] is False
    customer.call(microphone=microphone())
    customer.consent()
    customer.send({"type": "message.send", "text": "hello"})
    customer.events.wait_for("transcript", role="user", text="hello")
    customer.close()

    def missing(*_: object) -> None:
        raise SpeechUnavailable("hearing needs faster_whisper; install requirements-speech.txt")

    monkeypatch.setattr(speech_engines, "load_recogniser", missing)
    assert speech_engines.load_engines(harness.config.speech).recogniser is None
    assert "requirements-speech.txt" in caplog.text


def test_a_speech_model_that_cannot_be_loaded_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from banker.config.loading import ConfigError
    from banker.config.settings import SpeechSettings
    from banker.speech import load_recogniser

    with pytest.raises(ConfigError, match=r"speech\.model"):
        load_recogniser(SpeechSettings(model=str(tmp_path)))
