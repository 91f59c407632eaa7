"""The interface of a session store: its methods, its errors and its limits."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from banker.errors import ApiError
from banker.sessions.notices import SessionNotice
from banker.sessions.session import Session

RETENTION_S = 300
"""How long a session is kept after `expires_at`, so that ending it late or twice still finds it."""

MAX_TURNS = 500
"""How many turns of a conversation are kept, the latest ones. 30 minutes of talk have fewer."""


class StoreUnavailable(ApiError):
    """503: the store did not answer in time. The operation may or may not have taken effect."""

    def __init__(self, message: str = "The session store is unavailable. Try again in a few seconds.") -> None:
        super().__init__(503, "unavailable", message, {"Retry-After": "5"})


class StoreFull(ApiError):
    """503: the store has no room for another live session."""

    def __init__(self) -> None:
        message = "The service has reached its limit of sessions. Try again in a minute."
        super().__init__(503, "unavailable", message, {"Retry-After": "60"})


class Subscription(Protocol):
    """What `SessionStore.watch` returns."""

    def close(self) -> None:
        """Stop listening. No callback runs after this returns, unless a callback called it."""


class SessionStore(Protocol):
    """Keeps sessions and their turns, and passes notices between processes.

    Any thread may use it. A store that was created before a fork works on both sides of it. Every method may raise
    `StoreUnavailable`. A session and its turns are deleted `RETENTION_S` after its `expires_at`.
    """

    def create(self, session: Session) -> None:
        """Store a new session. Raises `StoreFull` when live sessions fill the store."""

    def get(self, session_id: str) -> Session | None:
        """Return the session, which may have ended or expired; None if it is unknown or deleted."""

    def sessions_of(self, tenant_id: str, user_id: str) -> list[str]:
        """Return the ids of the user's sessions, including some that have ended or expired."""

    def every(self) -> Iterator[Session]:
        """Yield every stored session once, in any order. It reads the whole store: for operators, not for requests."""

    def update(self, session_id: str, change: Callable[[Session], Session]) -> Session | None:
        """Replace the session by `change(session)` atomically and return the result; None if it is unknown.

        `change` must be quick and must not call the store. It may run several times, because another writer was faster,
        so its side effects must not add up. An exception cancels the update and reaches the caller. Returning the
        argument writes nothing. A session's id and `expires_at` never change.
        """

    def delete_sessions_of(self, tenant_id: str, user_id: str) -> int:
        """Delete the user's sessions and their turns at once, and return how many sessions were stored."""

    def append_turn(self, session_id: str, turn: Mapping[str, Any]) -> None:
        """Append a turn (JSON data, unlike the turn before it) to the conversation; ignore an unknown session."""

    def turns(self, session_id: str) -> list[dict[str, Any]]:
        """Return the latest `MAX_TURNS` turns, oldest first; an empty list for an unknown session."""

    def claim_call(self, session: Session, worker: str, limit: int, seconds: float) -> bool:
        """Count the session among its user's calls for `seconds`, in the name of this worker.

        Returns False, and counts nothing, while `limit` other sessions of the user are counted. A new claim for the
        same session replaces the earlier one.
        """

    def release_call(self, session: Session, worker: str | None) -> None:
        """Stop counting the session, unless another worker than `worker` has claimed it since. None: any worker."""

    def announce(self, notice: SessionNotice) -> None:
        """Send the notice to all subscriptions in all processes, which receive notices in the same order.

        After a lost connection a notice may arrive twice.
        """

    def watch(self, on_notice: Callable[[SessionNotice], None], on_gap: Callable[[], None]) -> Subscription:
        """Call `on_notice` for every announced notice, in a new thread.

        `on_gap` is called in the same thread after an interruption in which notices may have been missed: check the
        sessions you hold. Call `watch` after the fork, since threads do not survive it.
        """

    def check(self) -> None:
        """Raise `StoreUnavailable` unless the store takes writes now."""

    def close(self) -> None:
        """Close all subscriptions and connections."""
