"""The chain: how an entry is written down and sealed, and what the next one hangs on.

An entry's `hash` is over everything else in it, `prev` included, and `prev` is the hash of the entry before. With a
key it is an HMAC, so that whoever can write the file cannot make the hashes fit again. The head (number and hash of the
last entry, sealed too) is kept apart, so that an end that was cut off is missed.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_LABEL = b"virtual-banker audit trail HMAC-SHA256 v1"
NOTHING = "start"
"""The `prev` of the first entry."""
RESUMED = "audit.resumed"
"""The event that the trail writes of itself when its head was gone: what stood before may have been cut off."""


_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@dataclass(frozen=True)
class Fields:
    """What happened; `time` in Unix seconds, `details` masked JSON data."""

    time: float
    event: str
    tenant_id: str
    user_id: str
    session_id: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Head:
    """The last entry: how many there are, and its hash."""

    seq: int
    hash: str


class Seal:
    """Hashes entries with a key derived from the service's secret key; None: without a key, as in demo mode."""

    def __init__(self, secret_key: bytes | None) -> None:
        # RFC 5869: the label keeps this key apart from any other use of the same secret.
        self._key = HKDF(SHA256(), 32, None, _KEY_LABEL).derive(secret_key) if secret_key is not None else None
        self.scheme = "sha256" if self._key is None else "hmac-sha256"

    def hash(self, data: dict[str, Any]) -> str:
        """Of the canonical JSON of `data` without its `hash`."""
        text = canonical({name: value for name, value in data.items() if name != "hash"}).encode()
        digest = hashlib.sha256(text).hexdigest() if self._key is None else hmac.digest(self._key, text, "sha256").hex()
        return f"{self.scheme}:{digest}"

    def sealed(self, data: dict[str, Any]) -> str:
        """`data` with its hash, as one line without its end."""
        return canonical({**data, "hash": self.hash(data)})

    def proves(self, data: dict[str, Any]) -> bool:
        """Whether the hash in `data` is its own."""
        return hmac.compare_digest(str(data.get("hash")).encode(), self.hash(data).encode())

    def head_line(self, head: Head) -> str:
        """The head as it is kept."""
        return self.sealed({"seq": head.seq, "last": head.hash})

    def read_head(self, line: str | None) -> Head | None:
        """The head; None if there is none, or none of ours."""
        data = parsed(line or "")
        if data is None or not self.proves(data) or not isinstance(data.get("seq"), int):
            return None
        return Head(data["seq"], str(data.get("last")))

    def next_lines(self, head: Head | None, last_line: str | None, fields: Fields) -> tuple[list[str], Head]:
        """Return the lines to append for an entry, and the head after them.

        They follow the head, or the last entry where a crash came between that and its head. A head that is ahead of
        the last entry is followed too, never the entry: an end that was cut off must leave its gap.
        """
        last = parsed(last_line) if last_line else None
        proven = last is not None and self.proves(last) and isinstance(last.get("seq"), int)
        tail = Head(last["seq"], str(last["hash"])) if last and proven else None
        base = max((known for known in (head, tail) if known), key=lambda known: known.seq, default=Head(0, NOTHING))
        is_resumed = last_line is not None and head is None
        lines: list[str] = []
        for one in [Fields(fields.time, RESUMED, "", "", "", {}), fields] if is_resumed else [fields]:
            line, base = self._entry_after(base, one)
            lines.append(line)
        return lines, base

    def _entry_after(self, base: Head, fields: Fields) -> tuple[str, Head]:
        data: dict[str, Any] = {
            "seq": base.seq + 1,
            "time": datetime.fromtimestamp(fields.time, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "event": fields.event,
            "tenant_id": fields.tenant_id,
            "user_id": fields.user_id,
            "session_id": fields.session_id,
            "details": fields.details,
            "prev": base.hash,
        }
        data["hash"] = self.hash(data)
        return canonical(data), Head(base.seq + 1, str(data["hash"]))


def canonical(data: dict[str, Any]) -> str:
    """The one way to write `data`: sorted keys, no spaces, ASCII."""
    return _WRITER.encode(data)


def parsed(line: str) -> dict[str, Any] | None:
    """The object in a line, if it is written in the one way."""
    try:
        data = json.loads(line)
        return data if isinstance(data, dict) and canonical(data) == line else None
    except (ValueError, RecursionError):
        return None
