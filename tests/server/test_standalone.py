"""The service on its own under gunicorn: what cannot work ends the start in one line, and a reload harms nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.servers import ROOT, Gunicorn, config_environment, free_port, wait_until, write_config


def failed_start(*options: str, **environ: str) -> list[str]:
    """Start gunicorn where it must refuse; return the lines that it printed beside its own "Starting gunicorn"."""
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", *options, "app:app"],
        cwd=ROOT,
        env=config_environment() | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    return [line for line in done.stderr.splitlines() if "] Starting gunicorn " not in line]


@pytest.fixture
def config(tmp_path: Path) -> str:
    return str(write_config(tmp_path))


def test_the_settings_file_is_settings_alone() -> None:
    text = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    assert "def " not in text and "class " not in text.replace("worker_class", "").replace("logger_class", "")


@pytest.mark.parametrize(
    ("options", "environ"), [((), {"WEB_CONCURRENCY": "2"}), (("--workers", "2"), {}), (("-w2",), {})]
)
def test_several_workers_need_redis(options: tuple[str, ...], environ: dict[str, str], config: str) -> None:
    printed = failed_start(*options, BANKER_CONFIG=config, PORT=str(free_port()), **environ)
    assert printed == ["2 workers need BANKER_REDIS_URL: without it each has sessions and rate limits of its own"]


def test_workers_that_share_a_udp_port_each_need_their_own(config: str) -> None:
    ports = {"BANKER_MEDIA__PORT_RANGE": "40000", "BANKER_REDIS_URL": "redis://127.0.0.1:1/0"}
    (line,) = failed_start("-w4", BANKER_CONFIG=config, PORT=str(free_port()), **ports)
    assert line.startswith("4 workers need 4 UDP ports, one each, and media.port_range has 1:")
    assert line.endswith('write "40000-40003"')


def test_the_demo_listens_on_the_loopback_address_alone() -> None:
    (line,) = failed_start(BANKER_DEMO="1", BANKER_BIND=f"0.0.0.0:{free_port()}")
    assert line.startswith("The demo listens on 127.0.0.1 only, not on 0.0.0.0")


def test_a_port_in_use_is_named(config: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (line,) = failed_start(BANKER_CONFIG=config, PORT=str(port))
    assert line.startswith(f"Port {port} of 127.0.0.1 is in use.")


def test_a_mistake_in_the_configuration_ends_the_start(config: str) -> None:
    (line,) = failed_start(BANKER_CONFIG=config, BANKER_LIMITS__TENANT_PER_MINUTE="many")
    assert "BANKER_LIMITS__TENANT_PER_MINUTE" in line


def test_an_audit_trail_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("not a folder")
    config = write_config(tmp_path, {"audit": {"file": str(obstacle / "audit.jsonl")}})
    (line,) = failed_start(BANKER_CONFIG=str(config), PORT=str(free_port()))
    assert line.startswith(f"{config}/banker.toml: audit.file: {obstacle}/audit.jsonl cannot be written: ")
    assert line.endswith("name a file that this user may create")


def test_the_systemd_unit_of_the_docs_lets_the_audit_trail_be_written() -> None:
    text = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    unit = dict(re.findall(r"^    (\w+)=(.*)$", text, re.MULTILINE))
    assert unit["ProtectSystem"] == "strict"  # only the state directory may be written
    name, _, path = re.findall(r"^    Environment=(\w+)(=)(.*)$", text, re.MULTILINE)[0]
    assert name == "BANKER_AUDIT__FILE"
    assert Path(path).parent == Path("/var/lib") / unit["StateDirectory"]


def test_a_running_service_stays_with_one_worker_and_with_a_valid_configuration(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    server = Gunicorn(config, ready=True)
    try:
        os.kill(server.process.pid, signal.SIGTTIN)
        wait_until(lambda: "The number of workers stays 1" in server.log, what="the refusal of a second worker")
        (config / "banker.toml").write_text('[server]\nthreads = "many"\n')
        os.kill(server.process.pid, signal.SIGHUP)
        wait_until(lambda: "The configuration was not reloaded" in server.log, what="the refusal of the reload")
        assert "server.threads" in server.log
        assert len(server.workers) == 1
        assert requests.get(f"{server.url}/health/ready", timeout=5).status_code == 200
        (config / "banker.toml").unlink()
        write_config(config, bank={"config": {"allowed_tools": ["pay_rent"]}})
        old = server.workers
        os.kill(server.process.pid, signal.SIGHUP)
        wait_until(lambda: "The reload has failed" in server.log, limit=60, what="the end of the new worker")
        assert "pay_rent" in server.log and server.workers == old
        assert requests.get(f"{server.url}/health/ready", timeout=5).status_code == 200
        write_config(config)
        os.kill(server.process.pid, signal.SIGHUP)
        wait_until(lambda: server.workers and server.workers != old, limit=60, what="a new worker")
        wait_until(lambda: len(server.workers) == 1, limit=60, what="the end of the old worker")
        assert requests.get(f"{server.url}/health", timeout=10).status_code == 200
        assert "Traceback" not in server.log
    finally:
        server.close()
