"""How many calls each user has, counted over all workers."""

import logging
import time
from contextlib import suppress
from functools import partial

from banker.errors import ApiError, too_many_open
from banker.server.metrics import Metrics
from banker.sessions import Session, SessionStore, StoreUnavailable
from banker.sessions.conversation_records import RunInStore

log = logging.getLogger(__name__)

NO_LIMIT = 1_000_000
CLAIM_S = 90.0
"""A call counts this long after its worker's last sign of life: three intervals of `CallRegistry.watch_sessions`."""


class UserCalls:
    """Limits the calls with media that each user has on all workers together. Belongs to the media loop.

    `run` executes a call of the store; `worker` names this process to the others.
    """

    def __init__(self, limit: int, store: SessionStore, run: RunInStore, worker: str, metrics: Metrics) -> None:
        self._limit = limit
        self._store = store
        self._run = run
        self._worker = worker
        self._metrics = metrics
        self._here: dict[str, Session] = {}

    async def claim(self, session: Session) -> None:
        """Count this call. Raises `ApiError` 429 if the user has reached the limit with other calls.

        While the store is unavailable, only the calls of this worker count.
        """
        others = [other for other in self._here.values() if _user(other) == _user(session)]
        if sum(other.session_id != session.session_id for other in others) >= self._limit:
            raise self._too_many()
        self._here[session.session_id] = session
        try:
            claimed = await self._run(partial(self._store.claim_call, session, self._worker, self._limit, CLAIM_S))
        except StoreUnavailable:
            log.warning("the store is unavailable: a user's calls were counted on this worker alone")
            return
        if not claimed:
            self._here.pop(session.session_id, None)
            raise self._too_many()

    async def release(self, session: Session) -> None:
        """Stop counting this call. If the store is unavailable, other workers stop after `CLAIM_S`."""
        if self._here.pop(session.session_id, None) is not None:
            with suppress(StoreUnavailable):
                await self._run(partial(self._store.release_call, session, self._worker))

    async def renew(self) -> None:
        """Keep the calls of this worker counted."""
        for session in list(self._here.values()):
            with suppress(StoreUnavailable):
                await self._run(partial(self._store.claim_call, session, self._worker, NO_LIMIT, CLAIM_S))

    def _too_many(self) -> ApiError:
        self._metrics.rejections["user_share"].inc()
        return too_many_open(self._limit, "calls", time.time())


def _user(session: Session) -> tuple[str, str]:
    return session.tenant_id, session.user_id
