"""Two tenants, a service for them in this process, and one in a real gunicorn."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from banker import Banker
from banker.config.settings import Config, SpeechSettings
from banker.config.tenant import ConfigBlock, IdentitySettings, PolicySettings, Tenant
from banker.identity import mint
from banker.rtc.facade import MediaFacade
from banker.tools.base import Caller
from tests.servers import Gunicorn, write_config

SECRET_KEY = b"k" * 32


class Clock:
    """The wall clock; a test may advance it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def tenant(tenant_id: str, **policy: Any) -> Tenant:
    """Return a tenant that shares a secret with the service."""
    return Tenant(
        tenant_id=tenant_id,
        identity=IdentitySettings(
            issuer=f"https://{tenant_id}.example", algorithms=("HS256",), secret=secret_of(tenant_id)
        ),
        config=ConfigBlock(
            greeting="Grüß Gott! How can I help you?",
            allowed_tools=("get_account_status",),
            policy=PolicySettings(**{"rate_limit_per_minute": 1000, **policy}),
        ),
    )


def secret_of(tenant_id: str) -> bytes:
    return (tenant_id * 32).encode()[:40]


def get_account_status(caller: Caller) -> dict[str, str]:
    """Say how an account stands."""
    return {}


@dataclass
class Service:
    """A service in this process and its HTTP client."""

    config: Config
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.banker = Banker(config=self.config, clock=self.clock)
        self.banker.tool(get_account_status)
        self.client = self.banker.app.test_client()

    def token(self, user_id: str = "user-1", tenant_id: str = "alpha", *, back_end: bool = False) -> str:
        scope = "banker:sessions" if back_end else None
        return mint(self.config.tenants[tenant_id], user_id, scope=scope, clock=self.clock)

    def call(self, method: str, path: str, bearer: str | None = None, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        return self.client.open(path, method=method, headers=headers, **options)

    def post(self, path: str, bearer: str | None = None, body: Any = None, **options: Any) -> TestResponse:
        if body is not None:
            options.setdefault("content_type", "application/json")
            options["data"] = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.call("POST", path, bearer, **options)

    def create(self, user_id: str = "user-1", tenant_id: str = "alpha", **changed: Any) -> TestResponse:
        own = self.token(user_id, tenant_id)
        body = {"tenant_id": tenant_id, "user_id": user_id, "auth_assertion": own, **changed}
        return self.post("/v1/sessions", own, body)

    def session(self, user_id: str = "user-1", tenant_id: str = "alpha") -> dict[str, Any]:
        response = self.create(user_id, tenant_id)
        assert response.status_code == 201, response.text
        return response.json

    def refresh(self, session_id: str, bearer: str | None) -> TestResponse:
        return self.post(f"/v1/sessions/{session_id}/refresh-token", bearer)

    def end(self, session_id: str, bearer: str | None) -> TestResponse:
        return self.post(f"/v1/sessions/{session_id}/end", bearer)


@pytest.fixture(autouse=True)
def no_media(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not warm up engines for sessions that nobody calls; `banker.start` does it for who does."""
    monkeypatch.setattr(MediaFacade, "prepare", lambda self, tenant: None)
    monkeypatch.setattr(MediaFacade, "warm_up", lambda self: None)


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    """Return a function that starts a service: `start(limits=…, policy={…}, redis_url=…)`."""
    services: list[Service] = []

    def started(*, policy: dict[str, Any] | None = None, **settings: Any) -> Service:
        banks = [tenant("alpha", **(policy or {})), tenant("beta")]
        config = Config(secret_key=SECRET_KEY, tenants={bank.tenant_id: bank for bank in banks})
        services.append(Service(replace(config, **{"speech": SpeechSettings("none", recogniser="none"), **settings})))
        return services[-1]

    yield started
    for service in services:
        service.banker.close()


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    return start()


class RawGunicorn(Gunicorn):
    """A real gunicorn that takes raw HTTP."""

    def request(self, head: str, body: bytes = b"", *, more: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Send the bytes as they are. With `more`, keep the connection open as if the rest of the body followed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            with contextlib.suppress(OSError):  # the server may respond and close before it has everything
                connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
                if not more:
                    connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as response:
                status = int(response.readline().split()[1])
                headers: dict[str, str] = {}
                while line := response.readline().decode().strip():
                    name, _, text = line.partition(": ")
                    headers[name.lower()] = text
                return status, headers, response.read(int(headers.get("content-length", "0")))


@pytest.fixture(scope="session")
def gunicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawGunicorn]:
    folder = write_config(tmp_path_factory.mktemp("config"), {"server": {"log_format": "json"}}, alpha={})
    server = RawGunicorn(folder, environ={"TEST_TENANT_SECRET": secret_of("alpha").decode()})
    yield server
    server.close()
