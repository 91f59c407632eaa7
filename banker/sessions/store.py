"""What a store of sessions promises, whichever keeps them: its methods, its faults and its bounds."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from banker.errors import ApiError
from banker.sessions.session import Session

KEEP_SECONDS = 300
"""How long a session is remembered after `expires_at`, so that a late second `end` still finds it."""

MAX_TURNS = 500
"""How many turns of a conversation are kept; the latest ones."""


class StoreUnavailable(ApiError):
    """503: the store cannot be reached, or not in time. Nothing is known about what became of the call."""

    def __init__(self, message: str = "The session store cannot be reached. Try again in a few seconds.") -> None:
        super().__init__(503, "unavailable", message, {"Retry-After": "5"})


class StoreFull(ApiError):
    """503: the store holds as many live sessions as it may."""

    def __init__(self) -> None:
        super().__init__(503, "unavailable", "No more sessions fit in. Try again in a minute.", {"Retry-After": "60"})


class Subscription(Protocol):
    """What `watch_ends` gives back."""

    def close(self) -> None:
        """Stop listening. When it returns, no callback runs any more (unless it is called from one)."""


class SessionStore(Protocol):
    """Keeps sessions and their turns, and tells every process when one ends.

    Safe to use from many threads; made before a fork, it works on both sides after it. Every method may raise
    StoreUnavailable. A session is forgotten, with its turns, KEEP_SECONDS after its `expires_at`.
    """

    def create(self, session: Session) -> None:
        """Keep a new session. Raises StoreFull if live sessions fill the store."""

    def get(self, session_id: str) -> Session | None:
        """The session, which may have ended or expired; None if it is unknown or already forgotten."""

    def update(self, session_id: str, change: Callable[[Session], Session]) -> Session | None:
        """Put `change(session)` in the session's place, atomically, and return it; None if the session is unknown.

        `change` must be quick, free of side effects that matter and must not call the store: under contention it runs
        again on what another writer left. What it raises aborts the update and reaches the caller. Returning its
        argument writes nothing. A session's id and `expires_at` never change.
        """

    def append_turn(self, session_id: str, turn: Mapping[str, Any]) -> None:
        """Add a turn of the conversation (JSON data) at the end; nothing happens if the session is unknown."""

    def turns(self, session_id: str) -> list[dict[str, Any]]:
        """The latest MAX_TURNS turns, oldest first; empty if the session is unknown."""

    def announce_end(self, session_id: str, reason: str) -> None:
        """Tell everybody who watches, in whichever process, that a session has ended."""

    def watch_ends(self, heard: Callable[[str, str], None], gap: Callable[[], None]) -> Subscription:
        """Call `heard(session_id, reason)` for every announced end, in a thread that the store starts now.

        `gap()` is called, in the same thread, when announcements may have been missed and listening works again: look
        up the sessions you hold. Call it after the fork: threads do not survive one.
        """

    def check(self) -> None:
        """Raise StoreUnavailable if the store does not work now."""

    def close(self) -> None:
        """End the subscriptions and give back what the store holds open."""
