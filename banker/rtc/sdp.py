"""The text of offers and answers (RFC 8866, RFC 9429): what is read from one and added to the other."""

import ipaddress
import re
from dataclasses import dataclass

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

MAX_MEDIA_SECTIONS = 8
MAX_CANDIDATES = 64
"""Remote candidates of one connection, in the offer and trickled; browsers send about ten."""
OPUS_PARAMETERS = "minptime=10;usedtx={usedtx};stereo=0;sprop-stereo=0"
"""What the browser is asked to send (RFC 7587 section 6.1): mono, and with `usedtx` nothing in silence. aiortc's answer
has no parameters for Opus. In-band FEC is not asked for, because FFmpeg's decoders do not use it."""
TRANSPORT_ATTRIBUTES = ("a=ice-ufrag:", "a=ice-pwd:", "a=ice-options:", "a=fingerprint:", "a=setup:")
"""Attributes of a section that a BUNDLE group takes from its first one (RFC 9143 section 7.1.3)."""


class BadOffer(ValueError):
    """The offer cannot be answered; the message says why."""


@dataclass(frozen=True)
class ParsedOffer:
    """An offer as aiortc can answer it, on one transport.

    Candidates are taken out, so that those in the offer and trickled ones are filtered alike.
    """

    sdp: str
    """The description without candidates; the BUNDLE group begins with the section `transport_index`."""
    kinds: tuple[str, ...]
    """The kind of each media section: "audio", "video" or "application"."""
    transport_index: int
    """The section whose transport carries all others: what aiortc makes it, the first audio, video or other one."""
    candidates: tuple[RTCIceCandidate, ...]


def parse_offer(offer: str) -> ParsedOffer:
    """Read an offer. Raises `BadOffer` when it is not a session description, or unreasonably large."""
    lines = offer.replace("\r\n", "\n").rstrip("\n").split("\n")
    if lines[0] != "v=0":
        raise BadOffer("The offer is not a session description: its first line must be v=0.")
    if not any(line.startswith("a=fingerprint:") for line in lines):
        raise BadOffer("The offer has no a=fingerprint, and media is always encrypted (RFC 8827 section 6.5).")
    parts: list[list[str]] = [[]]
    candidates: list[RTCIceCandidate] = []
    for line in lines:
        if line.startswith("m="):
            parts.append([])
        if line.startswith("a=candidate:"):
            if len(parts) > 1:
                candidates.append(parse_candidate(line.removeprefix("a="), None, len(parts) - 2))
        elif line != "a=end-of-candidates":
            parts[-1].append(line)
    session, *sections = parts
    if not 1 <= len(sections) <= MAX_MEDIA_SECTIONS:
        raise BadOffer(f"The offer has no media section, or more than {MAX_MEDIA_SECTIONS} of them.")
    kinds = tuple(section[0].removeprefix("m=").partition(" ")[0] for section in sections)
    index = next((kinds.index(kind) for kind in ("audio", "video") if kind in kinds), 0)
    session, sections = _bundle_on(index, session, sections)
    text = "\r\n".join(line for part in (session, *sections) for line in part) + "\r\n"
    return ParsedOffer(text, kinds, index, tuple(candidates))


def _bundle_on(index: int, session: list[str], sections: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Have the BUNDLE group begin with the section `index`, which gets the transport of the one that began it.

    aiortc stops the transport of any other section that begins a group, and with it the one that it has bundled on.
    """
    place = next((n for n, line in enumerate(session) if line.startswith("a=group:BUNDLE ")), None)
    if place is None:
        return session, sections
    group = session[place].split()[1:]
    mids = [next((line[6:] for line in section if line.startswith("a=mid:")), "") for section in sections]
    if group[:1] == mids[index : index + 1]:
        return session, sections
    if not group or not set(group) <= set(mids) or mids[index] not in group:
        raise BadOffer("The offer's a=group:BUNDLE must name its media sections by their a=mid (RFC 9143).")
    shared = [line for line in sections[mids.index(group[0])] if line.startswith(TRANSPORT_ATTRIBUTES)]
    group.remove(mids[index])
    session = [*session[:place], " ".join(["a=group:BUNDLE", mids[index], *group]), *session[place + 1 :]]
    return session, [
        [*(line for line in section if not line.startswith(TRANSPORT_ATTRIBUTES)), *shared]
        if mid in (mids[index], *group)
        else section
        for mid, section in zip(mids, sections, strict=True)
    ]


def parse_candidate(text: str, mid: str | None, index: int | None) -> RTCIceCandidate:
    """Read a candidate as `RTCIceCandidate.toJSON()` writes it. Raises `BadOffer`."""
    try:
        candidate = candidate_from_sdp(text.removeprefix("candidate:"))
    except (AssertionError, ValueError, IndexError):
        raise BadOffer("The candidate is not of the form candidate:<foundation> <component> udp …") from None
    if mid is None and index is None:
        raise BadOffer("The candidate has neither sdpMid nor sdpMLineIndex.")
    candidate.sdpMid = mid
    candidate.sdpMLineIndex = index
    return candidate


def finish_answer(answer: str, public_address: str | None, *, use_dtx: bool = True) -> str:
    """Add what aiortc leaves out: the Opus parameters, and the public address of a service behind a 1:1 NAT."""
    lines = []
    for line in answer.replace("\r\n", "\n").rstrip("\n").split("\n"):
        if public_address is not None:
            line = _with_public_address(line, public_address)
        lines.append(line)
        opus = re.match(r"a=rtpmap:(\d+) opus/48000", line)
        if opus:
            lines.append(f"a=fmtp:{opus[1]} {OPUS_PARAMETERS.format(usedtx=int(use_dtx))}")
    return "\r\n".join(lines) + "\r\n"


def candidate_types(description: str) -> set[str]:
    """The types of a description's candidates: "host", "srflx", "relay"."""
    return set(re.findall(r"^a=candidate:.* typ (\w+)", description, re.MULTILINE))


def _with_public_address(line: str, public_address: str) -> str:
    """Name the public address in host candidates of its family; the port is the same on both sides of the NAT.

    The address of a section and the related address of a reflexive or relayed candidate change, too: clients do not
    learn the service's private addresses.
    """
    words = line.split(" ")
    places = []
    if line.startswith("a=candidate:"):
        places = [4] if "host" in words[6:8] else [words.index("raddr") + 1] if "raddr" in words else []
    elif line.startswith("c=IN "):
        places = [2]
    for place in places:
        if ipaddress.ip_address(words[place]).version == ipaddress.ip_address(public_address).version:
            words[place] = public_address
    return " ".join(words)
