"""The voice as the client receives it over a real connection on this machine."""

import array
import time
from collections.abc import Callable, Iterator

import pytest

from banker.errors import ApiError
from banker.rtc.audio_out.opus_encoder import SILENCE
from tests.client import SAMPLE_RATE, Browser
from tests.rtc.facades import CustomerSession, MediaHarness, ToneVoice, both_paths
from tests.servers import wait_until

PRE_ROLL = 0.2

pytestmark = both_paths


@pytest.fixture
def voice() -> ToneVoice:
    return ToneVoice(1.0)


@pytest.fixture
def harness(make_harness: Callable[..., MediaHarness], voice: ToneVoice) -> MediaHarness:
    return make_harness(voice)


@pytest.fixture
def customer(harness: MediaHarness) -> Iterator[CustomerSession]:
    customer = harness.customer()
    yield customer
    customer.close()


def loud(pcm: bytes) -> list[bool]:
    """Whether each 20 ms frame is loud."""
    samples = array.array("h", pcm)
    frames = [samples[at : at + 960] for at in range(0, len(samples), 960)]
    return [sum(map(abs, frame)) / max(1, len(frame)) > 1000 for frame in frames]


def hertz(pcm: bytes) -> float:
    samples = array.array("h", pcm)
    rising = [n for n in range(1, len(samples)) if samples[n - 1] < 0 <= samples[n]]
    return (len(rising) - 1) * SAMPLE_RATE / (rising[-1] - rising[0])


def test_a_tone_arrives_with_its_pitch_and_length(customer: CustomerSession) -> None:
    browser = customer.call()
    customer.consent()
    customer.events.wait_for("transcript", final=True)
    heard = browser.sound()
    frames = loud(heard)
    first, last = frames.index(True), len(frames) - frames[::-1].index(True)
    assert (last - first) * 0.02 == pytest.approx(1.0, abs=0.041)
    assert hertz(heard[(first + 2) * 1920 : (last - 2) * 1920]) == pytest.approx(1000, abs=5)
    arrivals = [at for *_, at in browser.audio.packets]
    assert arrivals[-1] - arrivals[0] == pytest.approx(1.2, abs=0.25)


def test_the_first_word_arrives_whole_each_time(harness: MediaHarness) -> None:
    for _ in range(8):
        customer = harness.customer()
        browser = customer.call()
        customer.consent()
        wait_until(lambda: len(browser.audio.packets) >= 30, what="600 ms of sound", limit=3)  # noqa: B023
        numbers = [number for number, *_ in browser.audio.packets]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        frames = loud(browser.sound())
        # 200 ms for the browser's jitter buffer, and then the first 300 ms of the voice without a gap.
        first = frames.index(True)
        assert PRE_ROLL * 50 <= first <= PRE_ROLL * 50 + 2
        assert all(frames[first : first + 15])
        customer.close()


def test_silence_sends_nothing(customer: CustomerSession, voice: ToneVoice) -> None:
    voice.gate.clear()
    browser = customer.call()
    first = len(SILENCE.packets)
    wait_until(lambda: len(browser.audio.packets) >= first, what="200 ms of silence at the beginning")
    wait_until(lambda: time.monotonic() - browser.audio.packets[-1][3] > 0.2, what="200 ms without a packet")
    assert len(browser.audio.packets) == first
    customer.consent()
    wait_until(lambda: voice.said, what="the voice being asked")
    voice.gate.set()
    wait_until(lambda: len(browser.audio.packets) > first, what="the voice")
    (number, timestamp, *_), (next_number, next_timestamp, *_) = browser.audio.packets[first - 1 : first + 1]
    assert next_number == number + 1
    assert next_timestamp - timestamp > 960, "time passed, and no packet"


def test_cancel_stops_the_voice_within_a_packet_or_two(customer: CustomerSession) -> None:
    browser = customer.call()
    customer.consent()
    wait_until(lambda: len(browser.audio.packets) >= 40, what="the voice")
    customer.send({"type": "speech.cancel"})
    said = len(browser.audio.packets)
    transcript = customer.events.wait_for("transcript", final=True)
    assert transcript["interrupted"]
    assert "Welcome to the bank of the tests.".startswith(transcript["text"])
    assert len(browser.audio.packets) <= said + 3


def test_revoked_consent_silences_even_what_is_being_synthesised(customer: CustomerSession, voice: ToneVoice) -> None:
    voice.gate.clear()
    browser = customer.call()
    customer.consent()
    wait_until(lambda: voice.said, what="the voice being asked")
    customer.send({"type": "consent.revoke"})
    voice.gate.set()
    wait_until(
        lambda: customer.events.of_type("state")[-1:] == [{"type": "state", "state": "listening"}], what="silence"
    )
    calls = customer.harness.calls
    wait_until(
        lambda: calls._speech.synthesis is not None and not calls._speech.synthesis._in_progress,
        what="the end of the synthesis",
    )
    with pytest.raises(ApiError, match=r"consent\.grant"):
        customer.send({"type": "message.send", "text": "hello"})  # handled after everything before it
    peer = calls._calls[customer.id].transport.peer
    assert peer is not None
    assert peer.speaker.mouth() is None, "nothing is on its way"
    assert not any(loud(browser.sound()))


def test_the_end_of_a_session_stops_speech_that_is_still_being_synthesised(
    customer: CustomerSession, voice: ToneVoice
) -> None:
    voice.gate.clear()
    browser = customer.call()
    customer.consent()
    wait_until(lambda: voice.said, what="the voice being asked")
    began = time.monotonic()
    customer.harness.sessions.end(customer.id)
    customer.events.wait_for("session.ended", reason="ended")
    browser.wait_gone()
    assert time.monotonic() - began < 1
    voice.gate.set()
    assert not any(loud(browser.sound()))


def test_the_greeting_is_synthesised_once_for_all_sessions(harness: MediaHarness, voice: ToneVoice) -> None:
    customers = [harness.customer() for _ in range(3)]
    for customer in customers:
        customer.call()
        customer.consent()
    for customer in customers:
        customer.events.wait_for("transcript", final=True)
        assert any(loud(customer.browser.sound()))
        customer.close()
    assert voice.said == ["Welcome to the bank of the tests."]


def test_a_failed_synthesis_falls_back_to_text(make_harness: Callable[..., MediaHarness]) -> None:
    class Broken(ToneVoice):
        def synthesise(self, text: str, rate: float = 1.0) -> Iterator[bytes]:
            raise RuntimeError("no voice today")

    customer = make_harness(Broken()).customer()
    customer.call()
    customer.consent()
    assert customer.events.wait_for("transcript", final=True)["text"] == "Welcome to the bank of the tests."
    customer.close()


def test_a_client_that_cannot_hear_is_greeted_in_text(harness: MediaHarness) -> None:
    """Its audio section is sendonly."""
    customer = harness.customer()
    browser = Browser(customer.events)
    customer.browsers.append(browser)
    browser.accept(customer.offer(browser.offer().replace("a=recvonly", "a=sendonly")))
    browser.wait_connected()
    customer.consent()
    assert customer.events.wait_for("transcript", limit=4, final=True)
    customer.close()
