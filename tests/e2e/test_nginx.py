"""The service behind nginx, with the nginx.conf that the project ships."""

from collections.abc import Iterator

import pytest
import requests

from tests.client import Customer, mint
from tests.servers import Gunicorn, Nginx, wait_until, write_config


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


def test_errors_of_nginx_are_in_the_format_of_the_api(front: Nginx) -> None:
    answer = requests.post(f"{front.url}/v1/sessions", data=b" " * 70_000, timeout=10)
    assert answer.status_code == 413
    assert set(answer.json()) == {"error", "message"}


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
