"""The life cycle of a session in any store: created, active, ended, with one valid token at a time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from banker.config.tenant import Tenant
from banker.errors import session_not_found, unauthorized
from banker.sessions.notices import SessionEnded
from banker.sessions.session import Consent, Rating, Reason, Session, is_session_id, new_session_id
from banker.sessions.store import SessionStore


class IssuedToken(Protocol):
    """An ephemeral token: what the client receives, its id, and its expiry in Unix seconds."""

    @property
    def token(self) -> str: ...
    @property
    def token_id(self) -> str: ...
    @property
    def expires_at(self) -> float: ...


class TokenIssuer(Protocol):
    """Signs ephemeral tokens."""

    def issue(self, session_id: str, session_expires_at: float, /) -> IssuedToken:
        """Return a new token that is bound to the session and expires no later."""


class Sessions:
    """Creates, changes and ends sessions.

    Every method may raise `StoreUnavailable`. Unless a method says otherwise, it raises `session_not_found` (404) for a
    session that is unknown, ended or expired. `on_end` is called once for each session that ends, with its final
    record. `clock` returns Unix seconds.
    """

    def __init__(
        self,
        store: SessionStore,
        tokens: TokenIssuer,
        clock: Callable[[], float] = time.time,
        on_end: Callable[[Session], None] | None = None,
    ) -> None:
        self.store = store
        self._tokens = tokens
        self.clock = clock
        self._on_end = on_end

    def create(
        self, *, tenant: Tenant, user_id: str, portal_context: Mapping[str, str], claims: Mapping[str, Any]
    ) -> tuple[Session, IssuedToken]:
        """Create a session of the tenant's user, and its first token. Raises `StoreFull`."""
        now = self.clock()
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
        """Return the live session."""
        session = self.recall(session_id)
        self.require_live(session)
        return session

    def require_live(self, session: Session) -> None:
        """Raise `session_not_found` if the session has ended or expired."""
        if not session.is_live(self.clock()):
            raise session_not_found()

    def recall(self, session_id: str) -> Session:
        """Return a stored session, live or not. A second `end` must still know whose session it was."""
        session = self.store.get(session_id) if is_session_id(session_id) else None
        if session is None:
            raise session_not_found()
        return session

    def refresh(self, session_id: str, replacing: str | None) -> tuple[Session, IssuedToken]:
        """Issue a new token, which makes the current one invalid.

        `replacing` is the id of the ephemeral token that authenticates the request. Raises `unauthorized` (401) if it
        is no longer the current one, so that one of two concurrent refreshes wins. None, for the portal's bearer token,
        replaces any token.
        """
        issued: list[IssuedToken] = []

        def change(session: Session) -> Session:
            if replacing is not None and replacing != session.token_id:
                raise unauthorized()
            issued.append(self._tokens.issue(session.session_id, session.expires_at))
            return replace(session, token_id=issued[-1].token_id)

        return self.change_live(session_id, change), issued[-1]

    def end(self, session_id: str, reason: Reason = "ended") -> Session:
        """End the session and announce it. Ending it again changes nothing and repeats the announcement.

        The first reason stays; it is `expired` if the session had already expired. Raises `session_not_found` only if
        the session is no longer stored.
        """
        now = self.clock()
        is_first = False

        def change(session: Session) -> Session:
            nonlocal is_first
            is_first = session.state != "ended"
            if not is_first:
                return session
            first_reason: Reason = reason if session.is_live(now) else "expired"
            return replace(session, state="ended", reason=first_reason, pending=None, running=None, step_up=None)

        session = self._change(session_id, change)
        try:
            self.store.announce(SessionEnded(session.session_id, session.reason or reason))
            if session.worker is not None:
                self.store.release_call(session, None)  # that worker may have died
        finally:
            if is_first and self._on_end is not None:
                self._on_end(session)
        return session

    def end_all(self, tenant_id: str, user_id: str) -> int:
        """End the user's sessions, and return how many were live."""
        live = self.live_of(tenant_id, user_id)
        for session in live:
            self.end(session.session_id)
        return len(live)

    def live_of(self, tenant_id: str, user_id: str) -> list[Session]:
        """Return the user's live sessions."""
        sessions = map(self.store.get, self.store.sessions_of(tenant_id, user_id))
        return [session for session in sessions if session is not None and session.is_live(self.clock())]

    def live(self) -> list[Session]:
        """Return every live session, oldest first. It reads the whole store: for operators, not for requests."""
        now = self.clock()
        live = (session for session in self.store.every() if session.is_live(now))
        return sorted(live, key=lambda session: session.created_at)

    def end_call(self, session_id: str, reason: Reason) -> None:
        """End the call of a session that is no longer stored, on whichever worker has it."""
        self.store.announce(SessionEnded(session_id, reason))

    def activate(self, session_id: str, worker: str) -> Session:
        """Mark the session active on `worker`, which has its call. Repeating it changes nothing."""

        def change(session: Session) -> Session:
            is_active = (session.state, session.worker) == ("active", worker)
            return session if is_active else replace(session, state="active", worker=worker)

        return self.change_live(session_id, change)

    def grant_consent(self, session_id: str, version: str) -> Session:
        """Store that the user has agreed to this version of the consent text now."""
        consent = Consent(version=version, at=self.clock())
        return self.change_live(session_id, lambda s: replace(s, consent=consent))

    def revoke_consent(self, session_id: str) -> Session:
        """Remove the user's consent, and the tool calls that wait for a confirmation."""
        return self.change_live(session_id, lambda s: replace(s, consent=None, pending=None, step_up=None))

    def set_portal_context(self, session_id: str, context: Mapping[str, str]) -> Session:
        """Store where in the portal the user is now."""
        return self.change_live(session_id, lambda s: replace(s, portal_context=dict(context)))

    def rate(self, session_id: str, rating: Rating) -> bool:
        """Store whether the talk has helped, also after its end. Return whether that is new."""
        is_new = False

        def change(session: Session) -> Session:
            nonlocal is_new
            is_new = session.rating != rating
            return replace(session, rating=rating)

        self._change(session_id, change)
        return is_new

    def set_pending(self, session_id: str, pending: Mapping[str, Any] | None) -> Session:
        """Store the tool call that waits for the user's confirmation; None when it is answered."""
        return self.change_live(session_id, lambda s: replace(s, pending=pending))

    def take_pending(self, session_id: str, call_id: str, run_by: str | None = None) -> Mapping[str, Any] | None:
        """Remove and return the pending tool call with this `call_id`. Of several callers, one receives it.

        With `run_by`, the name of the caller, the same step records the call as running, or as waiting for a step-up
        if it needs one. A caller that repeats it after a lost answer receives the call again.
        """
        taken: list[Mapping[str, Any]] = []

        def change(session: Session) -> Session:
            taken.clear()
            for started in (session.running, session.step_up):
                if started is not None and (started.get("call_id"), started.get("run_by")) == (call_id, run_by):
                    taken.append(started)
                    return session
            if session.pending is None or session.pending.get("call_id") != call_id:
                return session
            needs_step_up = bool(run_by and session.pending.get("hash"))
            if needs_step_up and session.step_up is not None:
                return session  # one call waits at a time, and that one may already be authenticated
            taken.append(session.pending)
            if run_by is None:
                return replace(session, pending=None)
            started = {**session.pending, "run_by": run_by, "started_at": self.clock()}
            if needs_step_up:
                return replace(session, pending=None, step_up=started)
            return replace(session, pending=None, running=started)

        self.change_live(session_id, change)
        return taken[0] if taken else None

    def set_running_result(self, session_id: str, call_id: str, result: Mapping[str, Any] | None) -> Session:
        """Store the result of the running tool call; None forgets the call, once the user knows how it ended."""

        def change(session: Session) -> Session:
            if session.running is None or session.running.get("call_id") != call_id:
                return session
            return replace(session, running=None if result is None else {**session.running, "result": result})

        return self.change_live(session_id, change)

    def change_live(self, session_id: str, change: Callable[[Session], Session]) -> Session:
        """Replace the live session by `change(session)`, as `SessionStore.update` does."""
        now = self.clock()

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
