"""Behind a proxy: whose address counts, and which host a page has to be of."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from banker import Banker
from banker.config.settings import Config, LimitSettings, ServerSettings, SpeechSettings
from banker.config.tenant import IdentitySettings, Tenant
from banker.rtc.facade import MediaFacade
from banker.server import wsgi_server

TENANT = Tenant(
    tenant_id="bank",
    identity=IdentitySettings(issuer="https://bank.example", algorithms=("HS256",), secret=b"b" * 32),
)


class Wrapper:
    """A middleware of a host's that does nothing."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.app(environ, start_response)


def nothing(app: Any) -> Any:
    return app


def proxy_fix(app: Any) -> Any:
    return ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_port=1)


def wrapped_proxy_fix(app: Any) -> Any:
    return Wrapper(proxy_fix(app))


Start = Callable[..., tuple[Banker, Client]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that embeds a banker, with a host's middleware around its app before and after that."""
    monkeypatch.setattr(MediaFacade, "prepare", lambda self, tenant: None)
    bankers: list[Banker] = []

    def started(before: Any = nothing, after: Any = nothing, trusted_proxies: int = 0) -> tuple[Banker, Client]:
        config = Config(
            secret_key=b"k" * 32,
            tenants={"bank": TENANT},
            speech=SpeechSettings("none", recogniser="none"),
            server=ServerSettings(trusted_proxies=trusted_proxies),
            limits=LimitSettings(failed_identification_per_minute=2),
        )
        host = Flask("host")
        host.wsgi_app = before(host.wsgi_app)  # type: ignore[method-assign]
        bankers.append(Banker(host, config=config))
        host.wsgi_app = after(host.wsgi_app)  # type: ignore[method-assign]
        return bankers[-1], host.test_client()

    yield started
    for banker in bankers:
        banker.close()


BEHIND_A_PROXY = [
    {"before": proxy_fix},
    {"before": wrapped_proxy_fix},
    {"after": proxy_fix},
    {"before": proxy_fix, "trusted_proxies": 1},
    {"after": proxy_fix, "trusted_proxies": 1},
    {"trusted_proxies": 1},
]


@pytest.mark.parametrize("arrangement", BEHIND_A_PROXY)
def test_customers_behind_the_hosts_proxy_are_told_apart(start: Start, arrangement: dict[str, Any]) -> None:
    _, client = start(**arrangement)

    def guess(address: str) -> int:
        headers = {"Authorization": "Bearer guess", "X-Forwarded-For": f"198.51.100.7, {address}"}
        return client.post("/banker/v1/sessions", headers=headers).status_code

    assert [guess("192.0.2.1") for _ in range(3)] == [401, 401, 429]
    assert guess("192.0.2.2") == 401


def test_a_client_without_a_proxy_cannot_choose_its_address(start: Start) -> None:
    _, client = start()
    headers = {"Authorization": "Bearer guess"}
    addresses = [f"192.0.2.{number}" for number in range(3)]
    answers = [client.post("/banker/v1/sessions", headers=headers | {"X-Forwarded-For": a}) for a in addresses]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


@pytest.mark.parametrize("arrangement", [{}, *BEHIND_A_PROXY])
def test_the_host_of_x_forwarded_host_is_not_that_of_the_page(start: Start, arrangement: dict[str, Any]) -> None:
    banker, client = start(**arrangement)
    created = banker.create_session(user_id="dana")

    def status(origin: str, **forged: str) -> int:
        headers = {"Authorization": f"Bearer {created['ephemeral_token']}", "Origin": origin}
        headers |= {"Connection": "Upgrade", "Upgrade": "websocket"} | forged
        path = f"/banker/v1/realtime/{created['session_id']}"
        return client.get(path, headers=headers, base_url="http://portal.bank.example").status_code

    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "80", "Forwarded": "host=evil.example"}
    assert status("https://evil.example", **forged) == 401
    assert status("https://portal.bank.example") == 400  # the origin is right, and the handshake is incomplete
    assert status("https://portal.bank.example", **forged) == 400


def test_a_proxy_that_is_not_configured_is_reported_once(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    wsgi_server.report.cache_clear()
    caplog.set_level(logging.WARNING)
    for arrangement in ({}, {"before": proxy_fix}, {"trusted_proxies": 1}):
        _, client = start(**arrangement)
        for _ in range(2):
            client.get("/banker/health", headers={"X-Forwarded-For": "192.0.2.1"})
    lines = [record.getMessage() for record in caplog.records if "trusted_proxies" in record.getMessage()]
    assert len(lines) == 1 and "set trusted_proxies to the number of proxies" in lines[0]
