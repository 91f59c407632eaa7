"""How many calls a worker takes: `media.max_peers`, or what its share of the cores can carry."""

import os
from collections.abc import Iterator
from pathlib import Path

from banker.config.settings import MediaSettings
from banker.server import wsgi_server

CALLS_A_CORE = 16
"""Live conversations a core with recogniser and voice at work, as `make bench` measures them (docs/performance.md)."""
CALLS_A_WORKER = 150
"""The media of a worker run in one thread, so on one core, even if the engines are elsewhere."""
CGROUPS = Path("/sys/fs/cgroup")


def call_places(media: MediaSettings, *, has_local_engine: bool) -> int:
    """Return how many calls this worker takes."""
    if media.max_peers is not None:
        return media.max_peers
    return default_max_peers(available_cores(), wsgi_server.worker_count(), has_local_engine=has_local_engine)


def default_max_peers(cores: float, workers: int, *, has_local_engine: bool) -> int:
    """Return how many calls each of `workers` takes if they share `cores`."""
    if not has_local_engine:
        return CALLS_A_WORKER
    return max(1, min(CALLS_A_WORKER, int(CALLS_A_CORE * cores / workers)))


def available_cores(cgroups: Path = CGROUPS, membership: Path = Path("/proc/self/cgroup")) -> float:
    """Return how many cores this process may use, not how many the host has.

    The minimum of its CPU affinity and of the quotas of its control group and the parent groups, in version 1 or 2
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
    """Return how many cores one control group allows; None for no limit."""
    try:
        if (file := folder / "cpu.max").exists():
            quota, period = file.read_text(encoding="ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        return None if quota in ("max", "-1") else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
