"""Whether a colleague still has a talk before them, which a restart of the worker that heard them does not answer."""

import os
import platform
import threading
from collections.abc import Callable
from contextlib import suppress

from banker.handover.desk_store import DeskStore, presence
from banker.sessions.store import StoreUnavailable

PRESENT_S = 10.0
"""A side that was not heard of for this long is gone. A desk asks every second, and a customer's worker every four."""
RESTART_S = 60.0
"""How long a page is waited for when the worker that heard it last is gone: that page has nobody to talk to."""
PULSE_S, ALIVE_S = 2.0, 6.0
"""How often a worker says that it serves desks, and how long that holds: not as long as a page counts as present."""
_SERVICE = ""
"""Workers are listed for all tenants."""


def worker_name() -> str:
    """Return the name of this process, once it is a worker."""
    return f"{platform.node()}/{os.getpid()}"


class Attendance:
    """The colleagues at their desks, over any store. Methods raise `StoreUnavailable`. `clock` gives Unix seconds."""

    def __init__(
        self,
        desk: DeskStore,
        clock: Callable[[], float],
        worker: Callable[[], str] = worker_name,
        pulse_s: float = PULSE_S,
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._worker = worker
        self._pulse_s = pulse_s
        self._pulse: threading.Thread | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def attend(self, tenant_id: str, session_id: str) -> None:
        """The colleague's page was heard by this worker."""
        now = self._clock()
        self._desk.enlist(tenant_id, "present", presence(session_id, "colleague"), now + PRESENT_S)
        self._desk.enlist(tenant_id, "present", _heard_by(session_id, self._worker()), now + RESTART_S)
        with self._lock:
            if self._pulse is None:
                self._pulse = threading.Thread(target=self._beat, name="banker-desk-pulse", daemon=True)
                self._pulse.start()

    def is_there(self, tenant_id: str, session_id: str) -> bool:
        """Return whether the colleague's page was heard lately, or could not be because a worker restarts."""
        present = self._desk.listed(tenant_id, "present")
        if presence(session_id, "colleague") in present:
            return True
        prefix = _heard_by(session_id, "")
        last = max((name for name in present if name.startswith(prefix)), key=present.__getitem__, default=None)
        return last is not None and not self._is_alive(last.removeprefix(prefix))

    def stop(self) -> None:
        """This worker serves no desk any more: whoever it has heard is waited for until another worker hears them."""
        self._stopped.set()
        if self._pulse is not None:
            self._pulse.join(PULSE_S)
        with suppress(StoreUnavailable):
            self._desk.delist(_SERVICE, "present", self._worker())

    def _is_alive(self, worker: str) -> bool:
        is_own = worker == self._worker() and not self._stopped.is_set()
        return is_own or worker in self._desk.listed(_SERVICE, "present")

    def _beat(self) -> None:
        while not self._stopped.is_set():
            with suppress(StoreUnavailable):
                self._desk.enlist(_SERVICE, "present", self._worker(), self._clock() + ALIVE_S)
            self._stopped.wait(self._pulse_s)


def _heard_by(session_id: str, worker: str) -> str:
    return f"{session_id} heard by {worker}"
