"""What outlives a conversation, kept in the session store and the audit trail in threads beside the media loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from banker.audit import Audit
from banker.errors import ApiError
from banker.sessions.lifecycle import Sessions
from banker.sessions.session import Session

log = logging.getLogger(__name__)

STORE_THREADS = 4
"""Store calls of one process at a time. Each waits for Redis, not for a core."""

RunInStore = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs blocking work elsewhere and returns its result, or None when it failed."""


class StoreExecutor:
    """Runs the session store's blocking calls in threads. Belongs to the media loop.

    `timeout` is in seconds, for each call.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="banker-store")

    async def run(self, work: Callable[[], Any]) -> Any:
        """The result of `work`, or None when it failed, which is logged: a call outlives an outage of the store."""
        try:
            return await asyncio.wait_for(
                asyncio.get_running_loop().run_in_executor(self._threads, work), self._timeout
            )
        except ApiError as error:
            log.info("store: %s", error.error)
        except Exception:
            log.exception("the session store failed")
        return None

    def close(self) -> None:
        """Start nothing more."""
        self._threads.shutdown(wait=False)


class StoredSessionRecords:
    """Implements `conversation.transport.SessionRecords` for one session."""

    def __init__(self, run: RunInStore, sessions: Sessions, audit: Audit, session: Session) -> None:
        self._run = run
        self._sessions = sessions
        self._audit = audit
        self._session = session
        self._id = session.session_id

    async def turns(self) -> list[dict[str, Any]]:
        return await self._run(lambda: self._sessions.store.turns(self._id)) or []

    async def append(self, turn: Mapping[str, Any]) -> None:
        await self._run(lambda: self._sessions.store.append_turn(self._id, turn))

    async def pending(self) -> dict[str, Any] | None:
        session: Session | None = await self._run(lambda: self._sessions.find(self._id))
        return dict(session.pending) if session is not None and session.pending is not None else None

    async def set_pending(self, pending: Mapping[str, Any]) -> None:
        await self._run(lambda: self._sessions.set_pending(self._id, pending))

    async def take_pending(self, call_id: str) -> dict[str, Any] | None:
        taken: Mapping[str, Any] | None = await self._run(lambda: self._sessions.take_pending(self._id, call_id))
        return None if taken is None else dict(taken)

    async def grant_consent(self, version: str) -> bool:
        if not await self.audit("consent.granted", version=version):
            return False
        await self._run(lambda: self._sessions.grant_consent(self._id, version))
        return True

    async def revoke_consent(self) -> None:
        await self._run(lambda: self._sessions.revoke_consent(self._id))
        await self.audit("consent.revoked")

    async def audit(self, event: str, **details: Any) -> bool:
        session = self._session

        def write() -> bool:
            try:
                self._audit.record(
                    event, tenant_id=session.tenant_id, user_id=session.user_id, session_id=self._id, **details
                )
            except ApiError:
                return False
            return True

        return await self._run(write) is not False
