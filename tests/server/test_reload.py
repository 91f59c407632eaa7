"""SIGHUP and SIGUSR2 replace the workers of a real gunicorn while customers come and talk: nobody is refused."""

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.client import Customer
from tests.servers import Gunicorn, RedisServer, wait_until, write_config

READY = "ready for calls"
GOING_AWAY = 1001


class Visitors:
    """Threads that create sessions and open their sockets, one after another, until they are asked to stop."""

    def __init__(self, url: str, number: int = 3) -> None:
        self.served = 0
        self.errors: list[str] = []
        self._url = url
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(number)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number: int) -> None:
        while not self._stop.is_set():
            try:
                with Customer(self._url, user=f"visitor-{number}") as visitor:
                    visitor.create()
                    socket = visitor.connect(wait=False)  # raises Refused unless it is upgraded
                    wait_until(lambda v=visitor: v.events.of_type("ready") or v.events.of_type("(closed)"), limit=60)
                    assert socket.code in (None, GOING_AWAY), socket.code
                    visitor.end()
                    self.served += 1
            except Exception as error:
                self.errors.append(f"{type(error).__name__}: {error}")


@pytest.fixture
def server(tmp_path: Path, redis_server: RedisServer) -> Iterator[Gunicorn]:
    """Two workers, started as the docs do: `python -m gunicorn`."""
    config = write_config(tmp_path, {"media": {"allow_private_candidates": True}})
    server = Gunicorn(config, workers=2, environ={"BANKER_REDIS_URL": redis_server.url}, ready=True)
    yield server
    for pid in masters(server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    server.close()


@pytest.fixture
def visitors(server: Gunicorn) -> Iterator[Visitors]:
    visitors = Visitors(server.url)
    yield visitors
    visitors.stop()


def masters(server: Gunicorn) -> list[int]:
    """The process ids of the masters that have listened at the port, oldest first."""
    return [int(pid) for pid in re.findall(r"Listening at: \S+ \((\d+)\)", server.log)]


def assert_nobody_was_refused(visitors: Visitors, server: Gunicorn) -> None:
    before = visitors.served
    wait_until(lambda: visitors.served > before or visitors.errors, limit=60, what="another visitor")
    visitors.stop()
    assert visitors.errors == []
    assert "Traceback" not in server.log and "ERROR" not in server.log


def test_a_reload_refuses_nobody_and_sends_calls_on_when_new_workers_are_ready(
    server: Gunicorn, visitors: Visitors
) -> None:
    old = server.workers
    with Customer(server.url) as customer:
        customer.create()
        customer.connect()
        os.kill(server.process.pid, signal.SIGHUP)
        assert customer.socket.wait_closed(120) == GOING_AWAY
        assert server.log.count(READY) > 2
        customer.connect()
        wait_until(lambda: len(server.workers) == 2 and not set(old) & set(server.workers), 120, "only new workers")
        assert server.log.count(READY) == 4
    assert_nobody_was_refused(visitors, server)
    assert server.stop() == 0


def test_an_upgrade_refuses_nobody_and_the_new_master_stays(server: Gunicorn, visitors: Visitors) -> None:
    with Customer(server.url) as customer:
        customer.create()
        customer.connect()
        os.kill(server.process.pid, signal.SIGUSR2)
        wait_until(lambda: server.log.count(READY) == 4, limit=120, what="the workers of the new master")
        assert customer.socket.code is None
        os.kill(server.process.pid, signal.SIGTERM)
        assert customer.socket.wait_closed(60) == GOING_AWAY
        customer.connect()
        assert server.process.wait(60) == 0
        wait_until(lambda: "Master has been promoted" in server.log, limit=60, what="the promotion")
        assert requests.get(f"{server.url}/health/ready", timeout=10).status_code == 200
    assert_nobody_was_refused(visitors, server)
