"""One banker in two applications, over the real signaling: whose tools run, in which context, and for which call."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app, has_request_context, url_for
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import BaseWSGIServer, make_server

from banker import Banker, Caller
from tests.client import Customer
from tests.servers import config_environment, wait_until, write_config

PAGES = {"retail": "", "private": "/private"}


def create_app(name: str, banker: Banker, calls: list[Caller]) -> Flask:
    """Return an application with the banker in it. As a factory does, it registers the tools each time."""
    app = Flask(name)
    app.config["SERVER_NAME"] = f"{name}.example"
    app.add_url_rule("/offers", "offers", lambda: "")

    @banker.tool(
        examples=["what does the bank call itself", "tell me the name of this bank"],
        says="It is {name}, at {url}.",
    )
    def bank_name(caller: Caller) -> dict[str, Any]:
        """Tell the name of this bank."""
        calls.append(caller)
        assert not has_request_context()
        return {"name": current_app.name, "url": url_for("offers")}

    banker.init_app(app)
    return app


@pytest.fixture
def calls() -> list[Caller]:
    return []


@pytest.fixture
def server(tmp_path: Path, calls: list[Caller], monkeypatch: pytest.MonkeyPatch) -> Iterator[BaseWSGIServer]:
    for name, text in config_environment().items():
        monkeypatch.setenv(name, text)
    banker = Banker(config=write_config(tmp_path, bank={"config": {"allowed_tools": ["bank_name"]}}))
    apps = {path: create_app(name, banker, calls) for name, path in PAGES.items()}
    server = make_server("127.0.0.1", 0, DispatcherMiddleware(apps.pop(""), apps), threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    banker.start()
    yield server
    banker.close()
    server.shutdown()


def test_a_tool_runs_in_the_application_that_the_customer_came_through(
    server: BaseWSGIServer, calls: list[Caller]
) -> None:
    for name, path in [*PAGES.items(), *PAGES.items()]:
        with Customer(f"http://127.0.0.1:{server.server_port}{path}/banker") as customer:
            customer.create()
            customer.connect()
            customer.consent()
            customer.events.wait_for("transcript", final=True, role="banker")
            customer.send({"type": "message.send", "text": "tell me the name of this bank"})
            told = f"It is {name}, at http://{name}.example/offers."
            wait_until(
                lambda told=told, customer=customer: told in str(customer.events.of_type("transcript")), 20, told
            )
            called = customer.events.wait_for("tool.called")
            caller = calls[-1]
            assert (caller.session_id, caller.call_id) == (customer.session["session_id"], called["call_id"])
            assert (caller.tenant_id, caller.user_id) == ("bank", "user-456")
    assert len({caller.call_id for caller in calls}) == len(calls) == 4
