"""The rules of a session's life, over any store: created → active → ended, with one good token at a time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from banker.config.settings import Tenant
from banker.errors import session_not_found, unauthorized
from banker.sessions.session import Consent, Reason, Session, is_session_id, new_session_id
from banker.sessions.store import SessionStore


class IssuedToken(Protocol):
    """An ephemeral token: what the client gets, its id, and its expiry in Unix seconds."""

    @property
    def token(self) -> str: ...
    @property
    def token_id(self) -> str: ...
    @property
    def expires_at(self) -> float: ...


class TokenIssuer(Protocol):
    """Whoever signs ephemeral tokens."""

    def issue(self, session_id: str, session_expires_at: float, /) -> IssuedToken:
        """A new token that is bound to the session and does not outlive it."""


class Sessions:
    """What may happen to a session, and when.

    Every method may raise StoreUnavailable. A session that is unknown, ended or expired is `session_not_found` (404)
    unless a method says otherwise. `ended` is called once for each session, with its last record, when it ends.
    """

    def __init__(
        self,
        store: SessionStore,
        tokens: TokenIssuer,
        clock: Callable[[], float] = time.time,
        ended: Callable[[Session], None] | None = None,
    ) -> None:
        self.store = store
        self._tokens = tokens
        self._clock = clock
        self._ended = ended

    def create(
        self, *, tenant: Tenant, user_id: str, portal_context: Mapping[str, str], claims: Mapping[str, Any]
    ) -> tuple[Session, IssuedToken]:
        """A new session of the tenant's user and its first token. Raises StoreFull."""
        now = self._clock()
        session_id = new_session_id()
        expires_at = now + tenant.config.policy.max_session_duration_minutes * 60
        token = self._tokens.issue(session_id, expires_at)
        session = Session(
            session_id=session_id,
            tenant_id=tenant.tenant_id,
            user_id=user_id,
            created_at=now,
            expires_at=expires_at,
            token_id=token.token_id,
            portal_context=portal_context,
            claims=claims,
        )
        self.store.create(session)
        return session, token

    def find(self, session_id: str) -> Session:
        """The live session."""
        session = self.recall(session_id)
        self.require_live(session)
        return session

    def require_live(self, session: Session) -> None:
        """Raise `session_not_found` for a record of a session that has ended or expired."""
        if not session.is_live(self._clock()):
            raise session_not_found()

    def recall(self, session_id: str) -> Session:
        """The session, live or not, while it is remembered: to see whose it is before it is ended once more."""
        session = self.store.get(session_id) if is_session_id(session_id) else None
        if session is None:
            raise session_not_found()
        return session

    def refresh(self, session_id: str, replacing: str | None) -> tuple[Session, IssuedToken]:
        """A new token in the place of the older one, which is useless from now on.

        `replacing` is the id of the ephemeral token that asks for it: `unauthorized` (401) if that is not the current
        one any more, so that of two refreshes at once one wins. None, for the portal's bearer, always replaces.
        """
        issued: list[IssuedToken] = []

        def change(session: Session) -> Session:
            if replacing is not None and replacing != session.token_id:
                raise unauthorized()
            issued.append(self._tokens.issue(session.session_id, session.expires_at))
            return replace(session, token_id=issued[-1].token_id)

        return self._change_live(session_id, change), issued[-1]

    def end(self, session_id: str, reason: Reason = "ended") -> Session:
        """End the session and announce it. Ending again changes nothing, and announces again in case nobody heard.

        One whose time was over already has `expired`, whatever reason came later. `session_not_found` only if the
        session is not remembered any more.
        """
        now = self._clock()
        first = False

        def change(session: Session) -> Session:
            nonlocal first
            first = session.state != "ended"
            if not first:
                return session
            why: Reason = reason if session.is_live(now) else "expired"
            return replace(session, state="ended", reason=why, pending=None)

        session = self._change(session_id, change)
        try:
            self.store.announce_end(session.session_id, session.reason or reason)
        finally:
            if first and self._ended is not None:
                self._ended(session)
        return session

    def activate(self, session_id: str) -> Session:
        """The first peer is connected. Doing it again changes nothing."""
        return self._change_live(session_id, lambda s: s if s.state == "active" else replace(s, state="active"))

    def grant_consent(self, session_id: str, version: str) -> Session:
        """The user agreed to this version of the text, now."""
        consent = Consent(version=version, at=self._clock())
        return self._change_live(session_id, lambda s: replace(s, consent=consent))

    def revoke_consent(self, session_id: str) -> Session:
        """The user does not agree any more; what waited for a confirmation is dropped with it."""
        return self._change_live(session_id, lambda s: replace(s, consent=None, pending=None))

    def set_pending(self, session_id: str, pending: Mapping[str, Any] | None) -> Session:
        """Remember the tool confirmation that the user is asked for, or that it is answered (None)."""
        return self._change_live(session_id, lambda s: replace(s, pending=pending))

    def take_pending(self, session_id: str, call_id: str) -> Mapping[str, Any] | None:
        """Take the pending confirmation out, if it is the one with this `call_id`: one of several takers gets it."""
        taken: list[Mapping[str, Any]] = []

        def change(session: Session) -> Session:
            taken.clear()
            if session.pending is None or session.pending.get("call_id") != call_id:
                return session
            taken.append(session.pending)
            return replace(session, pending=None)

        self._change_live(session_id, change)
        return taken[0] if taken else None

    def _change_live(self, session_id: str, change: Callable[[Session], Session]) -> Session:
        now = self._clock()

        def change_if_live(session: Session) -> Session:
            if not session.is_live(now):
                raise session_not_found()
            return change(session)

        return self._change(session_id, change_if_live)

    def _change(self, session_id: str, change: Callable[[Session], Session]) -> Session:
        session = self.store.update(session_id, change) if is_session_id(session_id) else None
        if session is None:
            raise session_not_found()
        return session
