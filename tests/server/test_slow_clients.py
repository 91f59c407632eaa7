"""Clients that send a request a byte at a time, to a gunicorn with nothing in front: others do not notice them."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.client import mint
from tests.servers import Gunicorn, wait_until, write_config

HEAD = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
DRIPPING = {
    "a head": HEAD + b"X-Padding: ",
    "a body": HEAD + b"Content-Length: 60000\r\n\r\n",
    "a chunked body": HEAD + b"Transfer-Encoding: chunked\r\n\r\nea60\r\n",
}
THREADS = 8


class DrippingClients:
    """Connections that all begin a request, and go on with a byte now and then until the service closes them."""

    def __init__(self, port: int, beginning: bytes, count: int) -> None:
        self._sockets = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
        self._stop = threading.Event()
        for sock in self._sockets:
            sock.sendall(beginning)
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()

    def _drip(self) -> None:
        while not self._stop.wait(0.2):
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.sendall(b"x")

    def answers(self) -> Iterator[bytes]:
        """Return what each of them received, once the service has closed its side."""
        for sock in self._sockets:
            received = b""
            with contextlib.suppress(ConnectionError):
                while data := sock.recv(65_536):
                    received += data
            yield received

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        for sock in self._sockets:
            sock.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """A gunicorn with few threads, which gives a request little time to arrive."""
    config = write_config(tmp_path_factory.mktemp("service"), {"server": {"threads": THREADS, "max_sockets": 4}})
    server = Gunicorn(config, app="tests.apps:hurried()")
    yield server
    server.close()


@pytest.fixture
def drip(service: Gunicorn) -> Iterator[Callable[[bytes], DrippingClients]]:
    """Returns a function that starts more dripping clients than there are threads."""
    groups: list[DrippingClients] = []

    def start(beginning: bytes) -> DrippingClients:
        groups.append(DrippingClients(service.port, beginning, THREADS * 3))
        return groups[-1]

    yield start
    for group in groups:
        group.close()


@pytest.mark.parametrize("beginning", DRIPPING.values(), ids=DRIPPING)
def test_others_are_served_while_requests_drip_in(
    service: Gunicorn, drip: Callable[[bytes], DrippingClients], beginning: bytes
) -> None:
    drip(beginning)
    for _ in range(THREADS + 1):
        assert requests.get(f"{service.url}/health", timeout=10).json() == {"status": "healthy"}
    token = mint("user-456")
    body = {"tenant_id": "bank", "user_id": "user-456", "auth_assertion": token}
    answer = requests.post(
        f"{service.url}/v1/sessions", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 201


@pytest.mark.parametrize("kind", ["a head", "a body"])
def test_a_request_that_takes_too_long_to_arrive_is_408_and_leaves_nothing(
    service: Gunicorn, drip: Callable[[bytes], DrippingClients], kind: str
) -> None:
    ready = f"{service.url}/health/ready"
    wait_until(lambda: requests.get(ready, timeout=10).ok, limit=60, what="the service being ready")
    before = service.descriptors()
    for answer in drip(DRIPPING[kind]).answers():
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert set(json.loads(body)) == {"error", "message"}
    wait_until(lambda: service.descriptors() <= before, limit=10, what="all connections being closed")


def test_a_large_body_that_takes_too_long_is_408_on_a_page_of_the_host(service: Gunicorn) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as sock:
        sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nhalf")
        answer = b""
        while data := sock.recv(65_536):
            answer += data
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_without_an_end_is_431(service: Gunicorn) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as sock:
        sock.sendall(HEAD + b"X: x\r\n" * 12_000)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 431 ")


def test_clients_that_keep_their_side_open_do_not_stop_the_worker(service: Gunicorn) -> None:
    """gunicorn awaits the end of each for up to 2 s in the loop that accepts connections."""
    sockets = [socket.create_connection(("127.0.0.1", service.port), timeout=30) for _ in range(20)]
    for sock in sockets:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for sock in sockets:
        assert sock.recv(65_536).startswith(b"HTTP/1.1 200 ")
    assert requests.get(f"{service.url}/health", timeout=10).ok
    for sock in sockets:
        sock.close()
