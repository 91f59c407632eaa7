"""Figures of several services in a process, and of workers that cannot count together."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from banker.config.loading import load
from banker.config.settings import MetricsSettings
from banker.server import gunicorn_hooks, wsgi_server
from banker.server.metrics import Metrics, shared_files
from tests.servers import ROOT, config_environment, write_config

TWO_SERVICES = """
from banker.server.metrics import Metrics
one, other = Metrics(True), Metrics(True)
for metrics in (one, other):
    metrics.sessions_created.inc()
    metrics.peers.inc(2)
    metrics.peers.inc(-1)
    metrics.tool_called("freeze_card", "ok")
print(other.exposition()[0].decode())
"""
SUMS = ("banker_sessions_created_total 2.0", "banker_peers 2.0")


def test_services_of_one_process_count_together_where_workers_do(tmp_path):
    environ = {"PYTHONPATH": str(ROOT), shared_files.FOLDER: str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", TWO_SERVICES], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(SUMS) <= set(done.stdout.splitlines())
    assert 'banker_tool_calls_total{outcome="ok",tool="freeze_card"} 2.0' in done.stdout
    assert 'banker_rejections_total{cause="store"} 0.0' in done.stdout, "a rate begins at zero"


def test_without_the_switch_nothing_is_counted_and_nothing_is_imported():
    code = "import sys; from banker.server.metrics import Metrics as M; m = M(False); m.turns['spoken'].inc(); "
    code += "m.tool_called('t', 'ok'); sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize(("workers", "enabled", "is_reported"), [(2, True, True), (2, False, False), (1, True, False)])
def test_workers_that_count_apart_are_reported(tmp_path, workers, enabled, is_reported):
    environ = {**config_environment(), "BANKER_REDIS_URL": "redis://127.0.0.1:1/0"}
    config = load(write_config(tmp_path), environ)
    config = replace(config, metrics=MetricsSettings(enabled=enabled, token="m" * 32))
    worker = SimpleNamespace(cfg=SimpleNamespace(threads=40, workers=workers))
    problems = list(gunicorn_hooks.problems(worker, config))
    assert problems == ([wsgi_server.SEPARATE_METRICS] if is_reported else [])


def test_a_reason_of_a_newer_worker_is_counted():
    metrics = Metrics(True)
    metrics.call_ended("moved_to_the_moon")
    assert b'banker_calls_ended_total{reason="moved_to_the_moon"} 1.0' in metrics.exposition()[0]
