"""Any session description, candidate or mutation of a real one is answered or refused, and never breaks anything."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from banker.errors import ApiError
from banker.message_rate import MessageRateLimit
from banker.rtc.sdp.candidates import parse_candidate
from banker.rtc.sdp.description import BadOffer
from banker.rtc.sdp.offer import ParsedOffer, parse_offer
from tests.outcomes import outcome
from tests.rtc.facades import CustomerSession

OFFER = """v=0
o=- 3975 3975 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=msid-semantic:WMS *
m=audio 52010 UDP/TLS/RTP/SAVPF 96 0 8
c=IN IP4 192.0.2.1
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=mid:0
a=msid:stream track
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=ssrc:1418 cname:name
a=rtpmap:96 opus/48000/2
a=fmtp:96 minptime=10;useinbandfec=1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=candidate:1 1 udp 2130706431 192.0.2.1 52010 typ host
a=candidate:2 1 udp 1694498815 198.51.100.1 52010 typ srflx raddr 192.0.2.1 rport 52010
a=candidate:3 1 udp 2130706431 7c3d4ec0.local 52010 typ host generation 0 ufrag Nq1E network-id 1
a=end-of-candidates
a=ice-ufrag:Nq1E
a=ice-pwd:qNLrFpnZ6RoLcWxkYzVcQH
a=ice-options:trickle
a=fingerprint:sha-256 8C:FD:40:0F:06:74:84:44:3C:E6:3D:1C:A2:9E:7F:74:1B:55:5D:9A:14:90:A7:8D:6F:5C:C0:72:41:F5:25:1E
a=setup:actpass
m=video 9 UDP/TLS/RTP/SAVPF 97 98
c=IN IP4 0.0.0.0
a=recvonly
a=mid:1
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:97 VP8/90000
a=rtcp-fb:97 nack pli
a=rtpmap:98 rtx/90000
a=fmtp:98 apt=97
a=ssrc-group:FID 1419 1420
a=simulcast:recv 1;2
a=ice-ufrag:Nq1E
a=ice-pwd:qNLrFpnZ6RoLcWxkYzVcQH
a=fingerprint:sha-256 8C:FD:40:0F:06:74:84:44:3C:E6:3D:1C:A2:9E:7F:74:1B:55:5D:9A:14:90:A7:8D:6F:5C:C0:72:41:F5:25:1E
a=setup:actpass
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP6 ::
a=mid:2
a=sctp-port:5000
a=max-message-size:65536
a=ice-ufrag:Nq1E
a=ice-pwd:qNLrFpnZ6RoLcWxkYzVcQH
a=fingerprint:sha-256 8C:FD:40:0F:06:74:84:44:3C:E6:3D:1C:A2:9E:7F:74:1B:55:5D:9A:14:90:A7:8D:6F:5C:C0:72:41:F5:25:1E
a=setup:actpass""".split("\n")
CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 52010 typ host"
HOSTILE = [
    "",
    " ",
    "\t",
    "\0",
    "-1",
    "0",
    "65536",
    "9" * 30,
    "9" * 5000,
    "1e999",
    "NaN",
    "١",
    "²",
    "é",
    "\ud800",
    "x" * 2000,
]
HOSTILE += ["::1", "[::1]", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "256.1.1.1", "localhost", "%s%n"]
HOSTILE += ["audio", "video", "application", "text", "a=b=c", ":", "/", "*", "opus/48000/99", "VP8", "sha-1", "active"]
BOUNDED = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@st.composite
def descriptions(draw: st.DrawFn) -> str:
    """A real offer, with up to four lines or words of it removed, doubled, moved or replaced."""
    lines = list(OFFER)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["word", "word", "word", "drop", "double", "move", "cut", "insert"]))
        if change == "word":
            words = re.split(r"([ :/=;])", lines[place])
            words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(HOSTILE) | st.text(max_size=8))
            lines[place] = "".join(words)
        elif change == "drop":
            del lines[place]
        elif change == "double":
            lines.insert(place, lines[draw(st.integers(0, len(lines) - 1))])
        elif change == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(place))
        elif change == "cut":
            lines[place] = lines[place][: draw(st.integers(0, len(lines[place])))]
        else:
            lines.insert(place, draw(st.sampled_from(["m=", "a="])) + draw(st.text(max_size=12)))
        lines = lines or ["v=0"]
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


@BOUNDED
@given(descriptions() | st.text(max_size=200))
def test_reading_an_offer_raises_nothing_but_bad_offer(text: str) -> None:
    offer = outcome(parse_offer, text, refusal=BadOffer)
    if isinstance(offer, ParsedOffer):
        assert "a=candidate:" not in offer.sdp
        assert 1 <= len(offer.kinds) == len(set(offer.kinds)) <= 3
        assert len(offer.accepted) + len(offer.rejected) == len(offer.sections) <= 8


@BOUNDED
@given(
    st.lists(st.sampled_from([*CANDIDATE.split(" "), *HOSTILE]), max_size=12).map(" ".join) | st.text(max_size=80),
    st.none() | st.text(max_size=4),
    st.none() | st.integers(),
)
@example(CANDIDATE, "0", None)
def test_reading_a_candidate_raises_nothing_but_bad_offer(text: str, mid: str | None, index: int | None) -> None:
    candidate = outcome(parse_candidate, text, mid, index, refusal=BadOffer)
    if not isinstance(candidate, BadOffer):
        assert (candidate.sdpMid, candidate.sdpMLineIndex) == (mid, index)


def test_a_service_answers_or_refuses_any_offer_and_goes_on(
    customer: CustomerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MessageRateLimit, "allows", lambda self, now: True)
    answers = []

    @settings(BOUNDED, max_examples=40)
    @given(descriptions())
    def offer(text: str) -> None:
        found = outcome(customer.offer, text)
        if isinstance(found, ApiError):
            assert (found.status, found.error) == (400, "invalid_offer")
        else:
            answers.append(found)

    offer()
    assert all(answer.startswith("v=0") for answer in answers)
    assert len(answers) > 10, "changed so much that nothing was answered"
    customer.call()
