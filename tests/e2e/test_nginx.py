"""The service behind nginx, with the nginx.conf that the project ships."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.client import Customer, mint
from tests.e2e.bank import SILENT, bank
from tests.servers import Gunicorn, Nginx, free_port, wait_until, write_config


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    service = {
        "server": {"trusted_proxies": 1},
        "limits": {"failed_identification_per_minute": 3},
        "media": {"allow_private_candidates": True},
    }
    environ = {"BANKER_LIMITS__FAILED_IDENTIFICATION_PER_MINUTE": "3"}
    server = Gunicorn(write_config(tmp_path_factory.mktemp("service"), service), environ=environ, ready=True)
    nginx = Nginx(server.port)
    yield nginx
    nginx.close()
    server.close()


def test_a_call_works_through_nginx(front: Nginx) -> None:
    with Customer(front.url) as customer:
        customer.create()
        customer.connect()
        customer.call()
        customer.consent()
        assert customer.events.wait_for("transcript", final=True)["text"] == "Welcome to the bank of the tests."
        customer.end()
        customer.events.wait_for("session.ended", reason="ended")


def exchange(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; return the status, the headers and the body of the response."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as response:
            status = int(response.readline().split()[1])
            headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(response.readline, b"\r\n"))
            return status, headers, response.read(int(headers["content-length"]))


def assert_error(answer: tuple[int, dict[str, str], bytes], status: int) -> None:
    assert answer[0] == status
    assert answer[1]["content-type"] == "application/json"
    assert set(json.loads(answer[2])) == {"error", "message"}


HOST = b"Host: bank.example\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("status", "request_line", "headers"),
    [
        (400, b"nonsense", HOST),
        (400, b"GET /health HTTP/1.1", b"Connection: close\r\n"),
        (400, b"GET /health HTTP/1.1", HOST + b"Host: other.example\r\n"),
        (400, b"GET /%zz HTTP/1.1", HOST),
        (400, b"GET /../.. HTTP/1.1", HOST),
        (400, b"POST /v1/sessions HTTP/1.1", HOST + b"Content-Length: ten\r\n"),
        (400, b"POST /v1/sessions HTTP/1.1", HOST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        (404, b"GET /nothing HTTP/1.1", HOST),
        (405, b"TRACE /health HTTP/1.1", HOST),
        (413, b"POST /v1/sessions HTTP/1.1", HOST + b"Content-Length: 70000\r\n"),
        (414, b"GET /" + b"x" * 9000 + b" HTTP/1.1", HOST),
        (431, b"GET /health HTTP/1.1", HOST + b"X-Long: " + b"x" * 40_000 + b"\r\n"),
        (501, b"POST /v1/sessions HTTP/1.1", HOST + b"Transfer-Encoding: gzip, chunked\r\n"),
        (505, b"GET /health HTTP/2.0", HOST),
        (505, b"GET /health HTTP/3.0", HOST),
    ],
)
def test_errors_of_nginx_are_in_the_format_of_the_api(
    front: Nginx, status: int, request_line: bytes, headers: bytes
) -> None:
    assert_error(exchange(front.port, request_line + b"\r\n" + headers + b"\r\n"), status)


def test_a_service_that_does_not_answer_is_502_in_the_format_of_the_api() -> None:
    nginx = Nginx(free_port())
    answer = exchange(nginx.port, b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
    nginx.close()
    assert_error(answer, 502)
    assert answer[1]["retry-after"] == "5"


def test_over_tls_the_banks_cookie_is_for_tls_only_and_plain_http_is_refused(tmp_path: Path) -> None:
    server = bank(tmp_path, ready=False, environ=SILENT | {"BANKER_SERVER__TRUSTED_PROXIES": "1"})
    requests.get(f"{server.url}/health", timeout=60)  # nginx gives a host that is loading 2 s
    nginx = Nginx(server.port, tls=True)
    page = requests.get(f"{nginx.url}/login", verify=str(nginx.certificate), timeout=10)
    plain = exchange(nginx.port, b"GET /login HTTP/1.1\r\n" + HOST + b"\r\n")
    nginx.close()
    server.close()
    assert page.headers["Strict-Transport-Security"]
    assert "; Secure" in page.headers["Set-Cookie"] and "; HttpOnly" in page.headers["Set-Cookie"]
    assert_error(plain, 400)


def test_a_forged_client_address_is_ignored(front: Nginx) -> None:
    """Failed authentication counts against the address that nginx saw, not against the one in the request."""
    statuses = []
    for number in range(5):
        headers = {"Authorization": "Bearer guess", "X-Forwarded-For": f"198.51.100.{number}"}
        statuses.append(requests.post(f"{front.url}/v1/sessions", headers=headers, timeout=10).status_code)
    assert statuses == [401, 401, 401, 429, 429]


def test_the_log_contains_no_token_and_no_query_string(front: Nginx) -> None:
    token = mint("user-456")
    headers = {"Authorization": f"Bearer {token}"}
    requests.get(f"{front.url}/health?token={token}", headers=headers, timeout=10)

    def log() -> str:
        """Return what nginx has written so far: it writes after it has answered."""
        return front.access_log.read_text(encoding="utf-8")

    wait_until(lambda: '"path": "/health"' in log(), what="the request in the log")
    assert token not in log()
