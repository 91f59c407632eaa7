"""Whether a trail is whole, and if not, where it was broken and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from banker.audit.chain import NOTHING, RESUMED, Seal, parsed


@dataclass(frozen=True)
class Verdict:
    """`line` (from 1) and `problem` tell the first break; both None: the trail is whole."""

    entries: int
    first: str | None = None
    last: str | None = None
    head: str | None = None
    line: int | None = None
    problem: str | None = None


def verify(lines: Sequence[str], head_line: str | None, seal: Seal) -> Verdict:
    """Look at every line, and at the head for an end that was cut off."""
    read = [parsed(line) for line in lines]
    entries = [data if data is not None and _is_entry(data) and seal.proves(data) else None for data in read]
    break_ = _first_break(read, entries, seal) or _end_break(entries, head_line, seal)
    known = [entry for entry in entries if entry is not None]
    return Verdict(
        entries=len(lines),
        first=str(known[0].get("time")) if known else None,
        last=str(known[-1].get("time")) if known else None,
        head=str(known[-1].get("hash")) if known else None,
        line=break_[0] if break_ else None,
        problem=break_[1] if break_ else None,
    )


def _is_entry(data: dict[str, Any]) -> bool:
    return isinstance(data.get("seq"), int) and all(isinstance(data.get(name), str) for name in ("prev", "event"))


def _first_break(
    read: Sequence[dict[str, Any] | None], entries: Sequence[dict[str, Any] | None], seal: Seal
) -> tuple[int, str] | None:
    expected, previous = 1, NOTHING
    for number, entry in enumerate(entries, 1):
        if entry is None:
            after = entries[number] if number < len(entries) else None
            if after is not None and (after["seq"], after["prev"]) == (expected, previous):
                return number, "added: the next line follows the one before it"
            return number, _unproven(read[number - 1], seal)
        if entry["event"] == RESUMED:
            return number, "cut end: the head was gone when this was written; what stood before it may be missing"
        if (entry["seq"], entry["prev"]) != (expected, previous):
            return number, _misplaced(entry, expected, number, entries)
        expected, previous = expected + 1, entry["hash"]
    return None


def _unproven(data: dict[str, Any] | None, seal: Seal) -> str:
    scheme = str((data or {}).get("hash")).partition(":")[0]
    if data is not None and scheme in ("sha256", "hmac-sha256") and scheme != seal.scheme:
        return f"changed: it is sealed with {scheme}, and this service seals with {seal.scheme}"
    return "changed: its hash is not that of what it says (or it was written with another BANKER_SECRET_KEY)"


def _misplaced(entry: dict[str, Any], expected: int, number: int, entries: Sequence[dict[str, Any] | None]) -> str:
    """A line that is our own and stands where it does not belong."""
    places = {known["hash"]: place for place, known in reversed(list(enumerate(entries, 1))) if known is not None}
    if places[entry["hash"]] < number:
        return f"added: it is a copy of line {places[entry['hash']]}"
    if entry["seq"] == expected:
        return "changed: it does not follow the line before it; one of both was replaced"
    place = next((p for p, known in enumerate(entries, 1) if known is not None and known["seq"] == expected), None)
    if place is not None or entry["seq"] < expected:
        return f"reordered: entry {entry['seq']} stands where entry {expected} belongs"
    gap = f"entry {expected} is" if entry["seq"] == expected + 1 else f"entries {expected} to {entry['seq'] - 1} are"
    return f"removed: {gap} missing before it" + ("; name earlier files first" if number == 1 else "")


def _end_break(entries: Sequence[dict[str, Any] | None], head_line: str | None, seal: Seal) -> tuple[int, str] | None:
    last = entries[-1] if entries else None
    number, seq, hash_ = len(entries) + 1, last["seq"] if last else 0, last["hash"] if last else NOTHING
    head = seal.read_head(head_line)
    if head_line is None:
        return (number, "cut end: the head is gone, so nobody knows whether entries are missing here") if last else None
    if head is None:
        return number, "cut end: the head was changed, so nobody knows whether entries are missing here"
    if head.seq > seq:
        gap = f"entry {head.seq} is" if head.seq == seq + 1 else f"entries {seq + 1} to {head.seq} are"
        return number, f"cut end: {gap} missing"
    if head.seq == seq and head.hash != hash_:
        return len(entries), "changed: the head has another hash for it"
    return None
