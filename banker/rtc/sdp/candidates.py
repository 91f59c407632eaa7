"""ICE candidates as text (RFC 8839 section 5.1)."""

import re

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

from banker.rtc.sdp.description import BadOffer

MAX_CANDIDATES = 64
"""Remote candidates of one connection, in the offer and trickled; browsers send about ten."""


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


def candidate_types(description: str) -> set[str]:
    """The types of a description's candidates: "host", "srflx", "relay"."""
    return set(re.findall(r"^a=candidate:.* typ (\w+)", description, re.MULTILINE))
