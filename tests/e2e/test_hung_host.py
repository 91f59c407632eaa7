"""Two hosts behind nginx, with the nginx.conf that the project ships, when one of them hangs."""

from collections.abc import Iterator

import pytest
import requests

from tests.client import Customer
from tests.servers import Gunicorn, Nginx, RedisServer, wait_until, write_config

PATIENCE_S = 25
"""More than any of these requests takes on a busy machine, and less than the 30 s that nginx once waited."""
SHORTER = {"proxy_read_timeout 10s": "proxy_read_timeout 3s"}
"""A handshake waits for a shorter time than in operation, to save time."""


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def hosts(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Gunicorn]]:
    """Two hosts that share their sessions. The first one hangs in the tests."""
    config = write_config(tmp_path_factory.mktemp("service"), {"server": {"trusted_proxies": 1}})
    servers = [Gunicorn(config, environ={"BANKER_REDIS_URL": redis.url}, ready=True) for _ in range(2)]
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def front(hosts: list[Gunicorn]) -> Iterator[Nginx]:
    """An nginx that knows of no failure yet, and asks the first host first."""
    nginx = Nginx(*(host.port for host in hosts), changes=SHORTER)
    yield nginx
    nginx.close()


def upstreams_of_requests(front: Nginx) -> list[str]:
    """Return the hosts that nginx asked for each request, from its log."""
    return [line.split('"upstream": "')[1].split('"')[0] for line in front.access_log.read_text().splitlines()]


def test_a_hung_host_delays_one_request_and_gets_no_other(hosts: list[Gunicorn], front: Nginx) -> None:
    with hosts[0].frozen():
        for _ in range(6):
            answer = requests.get(f"{front.url}/health", timeout=PATIENCE_S)
            assert answer.json() == {"status": "healthy"}
        wait_until(lambda: len(upstreams_of_requests(front)) == 6, what="the requests in the log")
        hung = [asked for asked in upstreams_of_requests(front) if str(hosts[0].port) in asked]
        assert hung == [f"127.0.0.1:{hosts[0].port}, 127.0.0.1:{hosts[1].port}"]


def test_a_session_is_not_created_twice_for_a_hung_host(hosts: list[Gunicorn], front: Nginx) -> None:
    with hosts[0].frozen():
        answer = requests.post(f"{front.url}/v1/sessions", data=b"{}", timeout=PATIENCE_S)
        assert answer.status_code == 504
        assert set(answer.json()) == {"error", "message"}
        assert requests.post(f"{front.url}/v1/sessions", data=b"{}", timeout=PATIENCE_S).status_code == 401


def test_a_handshake_reaches_the_other_host(hosts: list[Gunicorn], front: Nginx) -> None:
    with Customer(hosts[1].url) as customer:
        customer.create()
        customer.url = front.url
        with hosts[0].frozen():
            customer.connect()
        customer.consent()
        customer.events.wait_for("transcript", final=True)
