"""Parses session descriptions (RFC 8866) into session lines and sections, each of which begins with an m= line."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

DISCARD_ADDRESS = "c=IN IP4 0.0.0.0"
"""The connection line of a section whose transport ICE finds."""
_MEDIA = re.compile(r"m=([\w.+-]{1,32}) (\d{1,5})(?:/\d+)? ([\w./+-]{1,64})((?: +[!-~]+)+) *", re.ASCII)


class BadOffer(ValueError):
    """The offer or the candidate cannot be used. The message says why."""


@dataclass(frozen=True)
class Section:
    """One media description (RFC 8866 section 5.14). `lines` are those after its m= line."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return _joined((f"m={self.kind} {self.port} {self.protocol} {' '.join(self.formats)}", *self.lines))


@dataclass(frozen=True)
class Description:
    """A session description. `lines` are those before the first section."""

    lines: tuple[str, ...]
    sections: tuple[Section, ...]

    def __str__(self) -> str:
        return _joined(self.lines) + "".join(map(str, self.sections))


def parse_description(text: str) -> Description:
    """Parse a description, ignoring malformed lines. Raises `BadOffer`."""
    lines = [line for line in re.split(r"\r?\n", text) if re.match(r"[a-z]=", line)]
    if not lines or lines[0] != "v=0":
        raise BadOffer("The offer is not a session description: its first line must be v=0.")
    starts = [place for place, line in enumerate(lines) if line.startswith("m=")]
    sections = []
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=False)):
        media = _MEDIA.fullmatch(lines[start])
        if media is None:
            raise BadOffer(f"Section {index} of the offer has no m= line of the form m=<media> <port> <proto> <fmt>.")
        kind, port, protocol, formats = media.groups()
        sections.append(Section(kind, int(port), protocol, tuple(formats.split()), tuple(lines[start + 1 : end])))
    return Description(tuple(lines[: starts[0]] if starts else lines), tuple(sections))


def attributes(lines: Iterable[str], name: str) -> list[str]:
    """Return the values of an attribute in order; empty strings for a flag (RFC 8866 section 5.13)."""
    flag, prefix = f"a={name}", f"a={name}:"
    found = (line for line in lines if line.rstrip() == flag or line.startswith(prefix))
    return [line.rstrip().removeprefix(flag).removeprefix(":") for line in found]


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)
