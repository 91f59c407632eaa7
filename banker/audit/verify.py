"""Verifies a trail: reports whether it is intact, or where and how it is broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from banker.audit.chain import FIRST_PREV, RESUMED, Head, Seal, parse_canonical

Entry = dict[str, Any]
Break = tuple[int, str]
"""The number of the broken line, from 1, and the problem."""


@dataclass(frozen=True)
class Verdict:
    """The result: the times of the `first` and `last` entry, the last hash, and the first break, if any."""

    entries: int
    first: str | None = None
    last: str | None = None
    head: str | None = None
    line: int | None = None
    problem: str | None = None


def verify(lines: Sequence[str], head_line: str | None, seal: Seal, start_line: str | None = None) -> Verdict:
    """Verify every line, and the end of the trail against its head.

    `start_line` marks the last pruned entry, after which the trail starts.
    """
    parsed = [parse_canonical(line) for line in lines]
    base = _base(seal.read_start(start_line), seal.read_head(head_line))
    marked = _marked_as_deleted(parsed, base)
    parsed = parsed[marked:]
    entries = [data if data is not None and _is_entry(data) and seal.verifies(data) else None for data in parsed]
    first_break = _chain_break(parsed, entries, seal, base) or _end_break(entries, head_line, seal, base)
    genuine = [entry for entry in entries if entry is not None]
    return Verdict(
        entries=len(parsed),
        first=str(genuine[0].get("time")) if genuine else None,
        last=str(genuine[-1].get("time")) if genuine else None,
        head=str(genuine[-1].get("hash")) if genuine else None,
        line=first_break[0] + marked if first_break else None,
        problem=first_break[1] if first_break else None,
    )


def _base(start: Head | None, head: Head | None) -> Head:
    """Return the entry that the first one follows. Ignore the mark of an earlier trail with more entries."""
    if start is None or head is None or start.seq > head.seq:
        return Head(0, FIRST_PREV)
    return start


def _marked_as_deleted(parsed: Sequence[Entry | None], base: Head) -> int:
    """Return how many entries at the beginning should have been pruned before a crash."""
    seqs = (data.get("seq") if data is not None else None for data in parsed)
    return sum(1 for _ in takewhile(lambda seq: isinstance(seq, int) and seq <= base.seq, seqs))


def _is_entry(data: Entry) -> bool:
    return isinstance(data.get("seq"), int) and all(isinstance(data.get(name), str) for name in ("prev", "event"))


def _chain_break(
    parsed: Sequence[Entry | None], entries: Sequence[Entry | None], seal: Seal, base: Head
) -> Break | None:
    seq, prev = base.seq + 1, base.hash
    for number, entry in enumerate(entries, 1):
        if entry is None:
            following = entries[number] if number < len(entries) else None
            if following is not None and (following["seq"], following["prev"]) == (seq, prev):
                return number, "added: the lines around it follow each other"
            return number, _forgery(parsed[number - 1], seal)
        if entry["event"] == RESUMED:
            return number, "cut end: the head was missing when this was written; entries before it may be missing"
        if (entry["seq"], entry["prev"]) != (seq, prev):
            return number, _misplacement(entry, seq, number, entries)
        seq, prev = seq + 1, entry["hash"]
    return None


def _forgery(data: Entry | None, seal: Seal) -> str:
    scheme = str((data or {}).get("hash")).partition(":")[0]
    if data is not None and scheme in ("sha256", "hmac-sha256") and scheme != seal.scheme:
        return f"changed: it is sealed with {scheme}, and this service seals with {seal.scheme}"
    return "changed: the hash does not match the entry (or it was written with another BANKER_SECRET_KEY)"


def _misplacement(entry: Entry, expected: int, number: int, entries: Sequence[Entry | None]) -> str:
    """Return why a genuine entry is in the place of entry `expected`."""
    places = {known["hash"]: place for place, known in reversed(list(enumerate(entries, 1))) if known is not None}
    if places[entry["hash"]] < number:
        return f"added: it is a copy of line {places[entry['hash']]}"
    if entry["seq"] == expected:
        return "changed: it does not follow the line before it; one of the two was replaced"
    stands_elsewhere = any(known is not None and known["seq"] == expected for known in entries)
    if stands_elsewhere or entry["seq"] < expected:
        return f"reordered: entry {entry['seq']} stands where entry {expected} belongs"
    gap = _gap(expected, entry["seq"] - 1)
    return f"removed: {gap} missing before it" + ("; name earlier files first" if number == 1 else "")


def _end_break(entries: Sequence[Entry | None], head_line: str | None, seal: Seal, base: Head) -> Break | None:
    last = entries[-1] if entries else None
    number, seq, last_hash = len(entries) + 1, last["seq"] if last else base.seq, last["hash"] if last else base.hash
    head = seal.read_head(head_line)
    if head_line is None:
        return (number, "cut end: the head is missing, so entries may be missing here") if last else None
    if head is None:
        return number, "cut end: the head was changed, so entries may be missing here"
    if head.seq > seq:
        return number, f"cut end: {_gap(seq + 1, head.seq)} missing"
    if head.seq == seq and head.hash != last_hash:
        return len(entries), "changed: the head has another hash for it"
    return None


def _gap(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
