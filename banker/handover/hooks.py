"""Calls the bank's own functions at a hand-over and at the end of a talk, in its application's context."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from banker.handover.record import HandOverAnswer
from banker.handover.summary import shown_turns, talk_summary
from banker.sessions import Rating, Session, SessionStore
from banker.tools.daemon_threads import DaemonThreadPool
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)

HOOK_TIMEOUT_S = 3.0
"""A customer waits at most this long for the bank's rule. Then the desk is used."""
RATING_WAIT_S = 30.0
"""The end of a talk is reported this much later, with the customer's rating, if any."""
THREADS = 4

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class HandOverTarget:
    """Where the bank sends a customer who asks for a person: a telephone number, a link, or both."""

    phone: str = ""
    link: str = ""


class EventSink(Protocol):
    """Takes events for the bank, such as a webhook."""

    def put(self, kind: str, event_id: str, data: Mapping[str, Any]) -> None:
        """Deliver an event later. Returns at once."""


class HandOverHooks:
    """Implements `HandOverHook`. A function that fails or takes too long is logged, and the talk goes on without it.

    `context` opens the application context of the host.
    """

    def __init__(
        self,
        store: SessionStore,
        context: Callable[[], AbstractContextManager[Any]],
        sink: EventSink | None,
        rating_wait_s: float = RATING_WAIT_S,
    ) -> None:
        self.store = store
        self._context = context
        self._sink = sink
        self._threads = DaemonThreadPool(THREADS, "banker-hook")
        self._rating_wait_s = rating_wait_s
        self._unrated: dict[str, tuple[Session, float]] = {}
        """The talks that have ended here and are not reported yet, and when they are, the first one first."""
        self._changed = threading.Condition()
        self._reporter: threading.Thread | None = None
        self._on_handover: Callable[[dict[str, Any]], HandOverTarget | None] | None = None
        self._on_end: Callable[[dict[str, Any]], None] | None = None

    @property
    def directs(self) -> bool:
        """Whether the bank has its own rule for where to send customers."""
        return self._on_handover is not None

    def on_handover(self, function: Function) -> Function:
        """Register a function that gets the summary when a customer asks for a person.

        It returns a `HandOverTarget`, or None for the desk.
        """
        self._on_handover = function
        return function

    def on_end(self, function: Function) -> Function:
        """Register a function that gets the summary of each ended talk."""
        self._on_end = function
        return function

    def direct(self, session: Session, reason: str, urgency: str) -> HandOverAnswer | None:
        summary = self._summary(session, handover={"reason": reason, "urgency": urgency}, with_transcript=True)
        if self._sink is not None:
            told = {name: value for name, value in summary.items() if name != "transcript"}
            self._sink.put("handover.requested", f"{session.session_id}-handover-{len(summary['transcript'])}", told)
        function = self._on_handover
        if function is None:
            return None
        try:
            target = self._threads.submit(lambda: self._in_context(function, summary)).result(HOOK_TIMEOUT_S)
        except Exception as error:
            log.error("on_handover failed: %s", redacted_traceback(error))
            return None
        if not isinstance(target, HandOverTarget):
            return None
        return HandOverAnswer("elsewhere", text=target.phone, link=target.link)

    def talk_ended(self, session: Session) -> None:
        """Report the end of a talk as soon as it is rated, or will not be any more. Returns at once."""
        if self._on_end is None and self._sink is None:
            return
        with self._changed:
            self._unrated[session.session_id] = session, time.monotonic() + self._rating_wait_s
            if self._reporter is None:
                self._reporter = threading.Thread(target=self._report_in_time, name="banker-talk-ends", daemon=True)
                self._reporter.start()
            self._changed.notify()

    def talk_rated(self, session: Session, rating: Rating) -> None:
        """Report a rating, on whichever process the talk has ended. Returns at once."""
        if self._sink is not None:
            ids = {"session_id": session.session_id, "tenant_id": session.tenant_id, "user_id": session.user_id}
            self._sink.put(
                "talk.rated", f"{session.session_id}-rated-{secrets.token_hex(4)}", {**ids, "rating": rating}
            )
        self._report(session.session_id)

    def close(self) -> None:
        """Report what waits for a rating, and wait a moment for the bank's function."""
        with self._changed:
            waiting = list(self._unrated)
        wait([report for session_id in waiting if (report := self._report(session_id)) is not None], HOOK_TIMEOUT_S)

    def _report(self, session_id: str) -> "Future[None] | None":
        with self._changed:
            session, _ = self._unrated.pop(session_id, (None, 0.0))
        return None if session is None else self._threads.submit(lambda: self._report_end(session))

    def _report_in_time(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._unrated))
                session_id, (_, due) = next(iter(self._unrated.items()))
                left = due - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
            self._report(session_id)

    def _report_end(self, ended: Session) -> None:
        try:
            session = self.store.get(ended.session_id)
            if session is None:  # the bank has let the customer be forgotten
                return
            summary = self._summary(session)
            if self._sink is not None:
                self._sink.put("talk.ended", f"{session.session_id}-ended", summary)
            if self._on_end is not None:
                self._in_context(self._on_end, summary)
        except Exception as error:
            log.error("on_end failed: %s", redacted_traceback(error))

    def _in_context(self, function: Callable[[dict[str, Any]], Any], summary: dict[str, Any]) -> Any:
        with self._context():
            return function(summary)

    def _summary(self, session: Session, *, with_transcript: bool = False, **more: Any) -> dict[str, Any]:
        turns = self.store.turns(session.session_id)
        summary = talk_summary(session, turns) | more
        return summary | {"transcript": shown_turns(turns)} if with_transcript else summary
