"""Stores what the desk needs beside the sessions: listings, waiting times, tokens and colleagues' messages."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

Listing = Literal["talks", "queue", "colleagues", "present"]
"""`talks`: the live sessions of a tenant. `queue`: those that wait for a colleague or have one. `colleagues`: who is at
the desk and free for customers. `present`: sides of a hand-over with a recent sign of life (`presence`)."""
MAX_WAITS = 20
"""How many of the latest waiting times the estimate uses."""
WAITS_KEPT_S = 24 * 3600
MAX_MESSAGES = 200
"""How many of a colleague's messages to one session are kept."""


def presence(session_id: str, side: str) -> str:
    """Return the entry in `present` for the `customer` or the `colleague` of a session."""
    return f"{session_id} {side}"


class DeskStore(Protocol):
    """The store of the desk. Any thread may use it. Methods raise `StoreUnavailable`. Times are Unix seconds."""

    def enlist(self, tenant_id: str, listing: Listing, name: str, until: float) -> None:
        """List a name until this time, unless it is listed for longer."""

    def delist(self, tenant_id: str, listing: Listing, name: str) -> None:
        """Remove a name from a listing."""

    def listed(self, tenant_id: str, listing: Listing) -> dict[str, float]:
        """Return the current names and when they expire."""

    def add_wait(self, tenant_id: str, seconds: float) -> None:
        """Note how long a customer has waited, divided by their position in the queue."""

    def waits(self, tenant_id: str) -> list[float]:
        """Return the recently noted waits, latest first."""

    def set_token(self, tenant_id: str, colleague_id: str, token_id: str, seconds: float) -> None:
        """Keep the id of a colleague's only valid token for this time."""

    def token(self, tenant_id: str, colleague_id: str) -> str | None:
        """Return the id of the colleague's valid token."""

    def send(self, session_id: str, message: Mapping[str, Any], seconds: float) -> str:
        """Append a message (JSON data) to a session's inbox, which is kept for this time. Return its id."""

    def sent(self, session_id: str, after: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the messages after the one with this id ("": all), oldest first, with their ids."""

    def forget(self, session_id: str) -> None:
        """Delete the session's inbox."""


class MemoryDeskStore:
    """A `DeskStore` in the memory of one process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: dict[tuple[str, Listing], dict[str, float]] = {}
        self._waits: dict[str, list[tuple[float, float]]] = {}
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self._inboxes: dict[str, list[dict[str, Any]]] = {}
        self._sent: dict[str, int] = {}

    def enlist(self, tenant_id: str, listing: Listing, name: str, until: float) -> None:
        with self._lock:
            names = self._lists.setdefault((tenant_id, listing), {})
            names[name] = max(until, names.get(name, 0.0))

    def delist(self, tenant_id: str, listing: Listing, name: str) -> None:
        with self._lock:
            self._lists.get((tenant_id, listing), {}).pop(name, None)

    def listed(self, tenant_id: str, listing: Listing) -> dict[str, float]:
        now = self._clock()
        with self._lock:
            found = self._lists.get((tenant_id, listing), {})
            for name in [name for name, until in found.items() if until <= now]:
                del found[name]
            return dict(found)

    def add_wait(self, tenant_id: str, seconds: float) -> None:
        with self._lock:
            kept = [(self._clock(), seconds), *self._waits.get(tenant_id, [])]
            self._waits[tenant_id] = kept[:MAX_WAITS]

    def waits(self, tenant_id: str) -> list[float]:
        since = self._clock() - WAITS_KEPT_S
        with self._lock:
            return [seconds for at, seconds in self._waits.get(tenant_id, []) if at > since]

    def set_token(self, tenant_id: str, colleague_id: str, token_id: str, seconds: float) -> None:
        with self._lock:
            self._tokens[tenant_id, colleague_id] = token_id, self._clock() + seconds

    def token(self, tenant_id: str, colleague_id: str) -> str | None:
        with self._lock:
            token_id, until = self._tokens.get((tenant_id, colleague_id), ("", 0.0))
        return token_id if self._clock() < until else None

    def send(self, session_id: str, message: Mapping[str, Any], seconds: float) -> str:
        with self._lock:
            self._sent[session_id] = number = self._sent.get(session_id, 0) + 1
            inbox = self._inboxes.setdefault(session_id, [])
            inbox.append({"id": number, "message": dict(message)})
            del inbox[:-MAX_MESSAGES]
        return str(number)

    def sent(self, session_id: str, after: str) -> list[tuple[str, dict[str, Any]]]:
        with self._lock:
            inbox = list(self._inboxes.get(session_id, []))
        return [(str(each["id"]), dict(each["message"])) for each in inbox if each["id"] > int(after or 0)]

    def forget(self, session_id: str) -> None:
        with self._lock:
            self._inboxes.pop(session_id, None)
            self._sent.pop(session_id, None)
