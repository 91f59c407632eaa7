"""How many calls a worker takes by default: what the cores that it may use can carry."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from banker.rtc.calls import capacity
from banker.rtc.calls.capacity import available_cores, default_max_peers
from banker.server import wsgi_server
from tests.rtc.facades import MediaHarness, ToneVoice

UNLIMITED = 1_000.0


@pytest.mark.parametrize(
    ("cores", "workers", "has_local_engine", "calls"),
    [
        (2, 1, True, 32),
        (8, 1, True, 128),
        (8, 4, True, 32),
        (64, 1, True, 150),
        (0.5, 1, True, 8),
        (0.01, 4, True, 1),
        (2, 1, False, 150),
        (2, 4, False, 150),
    ],
)
def test_a_worker_takes_what_its_share_of_the_cores_carries(
    cores: float, workers: int, has_local_engine: bool, calls: int
) -> None:
    assert default_max_peers(cores, workers, has_local_engine=has_local_engine) == calls


@pytest.fixture
def quotas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    """Returns a function that makes the files of control groups, and reads the cores that they leave of many."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(int(UNLIMITED)))

    def cores(membership: str, **files: str) -> float:
        for name, text in files.items():
            file = tmp_path / "cgroup" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        (tmp_path / "membership").write_text(membership + "\n")
        return available_cores(tmp_path / "cgroup", tmp_path / "membership")

    return cores


def test_the_quota_of_a_container_counts(quotas: Callable[..., float]) -> None:
    assert quotas("0::/", **{"cpu.max": "150000 100000"}) == 1.5


def test_the_least_quota_of_the_groups_around_a_process_counts(quotas: Callable[..., float]) -> None:
    files = {"system.slice/cpu.max": "200000 100000", "system.slice/banker.service/cpu.max": "max 100000"}
    assert quotas("0::/system.slice/banker.service", **files) == 2


def test_control_groups_of_version_1_count(quotas: Callable[..., float]) -> None:
    files = {"cpu/pod/cpu.cfs_quota_us": "300000", "cpu/pod/cpu.cfs_period_us": "100000"}
    assert quotas("12:memory:/pod\n4:cpu,cpuacct:/pod\n0::/", **files) == 3


@pytest.mark.parametrize(
    "files", [{}, {"cpu.max": "max 100000"}, {"cpu.max": "nonsense"}, {"cpu/cpu.cfs_quota_us": "-1"}]
)
def test_without_a_quota_the_affinity_counts(quotas: Callable[..., float], files: dict[str, str]) -> None:
    assert quotas("1:cpu:/\n0::/", **files) == UNLIMITED


def test_a_process_that_is_bound_to_one_core_has_one() -> None:
    one = min(os.sched_getaffinity(0))
    bind = f"import os; os.sched_setaffinity(0, [{one}])"
    script = f"{bind}\nfrom banker.rtc.calls.capacity import available_cores as cores; print(cores())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 0 < float(done.stdout) <= 1


def test_what_is_configured_goes_before(make_harness: Callable[..., MediaHarness]) -> None:
    harness = make_harness(service={"media": {"max_peers": 7}})
    assert harness.calls.places == 7


def test_without_engines_on_this_machine_a_worker_takes_150(harness: MediaHarness) -> None:
    assert harness.calls.places == 150


def test_workers_share_the_cores(make_harness: Callable[..., MediaHarness], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_server, "_workers", 2)
    monkeypatch.setattr(capacity, "available_cores", lambda: 3.0)
    harness = make_harness(voice=ToneVoice(), service={"speech": {"synthesiser": "hibari"}})
    assert harness.calls.places == 24
