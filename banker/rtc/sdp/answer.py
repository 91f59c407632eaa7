"""Completes aiortc's answer: puts every offered section in its place, and adds what aiortc omits."""

import ipaddress
import re
from dataclasses import replace

from banker.rtc.sdp.description import DISCARD_ADDRESS, Description, Section, parse_description
from banker.rtc.sdp.media import mid_of
from banker.rtc.sdp.offer import ParsedOffer

OPUS_PARAMETERS = "minptime=10;usedtx={usedtx};stereo=0;sprop-stereo=0"
"""What the browser should send (RFC 7587 section 6.1): mono and, with `usedtx`, nothing in silence. aiortc's answer has
no parameters for Opus. In-band FEC is not requested, because FFmpeg's decoders do not use it."""


def finish_answer(offer: ParsedOffer, answer: str, public_address: str | None, *, use_dtx: bool = True) -> str:
    """Return the answer to `offer`, made from aiortc's answer to `offer.sdp`.

    Every other section is rejected in its place (RFC 3264 section 6). A service behind a 1:1 NAT names its
    `public_address`.
    """
    ours = parse_description(answer)
    answered = dict(zip(offer.accepted, ours.sections, strict=True))
    session = [line for line in ours.lines if not line.startswith("a=group:")]
    if offer.bundle:
        session.append(f"a=group:BUNDLE {' '.join(offer.bundle)}")
    session.append("a=ice-options:trickle")
    sections = []
    for index, offered in enumerate(offer.sections):
        if index in answered:
            sections.append(_accepted(offered, answered[index], public_address, use_dtx=use_dtx))
        else:
            sections.append(replace(offered, port=0, lines=(DISCARD_ADDRESS, *_mid(offered), "a=inactive")))
    return str(Description(tuple(session), tuple(sections)))


def _accepted(offered: Section, section: Section, public_address: str | None, *, use_dtx: bool) -> Section:
    lines: list[str] = []
    for line in section.lines:
        if line.startswith("a=mid:"):
            lines += _mid(offered)
            continue
        lines.append(line if public_address is None else with_public_address(line, public_address))
        opus = re.match(r"a=rtpmap:(\d+) opus/48000", line)
        if opus:
            lines.append(f"a=fmtp:{opus[1]} {OPUS_PARAMETERS.format(usedtx=int(use_dtx))}")
    return replace(section, protocol=offered.protocol, lines=tuple(lines))


def _mid(offered: Section) -> list[str]:
    mid = mid_of(offered)
    return [] if mid is None else [f"a=mid:{mid}"]


def with_public_address(line: str, public_address: str) -> str:
    """Name the public address in host candidates of its family; the port is the same on both sides of the NAT.

    The address of a section and the related address of a reflexive or relayed candidate change too, so that clients
    do not learn the service's private addresses.
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
