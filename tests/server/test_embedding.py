"""A back end that embeds the banker, under gunicorn with the settings that the package brings, and with others."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from banker.server import wsgi_server
from tests.client import Customer, Refused
from tests.servers import ROOT, Gunicorn, config_environment, wait_until, write_config

SETTINGS = "python:banker.server.gunicorn"
Start = Callable[..., Gunicorn]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a back end of `tests.apps` with gunicorn's `options`, by default with the package's settings."""
    with ExitStack() as stack:

        def started(*options: str, app: str = "host", settings: str = SETTINGS, workers: int = 1) -> Gunicorn:
            config = write_config(tmp_path, {"media": {"allow_private_candidates": True}})
            (tmp_path / "own.py").write_text("")
            settings = settings.format(folder=tmp_path)
            server = Gunicorn(config, app=f"tests.apps:{app}()", settings=settings, options=options, workers=workers)
            stack.callback(server.close)
            if settings == SETTINGS:
                expected = workers * (2 if app == "wrapped" else 1)
                wait_until(lambda: engines_started(server) == expected, limit=120, what="the engines being loaded")
            return server

        yield started


@pytest.fixture
def new_customer() -> Iterator[Callable[..., Customer]]:
    """Makes customers with a session at a back end."""
    with ExitStack() as stack:

        def make(server: Gunicorn, path: str = "/banker", user: str = "user-456") -> Customer:
            customer = stack.enter_context(Customer(server.url + path, user=user))
            customer.create()
            # Without the package's hooks the first session loads the engines.
            wait_until(lambda: engines_started(server), limit=120, what="the engines being loaded")
            return customer

        yield make


OWN = "{folder}/own.py"
"""Settings of a host that knows nothing of the package's."""


def engines_started(server: Gunicorn) -> int:
    """How many media threads the processes of a server have started."""
    return server.log.count("ready for calls")


def page(server: Gunicorn) -> str:
    return requests.get(f"{server.url}/page", timeout=10).text


def refusal(customer: Customer) -> Refused:
    with pytest.raises(Refused) as caught:
        customer.connect()
    return caught.value


def test_bankers_behind_middleware_are_found_started_and_drained(
    start: Start, new_customer: Callable[..., Customer]
) -> None:
    server = start(app="wrapped")
    customers = [new_customer(server, "/banker"), new_customer(server, "/other/banker")]
    for customer in customers:
        customer.connect()
    server.terminate()
    for customer in customers:
        assert customer.socket.wait_closed() == 1001
    assert server.process.wait(15) == 0
    assert "WARNING" not in server.log and "Traceback" not in server.log


def test_a_call_that_goes_on_outlasts_sigterm_for_a_while(start: Start, new_customer: Callable[..., Customer]) -> None:
    server = start(app="wrapped")
    customer = new_customer(server, "/other/banker")
    customer.connect()
    customer.call()
    customer.consent()
    server.terminate()
    assert customer.socket.wait_closed() == 1001
    customer.events.wait_for("error", error="going_away")
    customer.send({"type": "message.send", "text": "What can you do for me?"})
    customer.events.wait_for("transcript", role="user", final=True)
    customer.browser.close()
    assert server.process.wait(15) == 0


def test_the_hosts_page_answers_while_every_websocket_that_fits_is_open(
    start: Start, new_customer: Callable[..., Customer]
) -> None:
    server = start("--threads", "4", settings=OWN)
    for user in ("a", "b", "c"):
        new_customer(server, user=user).connect()
    assert refusal(new_customer(server, user="d")).status == 503
    assert page(server) == "the page of the host"
    assert server.log.count("gunicorn has too few threads (4)") == 1


def test_too_few_threads_are_named_at_the_start(start: Start) -> None:
    server = start("--threads", "4")
    wait_until(lambda: "gunicorn has too few threads (4)" in server.log, what="the warning")
    assert page(server) == "the page of the host"
    assert server.log.count("WARNING") == 1


@pytest.mark.parametrize("options", [("--threads", "1", "-k", "sync"), ("--threads", "1", "-k", "gthread")])
@pytest.mark.parametrize("settings", [SETTINGS, OWN])
def test_a_worker_without_threads_to_spare_serves_the_api_and_the_host(
    options: tuple[str, ...], settings: str, start: Start, new_customer: Callable[..., Customer]
) -> None:
    server = start(*options, settings=settings)
    refused = refusal(new_customer(server))
    assert (refused.status, refused.body["error"]) == (501, "not_implemented")
    assert page(server) == "the page of the host"
    (line,) = (line for line in server.log.splitlines() if "WARNING" in line)
    assert "answers one request at a time" in line or "too few threads (1)" in line
    assert "Traceback" not in server.log
    assert server.stop() == 0


@pytest.mark.parametrize("settings", [SETTINGS, OWN])
def test_several_processes_without_redis_are_named_and_the_host_goes_on(settings: str, start: Start) -> None:
    server = start("--threads", "40", settings=settings, workers=2)

    def is_named() -> bool:
        requests.get(f"{server.url}/banker/health", timeout=10)
        return wsgi_server.SEVERAL_PROCESSES in server.log

    wait_until(is_named, limit=120, what="the warning")
    assert page(server) == "the page of the host"
    assert server.log.count(wsgi_server.SEVERAL_PROCESSES) <= 2  # at most once in each process


def test_a_worker_that_sigttin_adds_names_what_it_needs(start: Start) -> None:
    server = start()
    os.kill(server.process.pid, signal.SIGTTIN)
    wait_until(lambda: wsgi_server.SEVERAL_PROCESSES in server.log, limit=120, what="the warning")
    assert page(server) == "the page of the host"


def test_gunicorn_does_not_start_while_a_tenant_allows_a_tool_that_is_not_registered(tmp_path: Path) -> None:
    config = write_config(tmp_path, bank={"config": {"allowed_tools": ["pay_rent"]}})
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", SETTINGS, "--bind", "127.0.0.1:0", "tests.apps:host()"],
        cwd=ROOT,
        env=config_environment() | {"BANKER_CONFIG": str(config), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 3
    (line,) = [line for line in done.stderr.splitlines() if "pay_rent" in line]
    assert line.startswith(f"{config}/tenants/bank.toml: config.allowed_tools: ") and "Traceback" not in done.stderr
