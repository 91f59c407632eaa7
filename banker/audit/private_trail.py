"""The audit trail with data encrypted per user, and its exporting, forgetting and pruning."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from banker.audit.chain import EncryptedEvent, KeyDeleted, parse_canonical
from banker.audit.user_keys import UserKey, UserKeys
from banker.audit.verify import Verdict

MAX_ATTEMPTS = 5
"""How often an entry is encrypted, if its user, or one in the same write, is forgotten at the same time."""
KEY_GRACE_S = 3600.0
"""A key without entries is kept for this long. Its first entry normally follows within seconds."""


@dataclass(frozen=True)
class AuditEvent:
    """An event to record. `time` is in Unix seconds, `details` are masked JSON data."""

    time: float
    event: str
    tenant_id: str
    user_id: str
    session_id: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Pruned:
    """How many entries and keys were pruned."""

    entries: int
    keys: int


class TrailBroken(Exception):
    """The trail is not intact. The text says where."""


class ChainedTrail(Protocol):
    """Where entries are kept: files or a Redis stream. Any thread of any process may use it."""

    def append(self, event: EncryptedEvent) -> None:
        """Write an entry, chained to its predecessor, and return when it is stored. May raise any exception.

        Raises `KeyDeleted` if it notices that a key is no longer stored.
        """

    def lines(self) -> Iterator[str]:
        """Yield all entries, including those in rotated files, oldest first."""

    def verify(self) -> Verdict:
        """Verify all entries."""

    def prune(self, before: float) -> int:
        """Delete entries older than `before` (Unix seconds), and return their number.

        The rest still verifies, because a sealed mark says where it starts.
        """


class PrivateTrail:
    """Implements `Trail`. A user's id, session and details are encrypted with the user's key."""

    def __init__(self, trail: ChainedTrail, keys: UserKeys) -> None:
        self._trail = trail
        self._keys = keys

    def append(self, event: AuditEvent) -> None:
        """Write an event. May raise any exception."""
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                self._trail.append(self._encrypted(event))
                return
            except KeyDeleted:
                self._keys.drop(event.tenant_id, event.user_id)
        self._trail.append(self._encrypted(event))

    def _encrypted(self, event: AuditEvent) -> EncryptedEvent:
        key = self._keys.of(event.tenant_id, event.user_id)
        personal = key.encrypt({"user_id": event.user_id, "session_id": event.session_id, "details": event.details})
        return EncryptedEvent(event.time, event.event, event.tenant_id, key.pseudonym, personal, key.stored)

    def entries_of(self, tenant_id: str, user_id: str) -> list[dict[str, Any]]:
        """Return a user's decrypted entries, oldest first, including unencrypted ones of an earlier version."""
        key = self._keys.find(tenant_id, user_id)
        opened = (_opened(parse_canonical(line) or {}, key) for line in self._trail.lines())
        return [entry for entry in opened if entry and (entry["tenant_id"], entry["user_id"]) == (tenant_id, user_id)]

    def forget(self, tenant_id: str, user_id: str) -> bool:
        """Delete the user's key, and return whether it existed. The user's entries become unreadable."""
        return self._keys.delete(tenant_id, user_id)

    def prune(self, before: float, now: float) -> Pruned:
        """Delete the entries that are older than `before` (Unix seconds), and the keys of users without entries.

        Raises `TrailBroken`, and deletes nothing, if the trail is not intact: that would destroy evidence.
        """
        verdict = self._trail.verify()
        if verdict.problem is not None:
            raise TrailBroken(f"broken at line {verdict.line}: {verdict.problem}")
        entries = self._trail.prune(before)
        pseudonyms = {str((parse_canonical(line) or {}).get("user")) for line in self._trail.lines()}
        return Pruned(entries, self._keys.delete_unused(pseudonyms, now - KEY_GRACE_S))


def _opened(entry: dict[str, Any], key: UserKey | None) -> dict[str, Any] | None:
    """Return an entry with the members of `AuditEvent`; None if it is another user's or unreadable."""
    if "user_id" in entry:
        personal: dict[str, Any] | None = {name: entry[name] for name in ("user_id", "session_id", "details")}
    elif key is not None and entry.get("user") == key.pseudonym:
        personal = key.decrypt(str(entry.get("personal")))
    else:
        return None
    return personal and {name: entry[name] for name in ("seq", "time", "event", "tenant_id")} | personal
