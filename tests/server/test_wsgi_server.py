"""What each WSGI server can do, told from the environ that it passes, and what the log then says."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, EnvironBuilder, TestResponse

from banker import Banker
from banker.config.settings import Config, ServerSettings
from banker.identity import mint
from banker.rtc.facade import MediaFacade
from banker.server import wsgi_server
from banker.server.wsgi_server import capacity_of, websocket_capacity
from tests.test_extension import config_of

THREADED = {"wsgi.multithread": True}
SERVERS_WITHOUT_SOCKET = {
    "waitress": {**THREADED, "SERVER_SOFTWARE": "waitress", "waitress.client_disconnected": lambda: False},
    "An ASGI server such as uvicorn": {**THREADED, "asgi.scope": {}, "wsgi.multiprocess": True},
    "uWSGI": {"uwsgi.version": b"2.0.31"},
    "This WSGI server": {**THREADED, "wsgi.multiprocess": True},
}
HANDSHAKE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "k"}


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins like a process of its own, in which nothing was logged; no engine is loaded."""
    wsgi_server.report.cache_clear()
    monkeypatch.setattr(wsgi_server, "_worker_threads", None)
    monkeypatch.setattr(MediaFacade, "prepare", lambda self, tenant: None)


class Host:
    """A back end with a page of its own and the banker, under a server that passes these entries of the environ."""

    def __init__(self, entries: Mapping[str, Any], config: Config) -> None:
        app = Flask("host")
        app.add_url_rule("/page", view_func=lambda: "the page of the host")
        self.banker = Banker(app, config=config)
        self._entries = entries
        self._client = Client(app)

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        return self._client.open(EnvironBuilder(path, method=method, environ_overrides=self._entries, **options))

    def create(self) -> TestResponse:
        token = mint(self.banker.config.tenants["bank"], "user-1")
        body = {"tenant_id": "bank", "user_id": "user-1", "auth_assertion": token}
        headers = {"Authorization": f"Bearer {token}"}
        return self.request("POST", "/banker/v1/sessions", json=body, headers=headers)

    def connect(self, session: Mapping[str, str]) -> TestResponse:
        headers = {**HANDSHAKE, "Authorization": f"Bearer {session['ephemeral_token']}"}
        return self.request("GET", f"/banker/v1/realtime/{session['session_id']}", headers=headers)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What was logged about the server."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger(wsgi_server.__name__)
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)


def capacity(entries: Mapping[str, Any], config: Config, start_response: Any = None) -> int:
    """How many WebSockets the service accepts after a request with these entries."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    wsgi_server.WsgiServerCheck(app, config)(dict(entries), start_response)
    return websocket_capacity(seen)


@pytest.mark.parametrize("server", SERVERS_WITHOUT_SOCKET)
def test_without_the_socket_calls_are_refused_in_one_line_and_everything_else_works(
    server: str, lines: list[str]
) -> None:
    host = Host(SERVERS_WITHOUT_SOCKET[server], config_of("bank"))
    created = host.create()
    assert created.status_code == 201
    for _ in range(2):
        refused = host.connect(created.json)
        assert (refused.status_code, refused.json["error"]) == (501, "not_implemented")
    assert host.request("GET", "/page").text == "the page of the host"
    (line,) = lines
    assert line.startswith(f"{server} gives a WSGI application no WebSockets")
    assert "gunicorn -c python:banker.server.gunicorn" in line


@pytest.mark.parametrize("server", ["waitress", "An ASGI server such as uvicorn"])
def test_a_server_that_answers_the_handshake_itself_is_named_at_the_first_request(
    server: str, lines: list[str]
) -> None:
    assert Host(SERVERS_WITHOUT_SOCKET[server], config_of("bank")).create().status_code == 201
    assert len(lines) == 1


def test_the_tests_of_a_host_log_nothing(lines: list[str]) -> None:
    assert Host({}, config_of("bank")).create().status_code == 201
    assert lines == []


def test_uwsgi_with_several_processes_needs_redis(lines: list[str]) -> None:
    Host({**SERVERS_WITHOUT_SOCKET["uWSGI"], "wsgi.multiprocess": True}, config_of("bank")).create()
    assert lines == [wsgi_server.SEVERAL_PROCESSES]


def test_several_processes_with_redis_are_fine(lines: list[str]) -> None:
    entries = {**THREADED, "gunicorn.socket": object(), "wsgi.multiprocess": True}
    config = replace(config_of("bank"), redis_url="redis://127.0.0.1/0")
    assert capacity(entries, config) == config.server.max_sockets
    assert lines == []


def test_without_threads_a_websocket_would_block_the_server(lines: list[str]) -> None:
    entries = {"gunicorn.socket": object(), "SERVER_SOFTWARE": "gunicorn/27.0.1"}
    assert capacity(entries, config_of("bank")) == 0
    (line,) = lines
    assert line.startswith("gunicorn/27.0.1 answers one request at a time")


@pytest.mark.parametrize(("threads", "accepted"), [(1, 0), (2, 1), (4, 3), (12, 9), (13, 12), (40, 12)])
def test_websockets_leave_threads_for_other_requests(threads: int, accepted: int, lines: list[str]) -> None:
    class Response:
        """As far as the service looks at gunicorn's."""

        cfg = SimpleNamespace(threads=threads)

        def start_response(self) -> None: ...

    config = replace(config_of("bank"), server=ServerSettings(threads=16, max_sockets=12))
    entries = {**THREADED, "gunicorn.socket": object()}
    assert capacity_of(threads, 12) == accepted
    assert capacity(entries, config, Response().start_response) == accepted
    assert len(lines) == (threads <= 12)
    assert all(f"too few threads ({threads})" in line and "--threads 17" in line for line in lines)


def test_flasks_own_server_starts_a_thread_for_every_connection(lines: list[str]) -> None:
    config = config_of("bank")
    entries = {**THREADED, "werkzeug.socket": object(), "SERVER_SOFTWARE": "Werkzeug/3.1.9"}
    assert capacity(entries, config) == config.server.max_sockets
    assert lines == []
