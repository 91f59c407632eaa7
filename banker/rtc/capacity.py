"""How many calls a worker takes where `media.max_peers` does not say, and how many a user may have."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from banker.config.settings import MediaSettings
from banker.errors import ApiError, too_many_open
from banker.server import wsgi_server
from banker.server.metrics import Metrics
from banker.sessions import Session, SessionStore, StoreUnavailable
from banker.sessions.conversation_records import RunInStore

log = logging.getLogger(__name__)

CALLS_A_CORE = 16
"""Live conversations a core with recogniser and voice at work, as `make bench` measures them (docs/performance.md)."""
CALLS_A_WORKER = 150
"""The media of a worker live in one thread, which one core runs, even where the engines are elsewhere."""
CGROUPS = Path("/sys/fs/cgroup")
NO_LIMIT = 1_000_000
CLAIM_S = 90.0
"""How long a call counts after its worker was heard of: three times the interval of `CallRegistry.watch_sessions`."""


def call_places(media: MediaSettings, *, has_local_engine: bool) -> int:
    """Return how many calls this worker takes."""
    if media.max_peers is not None:
        return media.max_peers
    return default_max_peers(available_cores(), wsgi_server.worker_count(), has_local_engine=has_local_engine)


def default_max_peers(cores: float, workers: int, *, has_local_engine: bool) -> int:
    """Return how many calls each of `workers` takes that share `cores`."""
    if not has_local_engine:
        return CALLS_A_WORKER
    return max(1, min(CALLS_A_WORKER, int(CALLS_A_CORE * cores / workers)))


def available_cores(cgroups: Path = CGROUPS, membership: Path = Path("/proc/self/cgroup")) -> float:
    """Return how many cores this process may use, not how many the host has.

    The least of its CPU affinity and of the quotas of its control group and of those around it, in version 1 or 2
    (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files). A container's quota is one of them.
    """
    return min([float(len(os.sched_getaffinity(0))), *_quotas(cgroups, membership)])


def _quotas(cgroups: Path, membership: Path) -> Iterator[float]:
    try:
        lines = membership.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = cgroups / "cpu" if controllers else cgroups
        group = mount / path.lstrip("/")
        for folder in (group, *group.parents):
            quota = _quota(folder)
            if quota is not None:
                yield quota
            if folder == mount:
                break


def _quota(folder: Path) -> float | None:
    """Return the cores that one control group allows; None for any number."""
    try:
        if (file := folder / "cpu.max").exists():
            quota, period = file.read_text(encoding="ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        return None if quota in ("max", "-1") else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


class UserCalls:
    """Counts the calls with media of each user, on all workers together. Belongs to the media loop.

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
        """Count this call. Raises `ApiError` 429 if the user has as many others as one may have.

        While the store is away, those of this worker count.
        """
        others = [other for other in self._here.values() if _user(other) == _user(session)]
        if sum(other.session_id != session.session_id for other in others) >= self._limit:
            raise self._too_many()
        self._here[session.session_id] = session
        try:
            claimed = await self._run(partial(self._store.claim_call, session, self._worker, self._limit, CLAIM_S))
        except StoreUnavailable:
            log.warning("the calls of a user were counted on this worker alone")
            return
        if not claimed:
            self._here.pop(session.session_id, None)
            raise self._too_many()

    async def release(self, session: Session) -> None:
        """Count this call no longer. Without the store, the others stop counting it after `CLAIM_S`."""
        if self._here.pop(session.session_id, None) is not None:
            with suppress(StoreUnavailable):
                await self._run(partial(self._store.release_call, session, self._worker))

    async def renew(self) -> None:
        """Say that the calls of this worker go on."""
        for session in list(self._here.values()):
            with suppress(StoreUnavailable):
                await self._run(partial(self._store.claim_call, session, self._worker, NO_LIMIT, CLAIM_S))

    def _too_many(self) -> ApiError:
        self._metrics.rejections["user_share"].inc()
        return too_many_open(self._limit, "calls", time.time())


def _user(session: Session) -> tuple[str, str]:
    return session.tenant_id, session.user_id
