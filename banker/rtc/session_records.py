"""What outlives a conversation, kept in the session store and the audit trail from beside the loop."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from banker.audit import Audit
from banker.errors import ApiError
from banker.sessions import Session, Sessions

InStore = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs blocking work in an executor; None when it failed."""


class StoredSessionRecords:
    """Implements `dialogue.Records`."""

    def __init__(self, in_store: InStore, sessions: Sessions, audit: Audit, session: Session) -> None:
        self._in_store = in_store
        self._sessions = sessions
        self._audit = audit
        self._session = session
        self._id = session.session_id

    async def turns(self) -> list[dict[str, Any]]:
        return await self._in_store(lambda: self._sessions.store.turns(self._id)) or []

    async def append(self, turn: Mapping[str, Any]) -> None:
        await self._in_store(lambda: self._sessions.store.append_turn(self._id, turn))

    async def pending(self) -> dict[str, Any] | None:
        session: Session | None = await self._in_store(lambda: self._sessions.find(self._id))
        return dict(session.pending) if session is not None and session.pending is not None else None

    async def set_pending(self, pending: Mapping[str, Any]) -> None:
        await self._in_store(lambda: self._sessions.set_pending(self._id, pending))

    async def take_pending(self, call_id: str) -> dict[str, Any] | None:
        taken: Mapping[str, Any] | None = await self._in_store(lambda: self._sessions.take_pending(self._id, call_id))
        return None if taken is None else dict(taken)

    async def grant_consent(self, version: str) -> bool:
        if not await self.audit("consent.granted", version=version):
            return False
        await self._in_store(lambda: self._sessions.grant_consent(self._id, version))
        return True

    async def revoke_consent(self) -> None:
        await self._in_store(lambda: self._sessions.revoke_consent(self._id))
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

        return await self._in_store(write) is not False
