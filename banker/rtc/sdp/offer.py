"""Parses an offer (RFC 9429): selects the sections to answer, and describes them for aiortc."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiortc import RTCIceCandidate

from banker.rtc.sdp.candidates import parse_candidate
from banker.rtc.sdp.description import BadOffer, Description, Section, attributes, parse_description
from banker.rtc.sdp.media import DIRECTIONS, Unusable, direction_of, media_lines, mid_of, transport_lines

MAX_MEDIA_SECTIONS = 8
KINDS = ("audio", "video", "application")
"""One section of each kind is answered. aiortc gets them in this order, because it bundles on the first transceiver."""


@dataclass(frozen=True)
class ParsedOffer:
    """An offer, and the part for aiortc: at most one section of each kind, on one transport.

    Candidates are removed from the SDP, so that offered and trickled ones are filtered alike.
    """

    sections: tuple[Section, ...]
    accepted: tuple[int, ...]
    """The answered sections, in the order of `sdp`."""
    rejected: Mapping[int, str]
    """Why the other sections are rejected: "Section 2 (text) is neither audio, video nor a data channel." """
    bundle: tuple[str, ...]
    """The BUNDLE group of the answer; empty if the offer has none (RFC 9143 section 7.3)."""
    sdp: str
    candidates: tuple[RTCIceCandidate, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the answered sections."""
        return tuple(self.sections[index].kind for index in self.accepted)


def parse_offer(text: str) -> ParsedOffer:
    """Parse an offer. Raises `BadOffer` if no section can be answered, or if it is unreasonably large."""
    offer = parse_description(text)
    if not 1 <= len(offer.sections) <= MAX_MEDIA_SECTIONS:
        raise BadOffer(f"The offer has no media section, or more than {MAX_MEDIA_SECTIONS} of them.")
    usable, rejected = _usable_sections(offer)
    bundle = _bundle(offer, usable)
    accepted = _choose(offer, usable, bundle, rejected)
    if not accepted:
        raise BadOffer("The offer cannot be answered. " + " ".join(rejected[index] for index in sorted(rejected)))
    transport = _transport(offer, [*(index for index in bundle if index in accepted), *bundle] or list(accepted))
    mids = [mid_of(offer.sections[index]) or "0" for index in accepted]
    sdp = ["v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
    sdp += ["a=ice-lite"] if "a=ice-lite" in offer.lines else []
    for index, mid in zip(accepted, mids, strict=True):
        sdp += [*usable[index], f"a=mid:{mid}", *transport]
    return ParsedOffer(
        offer.sections,
        accepted,
        rejected,
        tuple(mid_of(offer.sections[index]) or "" for index in bundle if index in accepted),
        "\r\n".join(sdp) + "\r\n",
        _candidates(offer, bundle or accepted),
    )


def _usable_sections(offer: Description) -> tuple[dict[int, list[str]], dict[int, str]]:
    """Return the lines of each usable section, and why the others are unusable."""
    usable: dict[int, list[str]] = {}
    rejected: dict[int, str] = {}
    seen: set[str | None] = {None}
    for index, section in enumerate(offer.sections):
        mid = mid_of(section)
        try:
            if mid in seen and attributes(section.lines, "mid"):
                raise Unusable("has an a=mid that is not valid, or not its own")
            usable[index] = media_lines(section, offer.lines)
        except Unusable as error:
            rejected[index] = _named(offer, index, str(error))
        seen.add(mid)
    return usable, rejected


def _bundle(offer: Description, usable: Mapping[int, object]) -> tuple[int, ...]:
    """Return the sections of the first BUNDLE group with a usable one, in its order. Unknown tags are ignored."""
    by_mid = {mid_of(section): index for index, section in reversed(list(enumerate(offer.sections)))}
    for semantics, *tags in (value.split() or [""] for value in attributes(offer.lines, "group")):
        group = tuple(dict.fromkeys(by_mid[tag] for tag in tags if tag in by_mid))
        if semantics == "BUNDLE" and any(index in usable for index in group):
            return group
    return ()


def _choose(
    offer: Description, usable: Mapping[int, object], bundle: tuple[int, ...], rejected: dict[int, str]
) -> tuple[int, ...]:
    """Select one section of each kind in the bundle, or a single one. The reasons for the others go into `rejected`."""
    chosen: list[int] = []
    for kind in KINDS:
        of_kind = [index for index in usable if offer.sections[index].kind == kind]
        inside = [index for index in of_kind if index in bundle or not (bundle or chosen)]
        rank = {index: DIRECTIONS.index(direction_of(offer.sections[index], offer.lines)) for index in inside}
        chosen += sorted(inside, key=rank.__getitem__)[:1]
        for index in of_kind:
            if index not in chosen:
                why = f"comes beside another of {kind}" if index in inside else "is outside the BUNDLE group (RFC 9143)"
                rejected[index] = _named(offer, index, why)
    return tuple(chosen)


def _transport(offer: Description, preferred: list[int]) -> list[str]:
    """Return the transport of the first section that names one. Later sections of a bundle may omit it (RFC 9143)."""
    with_transport = (index for index in preferred if attributes(offer.sections[index].lines, "ice-ufrag"))
    index = next(with_transport, preferred[0])
    try:
        return transport_lines(offer.sections[index], offer.lines)
    except Unusable as error:
        raise BadOffer(f"The offer cannot be answered. {_named(offer, index, str(error))}") from None


def _candidates(offer: Description, indices: tuple[int, ...]) -> tuple[RTCIceCandidate, ...]:
    candidates = []
    for index in sorted(indices):
        for value in attributes(offer.sections[index].lines, "candidate"):
            try:
                candidates.append(parse_candidate(value, None, index))
            except BadOffer:
                continue  # of an unknown kind (RFC 8839 section 5.1)
    return tuple(candidates)


def _named(offer: Description, index: int, reason: str) -> str:
    return f"Section {index} ({offer.sections[index].kind}) {reason}."
