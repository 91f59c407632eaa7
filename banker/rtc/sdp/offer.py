"""Reads an offer (RFC 9429): which of its sections are answered, and a description of those that aiortc understands."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiortc import RTCIceCandidate

from banker.rtc.sdp.candidates import parse_candidate
from banker.rtc.sdp.description import BadOffer, Description, Section, attributes, parse_description
from banker.rtc.sdp.media import DIRECTIONS, Unusable, direction_of, media_lines, mid_of, transport_lines

MAX_MEDIA_SECTIONS = 8
KINDS = ("audio", "video", "application")
"""One section of each is answered. aiortc gets them in this order, because it bundles on its first transceiver."""


@dataclass(frozen=True)
class ParsedOffer:
    """An offer, and what aiortc gets of it: at most one section of each kind, on one transport.

    Candidates are taken out, so that those in the offer and trickled ones are filtered alike.
    """

    sections: tuple[Section, ...]
    accepted: tuple[int, ...]
    """The sections that are answered, in the order that they have in `sdp`."""
    rejected: Mapping[int, str]
    """Why the other sections are not: "Section 2 (text) is neither audio, video nor a data channel." """
    bundle: tuple[str, ...]
    """The BUNDLE group of the answer; empty if the offer has none (RFC 9143 section 7.3)."""
    sdp: str
    candidates: tuple[RTCIceCandidate, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the sections that are answered."""
        return tuple(self.sections[index].kind for index in self.accepted)


def parse_offer(text: str) -> ParsedOffer:
    """Read an offer. Raises `BadOffer` when nothing of it can be answered, or when it is unreasonably large."""
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
    """The lines of each section that could be answered, and why the others cannot."""
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
    """The sections of the first BUNDLE group of which one can be used, in its order. Tags of no section are ignored."""
    by_mid = {mid_of(section): index for index, section in reversed(list(enumerate(offer.sections)))}
    for semantics, *tags in (value.split() or [""] for value in attributes(offer.lines, "group")):
        group = tuple(dict.fromkeys(by_mid[tag] for tag in tags if tag in by_mid))
        if semantics == "BUNDLE" and any(index in usable for index in group):
            return group
    return ()


def _choose(
    offer: Description, usable: Mapping[int, object], bundle: tuple[int, ...], rejected: dict[int, str]
) -> tuple[int, ...]:
    """One section of each kind within the bundle, or one alone; why the others are not goes into `rejected`."""
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
    """The transport of the first section that names one: those of a bundle that follow may go without (RFC 9143)."""
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
                continue  # of a kind that is not known (RFC 8839 section 5.1)
    return tuple(candidates)


def _named(offer: Description, index: int, reason: str) -> str:
    return f"Section {index} ({offer.sections[index].kind}) {reason}."
