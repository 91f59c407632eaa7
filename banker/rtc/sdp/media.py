"""Rewrites one section of an offer into lines that aiortc can parse, or says why the section is rejected."""

import re
from collections.abc import Iterable

from banker.rtc.sdp.description import DISCARD_ADDRESS, Section, attributes

RTP_PROTOCOLS = {
    f"{transport}RTP/{profile}"
    for transport in ("UDP/TLS/", "TCP/DTLS/", "")
    for profile in ("SAVPF", "SAVP", "AVPF", "AVP")
}
SCTP_PROTOCOLS = {"UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"}
"""All of these mean DTLS over the transport that ICE finds. The answer repeats the offered one (RFC 9429 sections 5.1.2
and 5.3.1)."""
CODECS = {"audio": "opus/48000", "video": "vp8/90000"}
DEFAULT_MESSAGE_BYTES = 65536
"""The message size limit of an offer that does not specify one (RFC 8841 section 6.1)."""
DIRECTIONS = ("sendrecv", "recvonly", "sendonly", "inactive")
"""Ordered by usefulness to the banker, for whom speaking matters more than listening."""
SETUPS = ("actpass", "active", "passive")
_MID = re.compile(r"[\w!#$%&'*+.^`{|}~-]{1,64}", re.ASCII)
_EXTENSION = re.compile(r"([1-9]|1[0-4]) [!-~]+")
_FEEDBACK = re.compile(r"(\*|\d+)( [!-~]+){1,4}", re.ASCII)
_FINGERPRINT = re.compile(r"(?i:sha-(256|384|512) [0-9a-f]{2}(:[0-9a-f]{2})+)")
_UFRAG, _PASSWORD = re.compile(r"[a-zA-Z0-9+/]{4,256}"), re.compile(r"[a-zA-Z0-9+/]{22,256}")
"""RFC 8839 section 5.4."""


class Unusable(Exception):
    """A section has to be rejected. The message says why, and continues the section's name."""


def mid_of(section: Section) -> str | None:
    """Return the identification of a section (RFC 5888 section 4); None without a valid one."""
    mid = next(iter(attributes(section.lines, "mid")), "").strip()
    return mid if _MID.fullmatch(mid) else None


def direction_of(section: Section, session: Iterable[str]) -> str:
    """Return the direction of a section: its own, the session's, or else "sendrecv" (RFC 8866 section 6.7)."""
    names = [line.rstrip().removeprefix("a=") for line in (*section.lines, *session)]
    return next((name for name in names if name in DIRECTIONS), "sendrecv")


def media_lines(section: Section, session: Iterable[str]) -> list[str]:
    """Return the m= line and all lines except those of the transport and `a=mid`. Raises `Unusable`."""
    if not section.port and "a=bundle-only" not in section.lines:
        raise Unusable("has port 0")
    if section.kind in CODECS:
        return _rtp_lines(section, direction_of(section, session))
    if section.kind == "application":
        return _sctp_lines(section)
    raise Unusable("is neither audio, video nor a data channel")


def transport_lines(section: Section, session: tuple[str, ...]) -> list[str]:
    """Return ICE credentials, certificate and DTLS role of a section or the session. Raises `Unusable`."""

    def found(name: str) -> list[str]:
        return [value.strip() for value in attributes(section.lines, name) or attributes(session, name)]

    ufrag, password = (next(iter(found(name)), "") for name in ("ice-ufrag", "ice-pwd"))
    if not _UFRAG.fullmatch(ufrag) or not _PASSWORD.fullmatch(password):
        raise Unusable("has no valid a=ice-ufrag and a=ice-pwd (RFC 8839 section 5.4)")
    fingerprints = [value for value in found("fingerprint") if _FINGERPRINT.fullmatch(value)]
    if not fingerprints:
        raise Unusable("has no a=fingerprint of SHA-256, and media is always encrypted (RFC 8827 section 6.5)")
    setup = next(iter(found("setup")), "active")  # the default of RFC 4145 section 4
    if setup not in SETUPS:
        raise Unusable("has an a=setup that is none of actpass, active and passive")
    lines = [f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}"]
    return [*lines, *(f"a=fingerprint:{value}" for value in fingerprints), f"a=setup:{setup}"]


def _rtp_lines(section: Section, direction: str) -> list[str]:
    if section.protocol not in RTP_PROTOCOLS:
        raise Unusable("is not of the profile UDP/TLS/RTP/SAVPF")
    if not any(attributes(section.lines, name) for name in ("rtcp-mux", "rtcp-mux-only")):
        raise Unusable("has no a=rtcp-mux (RFC 8834 section 4.5)")
    codec = CODECS[section.kind]
    of_codec = re.compile(rf"(9[6-9]|1[01]\d|12[0-7]) +({codec}(/\d)?)", re.IGNORECASE | re.ASCII)
    known = (of_codec.fullmatch(value.strip()) for value in attributes(section.lines, "rtpmap"))
    payload = next((match for match in known if match and match[1] in section.formats), None)
    if payload is None:
        raise Unusable(f"offers no {codec} with a payload type from 96 to 127")
    return [
        f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {payload[1]}",
        DISCARD_ADDRESS,
        f"a={direction}",
        "a=rtcp-mux",
        f"a=rtpmap:{payload[1]} {payload[2]}",
        *(f"a=rtcp-fb:{value}" for value in attributes(section.lines, "rtcp-fb") if _FEEDBACK.fullmatch(value)),
        *(f"a=extmap:{value}" for value in attributes(section.lines, "extmap") if _EXTENSION.fullmatch(value)),
    ]


def _sctp_lines(section: Section) -> list[str]:
    if section.protocol not in SCTP_PROTOCOLS:
        raise Unusable("is not of the protocol UDP/DTLS/SCTP")
    size = _number(section, "max-message-size", DEFAULT_MESSAGE_BYTES)
    if section.formats[0].isdecimal():  # the form before RFC 8841
        port = section.formats[0]
        lines = [f"m=application 9 DTLS/SCTP {port}", DISCARD_ADDRESS, f"a=sctpmap:{port} webrtc-datachannel 65535"]
    else:
        port = str(_number(section, "sctp-port", 0))
        lines = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", DISCARD_ADDRESS, f"a=sctp-port:{port}"]
    if not port.isascii() or not 1 <= int(port[:6]) <= 65535:
        raise Unusable("has no valid a=sctp-port (RFC 8841 section 5)")
    return [*lines, f"a=max-message-size:{size}"]


def _number(section: Section, name: str, default: int) -> int:
    value = next(iter(attributes(section.lines, name)), "").strip()
    return int(value) if re.fullmatch(r"\d{1,10}", value, re.ASCII) else default
