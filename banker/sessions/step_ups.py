"""Step-up: a confirmed tool call waits in the session until the bank has authenticated the user for exactly this call.

A hash binds the proof to the amount and the payee (Commission Delegated Regulation (EU) 2018/389, article 5). The
proof reaches any worker, which stores it; the worker that has the call finds it there and runs the tool once.
"""

import hashlib
import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from banker.audit import Audit
from banker.audit.chain import canonical_json
from banker.errors import ApiError
from banker.sessions.lifecycle import Sessions
from banker.sessions.session import Session

STEP_UP_TIMEOUT_S = 300.0
"""A call that is not authenticated within this time is dropped (five minutes: article 4(3)(d) of the regulation)."""
CLOCK_LEEWAY_S = 30.0
"""How far the clocks of two hosts may differ. The same as for tokens."""


@dataclass(frozen=True)
class StepUpProof:
    """What a bank's back end asserts after its own strong authentication.

    `hash` is from the `StepUpRequest` that the user approved. `user_id` is the authenticated user, as in
    `create_session`. `method` ("one-time code", "passkey") goes to the audit trail. `authenticated_at` is in Unix
    seconds.
    """

    hash: str
    user_id: str | int
    method: str
    authenticated_at: float

    def __post_init__(self) -> None:
        """Raise `TypeError` for members of the wrong type."""
        if not (isinstance(self.hash, str) and isinstance(self.method, str)):
            raise TypeError("StepUpProof: hash and method must be strings.")
        if not (isinstance(self.authenticated_at, int | float) and math.isfinite(self.authenticated_at)):
            raise TypeError("StepUpProof: authenticated_at must be a number of Unix seconds.")


@dataclass(frozen=True)
class StepUpRequest:
    """A call that waits for the bank's authentication. Show the user `summary`, which names every argument."""

    session_id: str
    call_id: str
    tenant_id: str
    user_id: str
    tool: str
    arguments: Mapping[str, Any]
    """What the function gets, as JSON data: amounts and dates are strings."""
    summary: str
    hash: str
    expires_at: float
    """Unix seconds."""


