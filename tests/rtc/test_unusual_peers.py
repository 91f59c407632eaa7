"""Clients that are not Chromium: other orders of media sections, RSA certificates, and strangers on the UDP port."""

import asyncio
import datetime
import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from aiortc import RTCCertificate
from aiortc.rtcsctptransport import DataChunk, serialize_packet
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from banker.rtc.sdp.offer import parse_offer
from tests.client import LOOP, Browser
from tests.rtc.facades import CustomerSession, MediaHarness, ToneVoice, both_paths
from tests.rtc.session_descriptions import AUDIO, DATA, TRANSPORT, VIDEO, described
from tests.servers import wait_until


class RsaCertificate(RTCCertificate):
    """An RSA certificate, as some SIP gateways and hardware phones have, and the cipher suites that belong to it."""

    def __init__(self) -> None:
        key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")])
        now = datetime.datetime.now(tz=datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        super().__init__(key, builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256()))

    def _create_ssl_context(self, srtp_profiles: Any) -> Any:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256")
        return context


def client(customer: CustomerSession, *kinds: str, certificate: RTCCertificate | None = None) -> Browser:
    """A client whose offer has sections of these kinds in this order, and then the events channel."""
    browser = Browser(customer.events, audio=False, channel=None)
    customer.browsers.append(browser)

    def add() -> None:
        if certificate is not None:
            browser.pc._RTCPeerConnection__certificates = [certificate]
        for kind in kinds:
            transceiver = browser.pc.addTransceiver(kind, direction="recvonly")
            browser._listen(transceiver, browser.audio if kind == "audio" else browser.video)
        browser._open_channel("events")

    browser.run(add)
    return browser


def assert_conversation_works(customer: CustomerSession, browser: Browser) -> None:
    """Events and the banker's voice arrive."""
    browser.wait_connected()
    browser.send({"type": "consent.grant", "version": "v1"})
    customer.events.wait_for("transcript", final=True)
    wait_until(lambda: len(browser.audio.packets) >= 40, what="the greeting's sound")


# -- media sections ---------------------------------------------------------------------------------------------------


@both_paths
@pytest.mark.parametrize("avatar", [False, True], ids=["voice", "voice and avatar"])
@pytest.mark.parametrize("bundle", ["0 1 2", "1 0 2", "2 1 0"])
def test_video_before_audio_is_answered(make_harness: Callable[..., MediaHarness], bundle: str, avatar: bool) -> None:
    customer = make_harness(ToneVoice(), bank={"config": {"avatar_enabled": avatar}}).customer()
    browser = client(customer, "video", "audio")
    offer = browser.offer()
    assert "a=group:BUNDLE 0 1 2" in offer
    answer = customer.offer(offer.replace("a=group:BUNDLE 0 1 2", f"a=group:BUNDLE {bundle}"))
    # aiortc, here the client, stops its transport for a group that does not begin with the first section.
    browser.accept(answer.replace(f"a=group:BUNDLE {bundle}", "a=group:BUNDLE 0 1 2"))
    assert_conversation_works(customer, browser)
    if avatar:
        wait_until(lambda: browser.video.packets, what="the avatar")
    assert customer.harness.figure('banker_rejections_total{cause="peers"}') == 0
    customer.close()


