"""Offers in every order, direction and dialect, with lines missing or odd: each answer is one that browsers take."""

import itertools
import logging
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from banker.errors import ApiError
from banker.message_rate import MessageRateLimit
from tests.rtc.facades import CustomerSession, MediaHarness
from tests.rtc.session_descriptions import (
    AUDIO,
    DATA,
    H264,
    OPUS,
    TRANSPORT,
    VIDEO,
    OfferedSection,
    ReadSection,
    check_answer,
    described,
)

ALL = (AUDIO, VIDEO, DATA)
NO_TRANSPORT: list[str] = []
BUNDLED: dict[str, Any] = {"transport": NO_TRANSPORT, "port": 0}
TEXT = OfferedSection("m=text {port} UDP/TLS/RTP/SAVPF 98", ["a=rtcp-mux", "a=rtpmap:98 t140/1000"], "3", "sendrecv")


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "public API"])
def customer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CustomerSession]:
    """One who may make any number of offers."""
    harness = MediaHarness(tmp_path_factory.mktemp("service"), fast_path=request.param)
    with mock.patch.object(MessageRateLimit, "allows", return_value=True):
        yield harness.customer()
    harness.close()


def answered(customer: CustomerSession, offer: str) -> str:
    """The kinds of the sections that are answered, in their order; a section that is rejected is "-"."""
    return " ".join(s.kind if s.answered else "-" for s in sections(customer, offer))


def sections(customer: CustomerSession, offer: str) -> list[ReadSection]:
    answer = customer.offer(offer)
    try:
        return check_answer(offer, answer)
    except AssertionError as error:
        raise AssertionError(f"{error}\n--- offer ---\n{offer}\n--- answer ---\n{answer}") from error


def test_every_order_of_sections_and_of_the_bundle_group_is_answered(customer: CustomerSession) -> None:
    for order in itertools.permutations(ALL):
        for tags in itertools.permutations("012"):
            offer = described(*order, groups=[f"BUNDLE {' '.join(tags)}"])
            assert answered(customer, offer) == " ".join(section.kind for section in order)
    for one, other in itertools.permutations(ALL, 2):
        assert answered(customer, described(one, other)) == f"{one.kind} {other.kind}"
    for alone in ALL:
        assert answered(customer, described(alone)) == alone.kind


@pytest.mark.parametrize("audio", ["sendrecv", "sendonly", "recvonly", "inactive", None])
def test_every_direction_is_answered(customer: CustomerSession, audio: str | None) -> None:
    for video in ("sendrecv", "sendonly", "recvonly", "inactive", None):
        offer = described(AUDIO.but(direction=audio), VIDEO.but(direction=video), DATA)
        assert answered(customer, offer) == "audio video application"
    offer = described(AUDIO.but(direction=None), DATA, head=[f"a={audio or 'sendrecv'}"])
    assert answered(customer, offer) == "audio application"


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (described(*ALL, groups=[]), "audio - -"),
        (described(VIDEO, AUDIO, groups=[]), "- audio"),
        (described(DATA, groups=[]), "application"),
        (described(*ALL, groups=["BUNDLE 0", "BUNDLE 1 2"]), "audio - -"),
        (described(*ALL, groups=["BUNDLE 2 0", "BUNDLE 1"]), "audio - application"),
        (described(*ALL, groups=["LS 0 1", "BUNDLE 0 1 2"]), "audio video application"),
        (described(*ALL, groups=["BUNDLE 0 2"]), "audio - application"),
        (described(*ALL, groups=["BUNDLE 7 0 2 9"]), "audio - application"),
        (described(*ALL, groups=["BUNDLE 7", "BUNDLE 0 0 2"]), "audio - application"),
        (described(*ALL, groups=["BUNDLE"]), "audio - -"),
        (described(AUDIO.but(mid=None), groups=[]), "audio"),
        (described(AUDIO.but(mid=None), groups=["BUNDLE "]), "audio"),
        (described(AUDIO.but(mid=None), VIDEO.but(mid=None), groups=[]), "audio -"),
        (described(AUDIO, VIDEO.but(mid="0"), DATA), "audio - application"),
        (described(AUDIO.but(mid="audio0"), DATA.but(mid="d.a-t_a")), "audio application"),
    ],
)
def test_no_group_and_no_mid_is_answered_that_was_not_offered(
    customer: CustomerSession, offer: str, expected: str
) -> None:
    assert answered(customer, offer) == expected


