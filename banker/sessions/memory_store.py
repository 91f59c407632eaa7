"""The session store of a single process: a limited number of sessions in memory, deleted after they expire."""

import heapq
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from banker.sessions.notices import SessionNotice
from banker.sessions.session import Session
from banker.sessions.store import MAX_TURNS, RETENTION_S, StoreFull

log = logging.getLogger(__name__)

SWEEP_SIZE = 16
"""How many expired records one call deletes at most, so that no call takes long."""


@dataclass(slots=True)
class _Record:
    """A session as JSON, as in Redis, so that both stores return the same and callers cannot modify a record."""

    text: str
    expires_at: float
    user: tuple[str, str]
    turns: list[str] = field(default_factory=list)


class MemoryStore:
    """A `SessionStore` in the memory of this process. A call costs the same for ten sessions and for a million.

    `capacity` is the largest number of sessions, including those kept for `RETENTION_S`. Ended and expired sessions
    make room for new ones. `clock` returns Unix seconds.
    """

    def __init__(self, capacity: int, clock: Callable[[], float] = time.time) -> None:
        self._capacity = capacity
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}
        self._of_user: dict[tuple[str, str], set[str]] = {}
        self._calls_of_user: dict[tuple[str, str], dict[str, tuple[str, float]]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._expiries: list[tuple[float, str]] = []  # a heap, which may name deleted records
        self._subscriptions: set[_Subscription] = set()

    def __len__(self) -> int:
        """Return how many sessions are stored, including ended ones."""
        return len(self._records)

    def create(self, session: Session) -> None:
        text = session.to_json()
        with self._lock:
            now = self._sweep()
            if len(self._records) >= self._capacity and not self._make_room(now):
                raise StoreFull
            user = session.tenant_id, session.user_id
            self._records[session.session_id] = _Record(text, session.expires_at, user)
            self._of_user.setdefault(user, set()).add(session.session_id)
            heapq.heappush(self._expiries, (session.expires_at, session.session_id))
            if len(self._expiries) > 2 * len(self._records) + SWEEP_SIZE:
                self._expiries = [(record.expires_at, key) for key, record in self._records.items()]
                heapq.heapify(self._expiries)

    def get(self, session_id: str) -> Session | None:
        with self._lock:
            record = self._find(session_id)
        return Session.from_json(record.text) if record else None

    def sessions_of(self, tenant_id: str, user_id: str) -> list[str]:
        with self._lock:
            return list(self._of_user.get((tenant_id, user_id), ()))

    def every(self) -> Iterator[Session]:
        with self._lock:
            session_ids = list(self._records)
        yield from filter(None, map(self.get, session_ids))

    def update(self, session_id: str, change: Callable[[Session], Session]) -> Session | None:
        with self._lock:
            record = self._find(session_id)
            if record is None:
                return None
            before = Session.from_json(record.text)
            after = change(before)
            if after is not before:
                record.text = after.to_json()
                if after.state == "ended":
                    self._ended[session_id] = None
            return after

    def delete_sessions_of(self, tenant_id: str, user_id: str) -> int:
        with self._lock:
            ids = list(self._of_user.get((tenant_id, user_id), ()))
            for session_id in ids:
                self._ended.pop(session_id, None)
                self._delete(session_id)
        return len(ids)

    def append_turn(self, session_id: str, turn: Mapping[str, Any]) -> None:
        text = json.dumps(dict(turn), separators=(",", ":"))
        with self._lock:
            if record := self._find(session_id):
                record.turns.append(text)
                del record.turns[:-MAX_TURNS]

    def turns(self, session_id: str) -> list[dict[str, Any]]:
        with self._lock:
            record = self._find(session_id)
            texts = list(record.turns) if record else []
        return [json.loads(text) for text in texts]

    def claim_call(self, session: Session, worker: str, limit: int, seconds: float) -> bool:
        user, now = (session.tenant_id, session.user_id), self._clock()
        with self._lock:
            counted = self._calls_of_user.get(user, {})
            calls = {key: call for key, call in counted.items() if call[1] > now and key != session.session_id}
            if len(calls) >= limit:
                return False
            self._calls_of_user[user] = {**calls, session.session_id: (worker, now + seconds)}
            return True

    def release_call(self, session: Session, worker: str | None) -> None:
        user = session.tenant_id, session.user_id
        with self._lock:
            calls = self._calls_of_user.get(user, {})
            if session.session_id in calls and worker in (None, calls[session.session_id][0]):
                del calls[session.session_id]
                if not calls:
                    del self._calls_of_user[user]

    def announce(self, notice: SessionNotice) -> None:
        with self._lock:
            for subscription in self._subscriptions:
                subscription.notices.put(notice)

    def watch(self, on_notice: Callable[[SessionNotice], None], on_gap: Callable[[], None]) -> "_Subscription":
        """Watch without ever calling `on_gap`: within a process no notice is lost."""
        subscription = _Subscription(on_notice, self._remove_subscription)
        with self._lock:
            self._subscriptions.add(subscription)
        return subscription

    def check(self) -> None:
        """Return at once: memory takes writes."""

    def close(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.close()

    def _remove_subscription(self, subscription: "_Subscription") -> None:
        with self._lock:
            self._subscriptions.discard(subscription)

    def _find(self, session_id: str) -> _Record | None:
        now = self._sweep()
        record = self._records.get(session_id)
        return record if record and now < record.expires_at + RETENTION_S else None

    def _sweep(self) -> float:
        """Delete a few sessions whose retention is over. Return the current time."""
        now = self._clock()
        for _ in range(SWEEP_SIZE):
            if not self._expiries or self._expiries[0][0] + RETENTION_S > now:
                break
            self._delete_first_to_expire()
        return now

    def _make_room(self, now: float) -> bool:
        """Delete the session that ended first, or else an expired one. Return whether one was deleted."""
        if self._ended:
            session_id, _ = self._ended.popitem(last=False)
            return self._delete(session_id)
        while self._expiries and self._expiries[0][0] <= now:
            if self._delete_first_to_expire():
                return True
        return False

    def _delete_first_to_expire(self) -> bool:
        """Pop the first entry of the heap and delete its session. Return whether the session was still stored."""
        _, session_id = heapq.heappop(self._expiries)
        self._ended.pop(session_id, None)
        return self._delete(session_id)

    def _delete(self, session_id: str) -> bool:
        """Delete a session. Return whether it was still stored."""
        record = self._records.pop(session_id, None)
        if record is None:
            return False
        of_user = self._of_user[record.user]
        of_user.discard(session_id)
        if not of_user:
            del self._of_user[record.user]
        return True


class _Subscription:
    """A thread that calls `on_notice` for each of `notices`, until one is None."""

    def __init__(self, on_notice: Callable[[SessionNotice], None], on_close: Callable[["_Subscription"], None]) -> None:
        self.notices: SimpleQueue[SessionNotice | None] = SimpleQueue()
        self._on_notice = on_notice
        self._on_close = on_close
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="banker-session-notices", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (notice := self.notices.get()) is not None:
            if not self._is_open:
                continue
            try:
                self._on_notice(notice)
            except Exception:
                log.exception("Handling a session notice failed.")

    def close(self) -> None:
        """Stop the thread, and wait for it unless called from it."""
        self._on_close(self)
        self._is_open = False
        self.notices.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()