@both_paths
def test_trickled_candidates_may_name_any_section_of_the_bundle(make_harness: Callable[..., MediaHarness]) -> None:
    harness = make_harness(ToneVoice())
    customer = harness.customer()
    browser = client(customer, "video", "audio")
    candidates = re.findall(r"a=(candidate:\S+ 1 udp \d+ \d\S+ .*)", browser.offer())
    without = "".join(line for line in browser.offer().splitlines(keepends=True) if "candidate" not in line)
    browser.accept(customer.offer(without))
    for candidate in candidates:
        harness.media.candidate(customer.id, {"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0})
    assert_conversation_works(customer, browser)
    customer.close()


def test_the_first_section_of_a_bundle_lends_its_transport_to_the_others() -> None:
    first = [TRANSPORT[0].replace("Nq1E", "FIRST"), *TRANSPORT[1:]]
    offer = parse_offer(described(AUDIO, VIDEO.but(transport=first), DATA, groups=["BUNDLE 1 0 2"]))
    assert (offer.kinds, offer.accepted) == (("audio", "video", "application"), (0, 1, 2))
    assert offer.bundle == ("1", "0", "2")
    assert offer.sdp.count("a=ice-ufrag:FIRST") == 3
    assert offer.sdp.count("a=ice-ufrag:") == 3


@both_paths
def test_a_machine_without_an_address_does_not_say_that_its_ports_are_taken(
    make_harness: Callable[..., MediaHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_such_address(*_: Any, **__: Any) -> Any:
        raise OSError(99, "Cannot assign requested address")

    customer = make_harness().customer()
    offer = client(customer, "audio").offer()
    monkeypatch.setattr(asyncio.SelectorEventLoop, "create_datagram_endpoint", no_such_address)
    with pytest.raises(Exception, match="no network address"):
        customer.offer(offer)
    monkeypatch.undo()
    customer.close()


# -- certificates -----------------------------------------------------------------------------------------------------


@both_paths
def test_a_peer_with_an_rsa_certificate_connects(make_harness: Callable[..., MediaHarness]) -> None:
    customer = make_harness(ToneVoice()).customer()
    browser = client(customer, "audio", certificate=RsaCertificate())
    browser.accept(customer.offer(browser.offer()))
    assert_conversation_works(customer, browser)
    customer.close()


def test_a_peer_with_an_rsa_certificate_may_insist_on_being_the_dtls_server(
    make_harness: Callable[..., MediaHarness],
) -> None:
    customer = make_harness(ToneVoice()).customer()
    browser = client(customer, "audio", certificate=RsaCertificate())
    answer = customer.offer(browser.offer().replace("a=setup:actpass", "a=setup:passive"))
    assert "a=setup:active" in answer
    browser.accept(answer)
    assert_conversation_works(customer, browser)
    customer.close()


# -- strangers --------------------------------------------------------------------------------------------------------


def test_a_message_that_never_ends_is_not_kept(customer: CustomerSession) -> None:
    """aiortc gathers the fragments of a message without an end; its own window is a megabyte."""
    browser = customer.call()
    browser.run(lambda: browser.channel.send("x" * (3 * 1024 * 1024)) if _raise_the_limit(browser) else None)
    browser.wait_gone()
    assert customer.harness.peers == 0


@pytest.mark.parametrize("kind", ["gaps", "fragments", "streams"])
def test_chunks_that_are_never_a_message_are_not_kept(customer: CustomerSession, kind: str) -> None:
    """aiortc keeps them for the message to come, and looks at all of them for each further one."""
    browser = customer.call()
    sctp = browser.pc.sctp

    async def flood() -> None:
        step = 2 if kind == "gaps" else 1
        for count in itertools.count(0, 40):
            chunks = b""
            for place in range(count, count + 40):
                chunk = DataChunk(flags=0 if place else 2)  # the middle of a message, or at first its beginning
                chunk.tsn = (sctp._local_tsn + step * (place + 1)) % 2**32
                chunk.stream_id = place if kind == "streams" else 1
                chunk.stream_seq, chunk.protocol, chunk.user_data = 9, 51, b"x"
                chunks += bytes(chunk)
            if not customer.harness.peers:
                return
            await sctp.transport._send_data(serialize_packet(5000, 5000, sctp._remote_verification_tag, chunks))
            await asyncio.sleep(0.005)

    LOOP.run(flood(), 30)
    assert customer.harness.peers == 0
    customer.call()


def _raise_the_limit(browser: Browser) -> bool:
    """The client pretends that the banker takes messages of any size, and ignores its window."""
    browser.pc.sctp._remote_max_message_size = 0
    return True
