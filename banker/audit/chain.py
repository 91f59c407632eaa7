"""The hash chain: encodes and seals entries, and links each to its predecessor.

An entry's `hash` covers all its other members. One of them is `prev`, the hash of the entry before it. With a key the
hash is an HMAC, so that an attacker who can write the file cannot compute matching hashes. The head (number and hash of
the last entry, sealed as well) is stored apart from the entries, so that a truncated trail is noticed.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from banker.key_derivation import derive_key

_KEY_LABEL = b"virtual-banker audit trail HMAC-SHA256 v1"
FIRST_PREV = "start"
"""The `prev` of the first entry."""
RESUMED = "audit.resumed"
"""The event that the trail records if its head was missing: earlier entries may have been truncated."""

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@dataclass(frozen=True)
class StoredKey:
    """A user's key as stored: its name, and the wrapped key as text."""

    name: str
    text: str


class KeyDeleted(Exception):
    """The key of an event is no longer stored. Nothing was written."""


@dataclass(frozen=True)
class EncryptedEvent:
    """An event in the form of an entry. `time` is in Unix seconds.

    `user` is the user's pseudonym. `personal` has the user's data, encrypted with `key` (`user_keys`).
    """

    time: float
    event: str
    tenant_id: str
    user: str
    personal: str
    key: StoredKey | None = None


@dataclass(frozen=True)
class Head:
    """The number and the hash of the last entry."""

    seq: int
    hash: str


class Seal:
    """Hashes entries with a key derived from the service's secret key, or without a key, as in demo mode."""

    def __init__(self, secret_key: bytes | None) -> None:
        self._key = derive_key(secret_key, _KEY_LABEL) if secret_key is not None else None
        self.scheme = "sha256" if self._key is None else "hmac-sha256"

    def hash(self, data: dict[str, Any]) -> str:
        """Return the hash of the canonical JSON of `data` without its member `hash`."""
        text = canonical_json({name: value for name, value in data.items() if name != "hash"}).encode()
        digest = hashlib.sha256(text).hexdigest() if self._key is None else hmac.digest(self._key, text, "sha256").hex()
        return f"{self.scheme}:{digest}"

    def seal(self, data: dict[str, Any]) -> str:
        """Return `data` and its hash as canonical JSON."""
        return canonical_json({**data, "hash": self.hash(data)})

    def verifies(self, data: dict[str, Any]) -> bool:
        """Return whether the member `hash` is the hash of the others."""
        return hmac.compare_digest(str(data.get("hash")).encode(), self.hash(data).encode())

    def head_line(self, head: Head) -> str:
        """Return the head in its stored form."""
        return self.seal({"seq": head.seq, "last": head.hash})

    def read_head(self, line: str | None) -> Head | None:
        """Return the stored head; None if it is missing or not sealed with this key."""
        return self._read_end(line, "seq")

    def start_line(self, removed: Head) -> str:
        """Return the mark for the start of a trail whose entries up to `removed` were pruned.

        It differs from a head line, so that an old head cannot hide entries that somebody has removed.
        """
        return self.seal({"removed": removed.seq, "last": removed.hash})

    def read_start(self, line: str | None) -> Head | None:
        """Return the last pruned entry; None without a mark that is sealed with this key."""
        return self._read_end(line, "removed")

    def _read_end(self, line: str | None, number: str) -> Head | None:
        data = parse_canonical(line or "")
        if data is None or not self.verifies(data) or not isinstance(data.get(number), int):
            return None
        return Head(data[number], str(data.get("last")))

    def next_lines(
        self, head: Head | None, last_line: str | None, events: Sequence[EncryptedEvent]
    ) -> tuple[list[str], Head]:
        """Return the lines to append for at least one event, and the new head.

        They follow the head, or the last entry if a crash left the head behind. They also follow a head that is ahead
        of the last entry, so that truncated entries leave a gap.
        """
        last = parse_canonical(last_line) if last_line else None
        is_own = last is not None and self.verifies(last) and isinstance(last.get("seq"), int)
        tail = Head(last["seq"], str(last["hash"])) if last and is_own else None
        base = max((end for end in (head, tail) if end), key=lambda end: end.seq, default=Head(0, FIRST_PREV))
        is_resumed = last_line is not None and head is None
        lines: list[str] = []
        for event in [EncryptedEvent(events[0].time, RESUMED, "", "", ""), *events] if is_resumed else events:
            line, base = self._entry_after(base, event)
            lines.append(line)
        return lines, base

    def _entry_after(self, base: Head, event: EncryptedEvent) -> tuple[str, Head]:
        data: dict[str, Any] = {
            "seq": base.seq + 1,
            "time": entry_time(event.time),
            "event": event.event,
            "tenant_id": event.tenant_id,
            "user": event.user,
            "personal": event.personal,
            "prev": base.hash,
        }
        data["hash"] = self.hash(data)
        return canonical_json(data), Head(base.seq + 1, str(data["hash"]))


def entry_time(time: float) -> str:
    """Format Unix seconds for an entry: RFC 3339 in UTC with milliseconds, so that texts sort by time."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def canonical_json(data: dict[str, Any]) -> str:
    """Return `data` as JSON with sorted keys, without spaces, in ASCII."""
    return _ENCODER.encode(data)


def parse_canonical(line: str) -> dict[str, Any] | None:
    """Return the object that `canonical_json` wrote as this line; None for anything else."""
    try:
        data = json.loads(line)
        return data if isinstance(data, dict) and canonical_json(data) == line else None
    except (ValueError, RecursionError):
        return None
