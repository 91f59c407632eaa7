"""How offers are answered: valid, unusual and hostile ones."""

import concurrent.futures
import re
import time
from collections.abc import Callable

import pytest

from banker.errors import ApiError
from banker.rtc.peers import peer as peer_module
from tests.client import Browser
from tests.rtc.facades import (
    CustomerSession,
    MediaHarness,
    ToneVoice,
    both_paths,
    open_sockets_of_peers,
    remote_candidates,
)
from tests.servers import wait_until

pytestmark = both_paths


def refusal(customer: CustomerSession, offer: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        customer.offer(offer)
    return caught.value


def outcome_of(customer: CustomerSession, offer: str) -> str | ApiError:
    """The answer or the error."""
    try:
        return customer.offer(offer)
    except ApiError as error:
        return error


@pytest.fixture
def offer() -> str:
    browser = Browser()
    sdp = browser.offer()
    browser.close()
    return sdp


def test_the_answer_asks_for_mono_and_dtx(customer: CustomerSession, fast_path: bool) -> None:
    browser = Browser(customer.events)
    answer = customer.offer(browser.offer())
    opus = re.search(r"a=rtpmap:(\d+) opus/48000/2", answer)
    assert opus
    (parameters,) = re.findall(rf"a=fmtp:{opus[1]} (\S+)", answer)
    # aiortc's own jitter buffer would hold the end of a turn back until the next packet, which DTX sends 0.4 s later.
    assert {f"usedtx={int(fast_path)}", "stereo=0"} <= set(parameters.split(";"))
    browser.close()


@pytest.mark.parametrize(
    "garbage",
    [
        "hello",
        "v=0\r\n",
        "v=0\r\nm=audio",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n",
        "v=0" + "\0" * 100,
        "m=" * 30_000,
    ],
)
def test_garbage_is_refused_and_the_next_offer_is_answered(customer: CustomerSession, garbage: str) -> None:
    assert refusal(customer, garbage).error == "invalid_offer"
    customer.call()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a=ice-ufrag", "a=x-ufrag"),
        ("a=fingerprint", "a=x-print"),
        ("a=rtcp-mux", "a=x-mux"),
        ("opus/48000/2", "strange/48000/2"),
        ("a=group:BUNDLE 0", "a=group:BUNDLE 7 0"),
        ("a=mid:0", "a=mid:1"),
        ("a=fmtp:", "a=fmtp"),
        ("a=setup:actpass", "a=setup:never"),
    ],
)
def test_a_damaged_offer_never_breaks_anything(customer: CustomerSession, offer: str, old: str, new: str) -> None:
    # It may be answered or refused; the next call has to work.
    outcome = outcome_of(customer, offer.replace(old, new).replace("PCM", "XCM"))
    assert isinstance(outcome, str) or outcome.error == "invalid_offer"
    customer.call()
    assert customer.harness.peers == 1


def test_an_offer_without_opus_is_answered_without_sound(customer: CustomerSession, offer: str) -> None:
    answer = customer.offer(offer.replace("opus/48000/2", "opux/48000/2"))
    assert re.findall(r"m=(\w+ 0)?", answer) == ["audio 0", ""]


def test_an_offer_without_audio_still_has_its_events_channel(make_harness: Callable[..., MediaHarness]) -> None:
    customer = make_harness(ToneVoice()).customer()
    customer.call(audio=False)
    customer.browser.send({"type": "consent.grant", "version": "v1"})
    # There is a voice but no audio section, so the greeting comes as text at once.
    assert customer.events.wait_for("transcript", final=True)["text"] == "Welcome to the bank of the tests."
    customer.close()


def test_a_camera_is_not_received(customer: CustomerSession) -> None:
    browser = customer.call(camera=True)
    video = next(t for t in browser.pc.getTransceivers() if t.kind == "video")
    assert video.currentDirection == "inactive"


def test_nine_sections_are_refused(customer: CustomerSession, offer: str) -> None:
    section = offer[offer.index("m=audio") : offer.index("m=application")]
    assert "8" in refusal(customer, offer + section * 8).message


