"""Offers as clients write them, and a checker of the answers to them (RFC 3264, 8829, 9143)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

HEAD = ["v=0", "o=- 3975 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
TRANSPORT = [
    "a=ice-ufrag:Nq1E",
    "a=ice-pwd:qNLrFpnZ6RoLcWxkYzVcQHab",
    "a=fingerprint:sha-256 " + ":".join(["8C"] * 32),
    "a=setup:actpass",
]
OPUS = ["a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc", "a=fmtp:111 minptime=10;useinbandfec=1"]
VP8 = [
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 nack",
    "a=rtcp-fb:96 nack pli",
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=96",
]
H264 = ["a=rtpmap:96 H264/90000", "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"]
EXTENSIONS = [
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
]
ALLOWED = {
    "sendrecv": {"sendrecv", "sendonly", "recvonly", "inactive"},
    "sendonly": {"recvonly", "inactive"},
    "recvonly": {"sendonly", "inactive"},
    "inactive": {"inactive"},
}
"""The directions of an answer, by those of the offer (RFC 3264 section 6.1)."""


@dataclass(frozen=True)
class OfferedSection:
    """One section; `mid` None leaves `a=mid` out, `direction` its attribute, `transport` is what stands in it."""

    media: str
    """The m= line with "{port}" for its port."""
    lines: Sequence[str]
    mid: str | None = None
    direction: str | None = None
    port: int = 9
    transport: Sequence[str] = field(default_factory=lambda: TRANSPORT)

    @property
    def kind(self) -> str:
        return self.media.removeprefix("m=").split(" ")[0]

    def but(self, **changes: object) -> "OfferedSection":
        """The same with other fields."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def with_lines(self, *lines: str) -> "OfferedSection":
        """The same with more lines."""
        return replace(self, lines=[*self.lines, *lines])

    def without(self, *prefixes: str) -> "OfferedSection":
        """The same without the lines that begin so."""
        kept = [line for line in self.lines if not line.startswith(prefixes)]
        return replace(self, lines=kept, transport=[line for line in self.transport if not line.startswith(prefixes)])

    def __str__(self) -> str:
        lines = [self.media.format(port=self.port), "c=IN IP4 0.0.0.0", *self.transport]
        lines += [] if self.mid is None else [f"a=mid:{self.mid}"]
        lines += [] if self.direction is None else [f"a={self.direction}"]
        return "\r\n".join([*lines, *self.lines]) + "\r\n"


AUDIO = OfferedSection(
    "m=audio {port} UDP/TLS/RTP/SAVPF 111 0",
    ["a=rtcp-mux", *EXTENSIONS, *OPUS, "a=rtpmap:0 PCMU/8000"],
    "0",
    "sendrecv",
)
VIDEO = OfferedSection(
    "m=video {port} UDP/TLS/RTP/SAVPF 96 97", ["a=rtcp-mux", "a=rtcp-rsize", EXTENSIONS[1], *VP8], "1", "recvonly"
)
DATA = OfferedSection(
    "m=application {port} UDP/DTLS/SCTP webrtc-datachannel", ["a=sctp-port:5000", "a=max-message-size:262144"], "2"
)


def described(*sections: OfferedSection, groups: Iterable[str] | None = None, head: Iterable[str] = ()) -> str:
    """An offer. `groups` are values of `a=group`; None makes one of all sections; `head` goes into the session part."""
    if groups is None:
        groups = ["BUNDLE " + " ".join(section.mid or "" for section in sections)]
    lines = [*HEAD, *(f"a=group:{group}" for group in groups), *head]
    return "\r\n".join(lines) + "\r\n" + "".join(map(str, sections))


@dataclass(frozen=True)
class ReadSection:
    """A section of any description, as a strict reader takes it."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    lines: list[str]

    def values(self, name: str) -> list[str]:
        return [line.removeprefix(f"a={name}:") for line in self.lines if line.startswith(f"a={name}:")]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)

    @property
    def direction(self) -> str | None:
        return next((name for name in ALLOWED if f"a={name}" in self.lines), None)

    @property
    def answered(self) -> bool:
        return self.port != 0


def sections_of(description: str) -> tuple[list[str], list[ReadSection]]:
    """The session's lines, and the sections."""
    session, *parts = re.split(r"(?m)^(?=m=)", description.replace("\r\n", "\n"))
    sections = []
    for part in parts:
        media, *lines = part.strip("\n").split("\n")
        kind, port, protocol, *formats = media.removeprefix("m=").split()
        sections.append(ReadSection(kind, int(port.partition("/")[0]), protocol, formats, lines))
    return session.strip("\n").split("\n"), sections


def check_answer(offer: str, answer: str) -> list[ReadSection]:
    """Assert that a browser takes this answer to this offer; return the answer's sections."""
    assert re.fullmatch(r"([a-z]=[^\r\n]*\r\n)+", answer), "lines end with CRLF"
    offer_session, offered = sections_of(offer)
    session, answered = sections_of(answer)
    assert [line[0] for line in session[:4]] == ["v", "o", "s", "t"]
    assert "a=ice-options:trickle" in session
    assert [section.kind for section in answered] == [section.kind for section in offered]
    for asked, given in zip(offered, answered, strict=True):
        assert given.protocol == asked.protocol
        assert given.value("mid") == asked.value("mid")
        assert given.formats and set(given.formats) <= set(asked.formats)
        if given.answered:
            _check_section(offer_session, asked, given)
    _check_bundle(offer_session, session, offered, answered)
    return answered


def _check_section(offer_session: list[str], asked: ReadSection, given: ReadSection) -> None:
    assert asked.port or "a=bundle-only" in asked.lines, "a disabled section stays disabled"
    setup = given.value("setup")
    assert setup == {"active": "passive", "passive": "active"}.get(asked.value("setup") or "actpass", setup)
    assert setup in ("active", "passive")
    assert given.value("ice-ufrag") and given.value("ice-pwd") and given.value("fingerprint")
    if given.kind == "application":
        assert given.value("sctp-port") or given.value("sctpmap")
        return
    direction = asked.direction or next((n for n in ALLOWED if f"a={n}" in offer_session), "sendrecv")
    assert given.direction in ALLOWED[direction]
    assert "a=rtcp-mux" in asked.lines or "a=rtcp-mux" not in given.lines
    for name in ("rtpmap", "rtcp-fb"):
        assert {value.lower() for value in given.values(name)} <= {value.lower() for value in asked.values(name)}
    assert {value.split()[0] for value in given.values("rtpmap")} == set(given.formats)
    assert set(given.values("extmap")) <= set(asked.values("extmap"))


def _check_bundle(
    offer_session: list[str], session: list[str], offered: list[ReadSection], answered: list[ReadSection]
) -> None:
    groups = [line.split()[1:] for line in offer_session if line.startswith("a=group:BUNDLE")]
    ours = [line.split()[1:] for line in session if line.startswith("a=group:BUNDLE")]
    alive = [section for section in answered if section.answered]
    if not ours:
        assert len(alive) <= 1, "without a group each section has a transport of its own"
        return
    (group,) = ours
    assert set(group) == {section.value("mid") for section in alive}
    asked = next(tags for tags in groups if set(group) <= set(tags))
    assert group == [tag for tag in dict.fromkeys(asked) if tag in group], (
        "the first one not rejected is the answerer's tagged section"
    )
    assert len({section.value("ice-ufrag") for section in alive}) == 1
