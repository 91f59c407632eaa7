"""SIGHUP and SIGUSR2 replace the workers of a real gunicorn while customers come and talk: nobody is refused."""

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator

import pytest
import requests

from tests.client import Customer
from tests.servers import Gunicorn, RedisServer, free_udp_port, wait_until, write_config

READY = "ready for calls"
GOING_AWAY = 1001


class Visitors:
    """Threads that create sessions and open their sockets, one after another, until they are asked to stop."""

    def __init__(self, url: str, number: int = 2) -> None:
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Gunicorn]:
    """One worker, which has no sibling to stand in for it, started as the docs do: `python -m gunicorn`.

    Its calls share a UDP port, which the old worker and the new one need.
    """
    media = {"port_range": str(free_udp_port()), "allow_private_candidates": True}
    config = write_config(tmp_path_factory.mktemp("service"), {"media": media})
    server = Gunicorn(config, environ={"BANKER_REDIS_URL": redis_server.url}, ready=True)
    yield server
    with contextlib.suppress(ProcessLookupError):
        os.kill(master(server), signal.SIGTERM)
    server.close()


@pytest.fixture
def visitors(server: Gunicorn) -> Iterator[Visitors]:
    visitors = Visitors(server.url)
    yield visitors
    visitors.stop()


def master(server: Gunicorn) -> int:
    """The process id of the master that has started last."""
    return int(re.findall(r"Listening at: \S+ \((\d+)\)", server.log)[-1])


def assert_nobody_was_refused(visitors: Visitors, server: Gunicorn) -> None:
    before = visitors.served
    wait_until(lambda: visitors.served > before or visitors.errors, limit=60, what="another visitor")
    visitors.stop()
    assert visitors.errors == []
    assert "Traceback" not in server.log and "ERROR" not in server.log


def test_a_reload_refuses_nobody_and_sends_calls_on_when_the_new_worker_is_ready(
    server: Gunicorn, visitors: Visitors
) -> None:
    ready, exits = server.log.count(READY), server.log.count("Worker exiting")
    with Customer(server.url) as customer:
        customer.create()
        customer.connect()
        customer.call()
        os.kill(master(server), signal.SIGHUP)
        assert customer.socket.wait_closed(120) == GOING_AWAY
        assert server.log.count(READY) == ready + 1
        customer.connect()
        customer.call()
        wait_until(lambda: server.log.count("Worker exiting") == exits + 1, 60, "the end of the old worker")
    assert_nobody_was_refused(visitors, server)


def test_an_upgrade_refuses_nobody_and_the_new_master_stays(server: Gunicorn, visitors: Visitors) -> None:
    ready, old = server.log.count(READY), master(server)
    with Customer(server.url) as customer:
        customer.create()
        customer.connect()
        os.kill(old, signal.SIGUSR2)
        wait_until(lambda: server.log.count(READY) == ready + 1, limit=120, what="the worker of the new master")
        assert master(server) != old
        assert customer.socket.code is None
        os.kill(old, signal.SIGTERM)
        assert customer.socket.wait_closed(60) == GOING_AWAY
        customer.connect()
        wait_until(lambda: "Master has been promoted" in server.log, limit=60, what="the end of the old master")
        assert requests.get(f"{server.url}/health/ready", timeout=10).status_code == 200
    assert_nobody_was_refused(visitors, server)
