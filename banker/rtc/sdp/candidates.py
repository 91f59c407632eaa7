"""ICE candidates as text (RFC 8839 section 5.1)."""

import re

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

from banker.rtc.sdp.description import BadOffer

MAX_CANDIDATES = 64
"""The most remote candidates of one connection, offered and trickled. Browsers send about ten."""


def parse_candidate(text: str, mid: str | None, index: int | None) -> RTCIceCandidate:
    """Parse a candidate in the form of `RTCIceCandidate.toJSON()`. Raises `BadOffer`."""
    try:
        candidate = candidate_from_sdp(text.removeprefix("candidate:"))
    except (AssertionError, ValueError, IndexError):
        raise BadOffer("The candidate is not of the form candidate:<foundation> <component> udp …") from None
    if mid is None and index is None:
        raise BadOffer("The candidate has neither sdpMid nor sdpMLineIndex.")
    candidate.sdpMid = mid
    candidate.sdpMLineIndex = index
    return candidate


def candidate_types(description: str) -> set[str]:
    """Return the types of a description's candidates: "host", "srflx", "relay"."""
    return set(re.findall(r"^a=candidate:.* typ (\w+)", description, re.MULTILINE))
