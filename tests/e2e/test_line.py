"""The line in operation: workers that share a Redis, workers that end, and hundreds of calls."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.client import Customer
from tests.servers import Gunicorn, RedisServer, answers, free_udp_port, wait_until, write_config

LOCAL = {"media": {"allow_private_candidates": True}}


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Gunicorn]:
    first = free_udp_port()
    media = {**LOCAL["media"], "port_range": f"{first}-{first + 1}"}  # one for each of them
    config = write_config(tmp_path_factory.mktemp("two"), {"media": media})
    server = Gunicorn(config, workers=2, environ={"BANKER_REDIS_URL": redis_server.url}, ready=True)
    yield server
    server.close()


@pytest.fixture
def one_worker(tmp_path: Path) -> Iterator[Gunicorn]:
    server = Gunicorn(write_config(tmp_path, LOCAL), ready=True)
    yield server
    server.close()


def test_with_two_workers_it_does_not_matter_who_answers(two_workers: Gunicorn) -> None:
    for _ in range(3):
        with Customer(two_workers.url) as customer:
            customer.create()
            customer.connect()
            customer.call()
            customer.consent()
            customer.events.wait_for("transcript", final=True)
            first = customer.browser
            customer.connect()  # at either of them
            again = customer.call()
            first.wait_gone(2)
            assert len(customer.events.of_type("session.ready")[-1]["history"]) == 1
            began = time.monotonic()
            customer.end()  # at either of them
            customer.events.wait_for("session.ended", reason="ended")
            again.wait_gone(2)
            assert time.monotonic() - began < 1


def test_a_lost_worker_loses_no_session(two_workers: Gunicorn) -> None:
    with Customer(two_workers.url) as customer:
        customer.create()
        customer.connect()
        customer.call()
        customer.consent()
        customer.events.wait_for("transcript", final=True)
        for pid in two_workers.workers:
            os.kill(pid, signal.SIGKILL)  # the one that holds the call is among them
        assert customer.socket.wait_closed() == 1006
        customer.browser.vanish()
        customer.come_back(60)
        customer.call()
        assert len(customer.events.of_type("session.ready")[-1]["history"]) == 1


def test_a_worker_that_ends_says_goodbye_first(one_worker: Gunicorn) -> None:
    with Customer(one_worker.url) as customer, Customer(one_worker.url) as talking, requests.Session() as balancer:
        customer.create()
        customer.connect()
        talking.create()
        talking.connect()
        talking.call()
        talking.socket.close()
        assert balancer.get(f"{one_worker.url}/health/ready", timeout=5).status_code == 200
        began = time.monotonic()
        one_worker.terminate()
        assert customer.socket.wait_closed() == 1001
        assert time.monotonic() - began < 2
        assert talking.events.wait_for("error", error="going_away")
        ready = balancer.get(f"{one_worker.url}/health/ready", timeout=5)  # on the connection that it has
        assert ready.status_code == 503
        assert set(ready.json()) == {"error", "message"}
    assert one_worker.process.wait(25) == 0
    assert "Traceback" not in one_worker.log


def test_a_worker_that_ends_lets_its_calls_finish(one_worker: Gunicorn) -> None:
    """The call holds no request open; nothing but the worker's patience keeps it."""
    with Customer(one_worker.url) as talking:
        talking.create()
        talking.connect()
        talking.call()
        talking.consent()
        talking.socket.close()
        talking.socket.wait_closed()
        talking.events.wait_for("transcript", final=True)
        one_worker.terminate()
        talking.events.wait_for("error", error="going_away")
        # gunicorn has given up its connections, and its listening socket after them.
        wait_until(lambda: not answers(one_worker.port), limit=30, what="the end of gunicorn's own patience")
        talking.send({"type": "message.send", "text": "What can you do for me?"})
        wait_until(lambda: len(talking.events.of_type("transcript")) > 3, what="an answer")
        assert one_worker.process.poll() is None
    wait_until(lambda: "Worker exiting" in one_worker.log, what="the worker's end: the last one has hung up")
    assert one_worker.process.wait(25) == 0
    assert "Traceback" not in one_worker.log


def test_sockets_that_came_and_went_do_not_cut_the_goodbye_short(one_worker: Gunicorn) -> None:
    """gunicorn would count a connection off twice whose socket was closed by somebody else, and leave too early."""
    with Customer(one_worker.url) as customer:
        customer.create()
        for _ in range(3):
            customer.connect()
            customer.socket.close()
        customer.connect()
        one_worker.terminate()
        assert customer.socket.wait_closed() == 1001
        assert one_worker.process.wait(25) == 0


def test_calls_leave_nothing_behind(one_worker: Gunicorn) -> None:
    def memory() -> int:
        """KiB that the worker has in memory."""
        status = Path(f"/proc/{one_worker.workers[0]}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    def calls(number: int) -> None:
        for turn in range(number):
            with Customer(one_worker.url) as customer:
                customer.create()
                customer.connect()
                customer.call()
                customer.consent()
                if turn % 2:
                    customer.browser.vanish()
                customer.end()
                customer.socket.wait_closed()

    calls(10)
    threads, descriptors, kib = one_worker.threads(), one_worker.descriptors(), memory()
    calls(60)
    # What the last call held is given back in a moment; what 60 calls had left would stay.
    wait_until(lambda: one_worker.descriptors() <= descriptors + 3, what=f"{descriptors} descriptors as before")
    wait_until(lambda: one_worker.threads() <= threads + 3, what=f"{threads} threads as before")
    assert memory() - kib < 20_000
    assert "Traceback" not in one_worker.log
    began = time.monotonic()
    one_worker.stop()
    assert time.monotonic() - began < 5  # no thread that it waits for