def test_of_a_hundred_candidates_the_first_are_taken(customer: CustomerSession) -> None:
    more = "".join(f"a=candidate:9{n} 1 udp 100 192.0.2.{n + 1} {2000 + n} typ host\r\n" for n in range(100))
    browser = Browser(customer.events)
    answer = customer.offer(browser.offer().replace("a=ice-ufrag", more + "a=ice-ufrag", 1))
    browser.accept(answer)
    browser.wait_connected()
    peer = customer.harness.calls._calls[customer.id].transport.peer
    assert peer is not None
    assert len(remote_candidates(peer)) <= 70
    browser.close()


def test_an_offer_of_64_kib_is_answered_or_refused_at_once(customer: CustomerSession, offer: str) -> None:
    lines = "".join(f"a=ssrc:{n} cname:x\r\n" for n in range(2500))
    began = time.monotonic()
    refused_or_answered = offer.replace("m=application", lines + "m=application")
    assert len(refused_or_answered) < 64 * 1024
    customer.offer(refused_or_answered)
    assert time.monotonic() - began < 2


def test_a_second_offer_replaces_the_first_peer_without_a_second_greeting(customer: CustomerSession) -> None:
    first = customer.call()
    first.send({"type": "consent.grant", "version": "v1"})
    customer.events.wait_for("transcript", final=True)
    second = customer.call()
    first.wait_gone()
    ready = customer.events.wait_for("session.ready", nth=3)
    assert [turn["text"] for turn in ready["history"]] == ["Welcome to the bank of the tests."]
    assert not ready["consent_required"]
    second.send({"type": "confirm"})
    customer.events.wait_for("error")
    assert len([e for e in customer.events.of_type("transcript") if e["final"]]) == 1
    assert customer.harness.peers == 1


def test_a_bad_offer_leaves_the_earlier_peer_alone(customer: CustomerSession) -> None:
    browser = customer.call()
    assert refusal(customer, "v=0").error == "invalid_offer"
    browser.send({"type": "consent.grant", "version": "wrong"})
    assert customer.events.wait_for("error")["error"] == "consent_outdated"


def test_two_offers_at_once_leave_one_peer(customer: CustomerSession) -> None:
    browsers = [Browser(customer.events) for _ in range(3)]
    offers = [browser.offer() for browser in browsers]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(customer.offer, offer) for offer in offers]:
            future.exception()
    assert customer.harness.peers == 1
    customer.harness.media.hang_up(customer.id)
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket being closed")
    for browser in browsers:
        browser.close()


def test_offers_are_bounded(customer: CustomerSession, offer: str) -> None:
    outcomes = [outcome_of(customer, offer) for _ in range(8)]
    assert all(isinstance(outcome, str) for outcome in outcomes[:6])
    assert [outcome.error for outcome in outcomes[6:] if isinstance(outcome, ApiError)] == ["too_many_offers"] * 2


def test_an_offer_that_never_connects_frees_its_place(
    make_harness: Callable[..., MediaHarness], offer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_module, "CONNECT_TIMEOUT_S", 0.3)
    customer = make_harness().customer()
    customer.offer(offer)
    assert customer.harness.peers == 1
    wait_until(lambda: customer.harness.peers == 0, what="the place being free")
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket being closed")


def test_a_full_worker_says_so(make_harness: Callable[..., MediaHarness]) -> None:
    harness = make_harness(service={"media": {"max_peers": 1, "allow_private_candidates": True}})
    one, other = harness.customer(), harness.customer()
    one.call()
    with pytest.raises(ApiError) as caught:
        harness.media.admit(other.id)
    assert caught.value.status == 503
    assert "Retry-After" in caught.value.headers
    harness.media.admit(one.id)  # a connected session may offer again
    one.browser.close()
    wait_until(lambda: harness.peers == 0, what="the place being free")
    other.call()
    other.close()
