"""The text of offers and answers (RFC 8866, RFC 9429): what is taken out of one and added to the other."""

import ipaddress
import re

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

MAX_MEDIA_SECTIONS = 8
MAX_CANDIDATES = 64
"""Of one client, in the offer and trickled; what comes after them is passed over."""
OPUS_FMTP = "minptime=10;usedtx=1;stereo=0;sprop-stereo=0"
"""Asks the browser for mono and for silence in silence (RFC 7587 §6.1); aiortc's answers say nothing on Opus. In-band
FEC is not asked for: FFmpeg's decoders make no use of it."""


class BadOffer(ValueError):
    """The offer cannot be answered; the message says why."""


def take_candidates(offer: str) -> tuple[str, list[RTCIceCandidate]]:
    """Split an offer from its candidates, so that those of both ways (in the offer, trickled) are treated alike.

    Raises `BadOffer` for an offer that is no session description or unreasonably large.
    """
    lines = offer.replace("\r\n", "\n").rstrip("\n").split("\n")
    if lines[0] != "v=0":
        raise BadOffer("The offer is no session description: its first line must be v=0.")
    kept: list[str] = []
    candidates: list[RTCIceCandidate] = []
    section = -1
    for line in lines:
        if line.startswith("m="):
            section += 1
        if line.startswith("a=candidate:"):
            if section >= 0:
                candidates.append(parse_candidate(line.removeprefix("a="), None, section))
        elif line != "a=end-of-candidates":
            kept.append(line)
    if not 0 <= section < MAX_MEDIA_SECTIONS:
        raise BadOffer(f"The offer has no media section, or more than {MAX_MEDIA_SECTIONS} of them.")
    if not any(line.startswith("a=fingerprint:") for line in kept):
        raise BadOffer("The offer has no a=fingerprint: media is encrypted or not at all (RFC 8827 §6.5).")
    return "\r\n".join(kept) + "\r\n", candidates


def parse_candidate(text: str, mid: str | None, index: int | None) -> RTCIceCandidate:
    """A candidate as `RTCIceCandidate.toJSON()` writes it. Raises `BadOffer`."""
    try:
        candidate = candidate_from_sdp(text.removeprefix("candidate:"))
    except (AssertionError, ValueError, IndexError):
        raise BadOffer("The candidate is not of the form candidate:<foundation> <component> udp …") from None
    if mid is None and index is None:
        raise BadOffer("The candidate has neither sdpMid nor sdpMLineIndex.")
    candidate.sdpMid = mid
    candidate.sdpMLineIndex = index
    return candidate


def finish_answer(answer: str, public_address: str | None) -> str:
    """Add what aiortc leaves out: the Opus parameters, and the public address of a service behind a 1:1 NAT."""
    lines = []
    for line in answer.replace("\r\n", "\n").rstrip("\n").split("\n"):
        if public_address is not None:
            line = _seen_from_outside(line, public_address)
        lines.append(line)
        opus = re.match(r"a=rtpmap:(\d+) opus/48000", line)
        if opus:
            lines.append(f"a=fmtp:{opus[1]} {OPUS_FMTP}")
    return "\r\n".join(lines) + "\r\n"


def _seen_from_outside(line: str, public_address: str) -> str:
    """Host candidates of the same address family name the public address; the port is the same on both sides.

    So does the address of the section, and what a reflexive or relayed candidate is related to: the private addresses
    of the service are nobody's business.
    """
    parts = line.split(" ")
    named = []
    if line.startswith("a=candidate:"):
        named = [4] if "host" in parts[6:8] else [parts.index("raddr") + 1] if "raddr" in parts else []
    elif line.startswith("c=IN "):
        named = [2]
    for place in named:
        if ipaddress.ip_address(parts[place]).version == ipaddress.ip_address(public_address).version:
            parts[place] = public_address
    return " ".join(parts)
