"""A conversation's records in the session store and the audit trail, written in threads beside the media loop."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from banker.audit import Audit
from banker.errors import ApiError
from banker.sessions.lifecycle import Sessions
from banker.sessions.session import Session
from banker.sessions.step_ups import StepUps
from banker.sessions.store import StoreUnavailable

log = logging.getLogger(__name__)

STORE_THREADS = 4
"""Concurrent store calls of one process. Each waits for Redis, not for a core."""
RETRY_DELAYS_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses before a failed write is repeated. The last one applies from then on."""

RunInStore = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs blocking work in a thread and returns its result. Raises `StoreUnavailable`, and `ApiError` 404."""


class StoreExecutor:
    """Runs blocking calls of the session store in threads. Belongs to the media loop.

    `timeout` is in seconds per call.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="banker-store")

    async def run(self, work: Callable[[], Any]) -> Any:
        """Return the result of `work`. Passes on an `ApiError`; raises `StoreUnavailable` for any other failure."""
        try:
            return await asyncio.wait_for(
                asyncio.get_running_loop().run_in_executor(self._threads, work), self._timeout
            )
        except ApiError:
            raise
        except Exception as error:
            log.error("the session store failed: %s", type(error).__name__)
            raise StoreUnavailable from error

    def close(self) -> None:
        """Accept no more calls."""
        self._threads.shutdown(wait=False)


class WriteBehind:
    """Writes in order. A failed write is repeated until the store takes it, before the writes behind it.

    Belongs to the media loop. Nothing is written after `expires_at` (Unix seconds).
    """

    def __init__(self, run: RunInStore, expires_at: float) -> None:
        self._run = run
        self._expires_at = expires_at
        self._waiting: deque[Callable[[], Any]] = deque()
        self._lock = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[], Any]) -> None:
        """Do `work` after all earlier writes. Return once it is done, or once the store has failed."""
        self._waiting.append(work)
        if self._retrying is None and not await self._drain():
            self._retrying = self._retrying or asyncio.ensure_future(self._retry())

    async def _drain(self) -> bool:
        """Do the waiting writes, and return whether all are done."""
        async with self._lock:
            while self._waiting:
                try:
                    await self._run(self._waiting[0])
                except ApiError as error:
                    if error.status == 503:
                        return False
                    log.info("not written, as the session is over: %s", error.error)
                self._waiting.popleft()
        return True

    async def _retry(self) -> None:
        attempt = 0
        while time.time() < self._expires_at:
            await asyncio.sleep(RETRY_DELAYS_S[min(attempt, len(RETRY_DELAYS_S) - 1)])
            if await self._drain():
                self._retrying = None
                return
            attempt += 1
        log.error("%d writes of a session are lost: the store was unavailable until its end", len(self._waiting))


class StoredSessionRecords:
    """Implements `conversation.transport.SessionRecords` for one session."""

    def __init__(self, run: RunInStore, sessions: Sessions, audit: Audit, session: Session) -> None:
        self._run = run
        self._sessions = sessions
        self._step_ups = StepUps(sessions, audit)
        self._audit = audit
        self._session = session
        self._id = session.session_id
        self._store = WriteBehind(run, session.expires_at)
        self._trail = WriteBehind(run, session.expires_at)

    async def turns(self) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = await self._run(lambda: self._sessions.store.turns(self._id))
        return turns

    async def append(self, turn: Mapping[str, Any]) -> None:
        await self._store.write(lambda: self._sessions.store.append_turn(self._id, turn))

    async def pending(self) -> dict[str, Any] | None:
        pending = (await self._find()).pending
        return None if pending is None else dict(pending)

    async def set_pending(self, pending: Mapping[str, Any]) -> None:
        await self._run(lambda: self._sessions.set_pending(self._id, pending))

    async def take_pending(self, call_id: str, run_by: str | None = None) -> dict[str, Any] | None:
        taken = await self._run(lambda: self._sessions.take_pending(self._id, call_id, run_by))
        return None if taken is None else dict(taken)

    async def step_up(self) -> dict[str, Any] | None:
        waiting = (await self._find()).step_up
        return None if waiting is None else dict(waiting)

    async def take_step_up(self, call_id: str, run_by: str) -> dict[str, Any] | None:
        taken = await self._run(lambda: self._step_ups.take(self._id, call_id, run_by))
        return None if taken is None else dict(taken)

    async def drop_step_up(self, call_id: str) -> bool:
        is_gone: bool = await self._run(lambda: self._step_ups.drop(self._id, call_id))
        return is_gone

    async def running(self) -> dict[str, Any] | None:
        running = (await self._find()).running
        return None if running is None else dict(running)

    async def set_running_result(self, call_id: str, result: Mapping[str, Any] | None) -> None:
        await self._store.write(lambda: self._sessions.set_running_result(self._id, call_id, result))

    async def set_portal_context(self, context: Mapping[str, str]) -> None:
        await self._run(lambda: self._sessions.set_portal_context(self._id, context))

    async def grant_consent(self, version: str) -> bool:
        if not await self.audit("consent.granted", version=version):
            return False
        await self._store.write(lambda: self._sessions.grant_consent(self._id, version))
        return True

    async def revoke_consent(self) -> None:
        await self._store.write(lambda: self._sessions.revoke_consent(self._id))
        await self.audit("consent.revoked")

    async def audit(self, event: str, **details: Any) -> bool:
        write = self._audit.prepare(event, **self._session.ids, **details)
        if not self._audit.required:
            await self._trail.write(write)
            return True
        try:
            await self._run(write)
        except ApiError:
            return False
        return True

    async def _find(self) -> Session:
        session: Session = await self._run(lambda: self._sessions.find(self._id))
        return session