LEGACY_DATA = DATA.but(media="m=application {port} DTLS/SCTP 5000", lines=["a=sctpmap:5000 webrtc-datachannel 256"])
PCMU = AUDIO.but(media="m=audio {port} UDP/TLS/RTP/SAVPF 0", lines=["a=rtcp-mux", "a=rtpmap:0 PCMU/8000"])
FIREFOX_DISABLED = VIDEO.but(media="m=video {port} UDP/TLS/RTP/SAVPF 120", lines=[], direction="inactive", **BUNDLED)
BUNDLE_ONLY = [section.but(**BUNDLED).with_lines("a=bundle-only") for section in (VIDEO, DATA)]


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ([AUDIO, VIDEO.but(port=0), DATA], "audio - application"),
        ([AUDIO, FIREFOX_DISABLED, DATA], "audio - application"),
        ([AUDIO.but(port=0), VIDEO, DATA], "- video application"),
        ([AUDIO, *BUNDLE_ONLY], "audio video application"),
        ([PCMU, *BUNDLE_ONLY], "- video application"),
        ([AUDIO, VIDEO.but(lines=["a=rtcp-mux", *H264]), DATA], "audio - application"),
        ([PCMU, DATA], "- application"),
        ([AUDIO, TEXT, DATA], "audio - application"),
        ([AUDIO, DATA, DATA.but(mid="3")], "audio application -"),
        ([AUDIO.but(direction="inactive"), VIDEO, AUDIO.but(mid="3")], "- video audio"),
        ([AUDIO, AUDIO.but(mid="3"), AUDIO.but(mid="4")], "audio - -"),
        ([AUDIO.without("a=rtcp-mux"), DATA], "- application"),
        ([AUDIO, DATA.without("a=sctp-port")], "audio -"),
        ([AUDIO.but(media="m=audio {port} RTP/SAVPF 111"), DATA], "audio application"),
        ([AUDIO.but(media="m=audio {port} UDP/FOO 111"), DATA], "- application"),
        ([AUDIO, LEGACY_DATA], "audio application"),
        ([AUDIO, DATA.but(media="m=application {port} TCP/DTLS/SCTP webrtc-datachannel")], "audio application"),
        ([AUDIO.but(media="m=audio {port}/2 UDP/TLS/RTP/SAVPF 111 ")], "audio"),
    ],
)
def test_a_section_is_rejected_on_its_own(
    customer: CustomerSession, offered: list[OfferedSection], expected: str
) -> None:
    assert answered(customer, described(*offered)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "a=extmap:13 urn:x y",
        "a=extmap:x urn:y",
        "a=extmap:15 urn:y",
        "a=extmap:3/sendonly urn:y",
        "a=extmap",
        "a=ssrc:1 foo",
        "a=ssrc:x cname:y",
        "a=ssrc-group:FID x y",
        "a=fmtp:111",
        "a=fmtp:18 annexb=no",
        "a=fmtp:111 minptime=ten",
        "a=rtcp-fb:111",
        "a=rtcp-fb:* nack rpsi and more words",
        "a=rtpmap:112",
        "a=rtpmap:113 opus",
        "a=rtpmap:114 opus/48k/2",
        "a=rtcp:nine IN IP4 0.0.0.0",
        "a=candidate:odd",
        "a=max-message-size:many",
        "a=sctpmap:x y z",
        "a=msid:",
        "a=simulcast:recv 1;~4",
        "c=IN IP4",
        "c=TN RFC2543 +1-201-406-4090",
        "b=AS:none",
        "a=",
        "a",
        "k=clear:x",
        "no line at all",
    ],
)
def test_a_line_that_aiortc_cannot_read_does_no_harm(customer: CustomerSession, line: str) -> None:
    everywhere = [section.with_lines(line) for section in ALL]
    assert answered(customer, described(*everywhere)) == "audio video application"
    assert answered(customer, described(*everywhere, head=[line])) == "audio video application"


def test_what_stands_in_the_session_part_counts_for_sections_that_do_not_say_it(customer: CustomerSession) -> None:
    bare = [section.but(transport=NO_TRANSPORT) for section in ALL]
    assert answered(customer, described(*bare, head=TRANSPORT)) == "audio video application"
    silent = [section.but(transport=TRANSPORT[:3]) for section in ALL]
    answers = sections(customer, described(*silent))
    assert {section.value("setup") for section in answers} == {"passive"}, "an offer without a=setup is active"


def test_lines_may_end_with_a_line_feed_alone(customer: CustomerSession) -> None:
    customer.offer(described(*ALL).replace("\r\n", "\n"))


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        ("hello", "v=0"),
        (described(groups=[]), "no media section"),
        (described(*[AUDIO] * 9), "more than 8"),
        (described(AUDIO.but(media="m=audio")), r"Section 0 of the offer has no m= line"),
        (described(AUDIO.but(lines=[])), r"Section 0 \(audio\) has no a=rtcp-mux"),
        (described(VIDEO.but(lines=["a=rtcp-mux", *H264])), r"Section 0 \(video\) offers no vp8/90000"),
        (described(AUDIO.but(lines=["a=rtcp-mux", OPUS[0].replace("111", "35")])), r"payload type from 96 to 127"),
        (described(TEXT, VIDEO.but(port=0)), r"Section 0 \(text\) is neither .* Section 1 \(video\) has port 0"),
        (described(AUDIO.but(mid="a udio")), r"Section 0 \(audio\) has an a=mid that is not valid"),
        (described(AUDIO.without("a=ice-pwd")), r"Section 0 \(audio\) has no valid a=ice-ufrag and a=ice-pwd"),
        (described(AUDIO.without("a=fingerprint")), r"Section 0 \(audio\) has no a=fingerprint"),
        (described(AUDIO.but(transport=[*TRANSPORT[:2], "a=fingerprint:sha-1 8C:8C"])), "no a=fingerprint"),
        (described(AUDIO.but(transport=[*TRANSPORT[:3], "a=setup:never"])), "a=setup"),
        (described(DATA.without("a=sctp-port").with_lines("a=sctp-port:99999")), "no valid a=sctp-port"),
    ],
)
def test_a_refusal_names_the_section_and_the_reason(
    customer: CustomerSession, offer: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "banker"), pytest.raises(ApiError, match=reason) as caught:
        customer.offer(offer)
    assert (caught.value.status, caught.value.error) == (400, "invalid_offer")
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert re.search(reason, record.getMessage())


def test_a_section_that_is_not_answered_is_one_line_of_the_log(
    customer: CustomerSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answered(customer, described(AUDIO, TEXT, DATA, groups=["BUNDLE 0 2 7 x", "BUNDLE"]))
        customer.harness.media.hang_up(customer.id)
    told = [
        record
        for record in caplog.records
        if record.name.startswith(("banker.rtc.calls.call_peers", "aiortc", "asyncio"))
    ]
    assert [(record.levelname, record.exc_info) for record in told] == [("INFO", None)]
    assert "Section 1 (text)" in told[0].getMessage()
