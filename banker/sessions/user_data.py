"""The data that the service holds about its users: exporting, forgetting and pruning it."""

import time
from dataclasses import dataclass
from typing import Any

from banker.audit.private_trail import PrivateTrail, Pruned
from banker.sessions.lifecycle import Sessions
from banker.sessions.session import Session
from banker.timestamps import rfc3339

LAST_WRITES_S = 2.0
"""By then, workers have closed the calls of ended sessions and written their last entries."""


@dataclass(frozen=True)
class Forgotten:
    """What was deleted."""

    sessions: int
    has_key: bool
    """Whether the audit trail had a key of the user. It is now deleted."""
    plain_entries: int
    """Unencrypted entries of a version without user keys. Pruning deletes them."""


class UserData:
    """Exports and forgets users' data in the session store and the audit trail (None: no trail).

    Methods raise `StoreUnavailable`, and whatever reading the trail raises (`OSError`, `RedisError`).
    """

    def __init__(self, sessions: Sessions, trail: PrivateTrail | None) -> None:
        self._sessions = sessions
        self._trail = trail
        self._clock = sessions.clock

    def export(self, tenant_id: str, user_id: str) -> dict[str, Any]:
        """Return everything that is held about a user: the stored sessions with their turns, and the audit entries."""
        store = self._sessions.store
        found = [(store.get(session_id), session_id) for session_id in store.sessions_of(tenant_id, user_id)]
        return {
            "tenant_id": tenant_id,
            "user_id": user_id,
            "exported_at": rfc3339(self._clock()),
            "sessions": [
                _session_data(session, store.turns(session_id)) for session, session_id in found if session is not None
            ],
            "audit": [] if self._trail is None else self._trail.entries_of(tenant_id, user_id),
        }

    def forget(self, tenant_id: str, user_id: str) -> Forgotten:
        """End the user's sessions, delete them with their turns, and delete the key of the user's audit entries.

        The entries stay, unreadable, so the trail still verifies. Takes two seconds if a session was live.
        """
        if self._sessions.end_all(tenant_id, user_id):
            time.sleep(LAST_WRITES_S)
        deleted = self._sessions.store.delete_sessions_of(tenant_id, user_id)
        if self._trail is None:
            return Forgotten(deleted, False, 0)
        has_key = self._trail.forget(tenant_id, user_id)
        return Forgotten(deleted, has_key, len(self._trail.entries_of(tenant_id, user_id)))

    def prune(self, before: float) -> Pruned:
        """Delete the audit entries that are older than `before` (Unix seconds), and unused keys.

        Raises `TrailBroken` if the trail is not intact.
        """
        return Pruned(0, 0) if self._trail is None else self._trail.prune(before, self._clock())


def _session_data(session: Session, turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the stored session with readable times and without the token's id."""
    data = session.as_record()
    del data["token_id"]
    times: dict[str, Any] = {name: rfc3339(data[name]) for name in ("created_at", "expires_at")}
    if session.consent is not None:
        times["consent"] = {"version": session.consent.version, "at": rfc3339(session.consent.at)}
    return {**data, **times, "turns": turns}