class StepUps:
    """Requests, accepts and ends step-ups. Methods may raise `StoreUnavailable`."""

    def __init__(self, sessions: Sessions, audit: Audit) -> None:
        self._sessions = sessions
        self._audit = audit
        self._clock = sessions.clock

    def request(self, session_id: str, call_id: str) -> StepUpRequest:
        """Return the call that the bank's back end has to authenticate the user for.

        The bank's page only passes on the two ids: what the user sees, and where a code is sent, never comes from a
        page. Raises `ApiError` 404 for an unknown session, or if this call is not waiting in it.
        """
        session = self._sessions.find(session_id)
        waiting = session.step_up
        if waiting is None or waiting["call_id"] != call_id or "proof" in waiting or self._is_over(waiting):
            raise ApiError(404, "step_up_not_found", "This call is not waiting for a step-up.")
        return StepUpRequest(
            session_id=session_id,
            call_id=call_id,
            tenant_id=session.tenant_id,
            user_id=session.user_id,
            tool=waiting["tool"],
            arguments=waiting["exact"],
            summary=waiting["summary"],
            hash=waiting["hash"],
            expires_at=waiting["started_at"] + STEP_UP_TIMEOUT_S,
        )

    def done(self, session_id: str, call_id: str, proof: StepUpProof) -> None:
        """Accept the bank's proof, so that the call runs on the worker that has it or on its successor.

        Raises `ApiError` 400 (`step_up_refused`), and records the reason, if the proof belongs to another call or user,
        is too old or was used before; 404 for an unknown session.
        """
        refusals: list[str] = []

        def change(session: Session) -> Session:
            refusals.clear()
            reason = self._refusal(session, call_id, proof)
            if reason is not None or session.step_up is None:
                refusals.append(reason or "not_waiting")
                return session
            accepted = {"method": proof.method, "authenticated_at": proof.authenticated_at}
            return replace(session, step_up={**session.step_up, "proof": accepted})

        try:
            session = self._sessions.change_live(session_id, change)
        except ApiError as error:
            if error.status == 404:
                over = self._sessions.recall(session_id)
                self._record("step_up.refused", over, call_id, proof, reason="session_over")
            raise
        if refusals:
            self._refuse(session, call_id, proof, refusals[0])
        self._record("step_up.done", session, call_id, proof)

    def take(self, session_id: str, call_id: str, run_by: str) -> Mapping[str, Any] | None:
        """Record an authenticated call as running, and return it. Of several callers, one receives it.

        A caller that repeats it after a lost answer receives the call again.
        """
        taken: list[Mapping[str, Any]] = []

        def change(session: Session) -> Session:
            taken.clear()
            running, waiting = session.running, session.step_up
            if running is not None and (running["call_id"], running["run_by"]) == (call_id, run_by):
                taken.append(running)
            elif waiting is not None and waiting["call_id"] == call_id and "proof" in waiting:
                running = {**waiting, "run_by": run_by, "started_at": self._clock()}
                taken.append(running)
                return replace(session, step_up=None, running=running)
            return session

        self._sessions.change_live(session_id, change)
        return taken[0] if taken else None

    def drop(self, session_id: str, call_id: str) -> bool:
        """Remove a waiting call unless its proof has arrived. Return whether it was removed without running."""
        dropped: list[bool] = []

        def change(session: Session) -> Session:
            waiting = session.step_up
            is_waiting = waiting is not None and waiting["call_id"] == call_id and "proof" not in waiting
            dropped.append(is_waiting)
            return replace(session, step_up=None) if is_waiting else session

        self._sessions.change_live(session_id, change)
        return any(dropped)  # an attempt whose answer was lost may have dropped it

    def _refusal(self, session: Session, call_id: str, proof: StepUpProof) -> str | None:
        """Return why a proof is refused, in the words of the audit trail; None if it is accepted."""
        now, waiting = self._clock(), session.step_up
        if session.user_id != str(proof.user_id):
            return "other_user"
        if waiting is None or waiting["call_id"] != call_id:
            is_running = session.running is not None and session.running["call_id"] == call_id
            return "used" if is_running else "not_waiting"
        if "proof" in waiting:
            return "used"
        if self._is_over(waiting):
            return "expired"
        if not hmac.compare_digest(proof.hash.encode(errors="replace"), str(waiting["hash"]).encode()):
            return "other_hash"
        if not waiting["started_at"] - CLOCK_LEEWAY_S <= proof.authenticated_at <= now + CLOCK_LEEWAY_S:
            return "other_time"
        return None

    def _is_over(self, waiting: Mapping[str, Any]) -> bool:
        return self._clock() > float(waiting["started_at"]) + STEP_UP_TIMEOUT_S

    def _refuse(self, session: Session, call_id: str, proof: StepUpProof, reason: str) -> NoReturn:
        self._record("step_up.refused", session, call_id, proof, reason=reason)
        raise ApiError(400, "step_up_refused", f"The proof is refused: {reason}.")

    def _record(self, event: str, session: Session, call_id: str, proof: StepUpProof, **details: Any) -> None:
        self._audit.record(
            event,
            **session.ids,
            call_id=call_id,
            hash=proof.hash,
            method=proof.method,
            authenticated_at=proof.authenticated_at,
            **details,
        )


def step_up_hash(
    call_id: str, tool: str, arguments: Mapping[str, Any], session_id: str, tenant_id: str, user_id: str
) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of one call: sorted keys, no spaces, ASCII.

    `call_id` distinguishes two equal transfers, so that one code never serves both.
    """
    bound = {
        "call_id": call_id,
        "tool": tool,
        "arguments": dict(arguments),
        "session_id": session_id,
        "tenant_id": tenant_id,
        "user_id": user_id,
    }
    return hashlib.sha256(canonical_json(bound).encode()).hexdigest()
