"""The store of a single process: sessions in memory, bounded, and gone by themselves when their time is over."""

import heapq
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from banker.sessions.session import Session
from banker.sessions.store import KEEP_SECONDS, MAX_TURNS, StoreFull

log = logging.getLogger(__name__)

_SWEEP = 16  # records that one call forgets at most, so that no call pays for a thousand others


@dataclass(slots=True)
class _Record:
    """A session as the JSON that Redis would hold: nobody can change it from outside, and both stores return alike."""

    text: str
    expires_at: float
    turns: list[str] = field(default_factory=list)


class MemoryStore:
    """Sessions of this process. Every call costs the same, however many sessions there are.

    `capacity` counts sessions, remembered ones included; those that have ended or expired make room for new ones.
    `clock` gives Unix seconds.
    """

    def __init__(self, capacity: int, clock: Callable[[], float] = time.time) -> None:
        self._capacity = capacity
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._expiries: list[tuple[float, str]] = []  # a heap; entries of dropped records are skipped when met
        self._subscriptions: set[_Subscription] = set()

    def __len__(self) -> int:
        """How many sessions are held, remembered ones included."""
        return len(self._records)

    def create(self, session: Session) -> None:
        text = session.to_json()
        with self._lock:
            now = self._sweep()
            if len(self._records) >= self._capacity and not self._drop_a_dead_one(now):
                raise StoreFull
            self._records[session.session_id] = _Record(text, session.expires_at)
            heapq.heappush(self._expiries, (session.expires_at, session.session_id))
            if len(self._expiries) > 2 * len(self._records) + _SWEEP:
                self._expiries = [(record.expires_at, key) for key, record in self._records.items()]
                heapq.heapify(self._expiries)

    def get(self, session_id: str) -> Session | None:
        with self._lock:
            record = self._find(session_id)
        return Session.from_json(record.text) if record else None

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

    def announce_end(self, session_id: str, reason: str) -> None:
        with self._lock:
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription.queue.put((session_id, reason))

    def watch_ends(self, heard: Callable[[str, str], None], gap: Callable[[], None]) -> "_Subscription":
        """As the protocol says; inside one process nothing is ever missed, so `gap` is never called."""
        subscription = _Subscription(heard, self._forget_subscription)
        with self._lock:
            self._subscriptions.add(subscription)
        return subscription

    def check(self) -> None:
        """Memory always works."""

    def close(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.close()

    def _forget_subscription(self, subscription: "_Subscription") -> None:
        with self._lock:
            self._subscriptions.discard(subscription)

    def _find(self, session_id: str) -> _Record | None:
        now = self._sweep()
        record = self._records.get(session_id)
        return record if record and now < record.expires_at + KEEP_SECONDS else None

    def _sweep(self) -> float:
        """Forget a few of the sessions whose time is over; returns the time now."""
        now = self._clock()
        for _ in range(_SWEEP):
            if not self._expiries or self._expiries[0][0] + KEEP_SECONDS > now:
                break
            self._forget_first()
        return now

    def _drop_a_dead_one(self, now: float) -> bool:
        """Make room by forgetting the session that ended first, or else one that has expired."""
        if self._ended:
            session_id, _ = self._ended.popitem(last=False)
            del self._records[session_id]
            return True
        while self._expiries and self._expiries[0][0] <= now:
            if self._forget_first():
                return True
        return False

    def _forget_first(self) -> bool:
        """Take the first entry off the heap, and its session with it; False if that had gone already."""
        _, session_id = heapq.heappop(self._expiries)
        self._ended.pop(session_id, None)
        return self._records.pop(session_id, None) is not None


class _Subscription:
    """A thread that calls `heard` for what `queue` brings."""

    def __init__(self, heard: Callable[[str, str], None], closed: Callable[["_Subscription"], None]) -> None:
        self.queue: SimpleQueue[tuple[str, str] | None] = SimpleQueue()
        self._heard = heard
        self._closed = closed
        self._open = True
        self._thread = threading.Thread(target=self._run, name="banker-session-ends", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (end := self.queue.get()) is not None:
            if not self._open:
                continue
            try:
                self._heard(*end)
            except Exception:
                log.exception("What was called for the end of a session failed.")

    def close(self) -> None:
        self._closed(self)
        self._open = False
        self.queue.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()
