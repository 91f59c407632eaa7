"""Entry points for `Gunicorn(app=…)`: the service with a part of it changed."""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from banker import Banker, Caller, Colleague, HandOverTarget, create_app
from banker.config.loading import load
from banker.rtc.calls import call
from banker.server import gunicorn_worker, request_buffer
from banker.signaling import route as signaling
from examples.bank import create_bank, default_path, install, records, service
from examples.bank.staff import colleague_at_desk

IDLE_CHECK_S = 0.2
TALKING_RATE = 4.0
"""How much faster than in operation the banker of `brisk` speaks."""


def eager() -> Flask:
    """The service, which looks after its sockets more often, and has a bug in what it does with candidates.

    What takes a minute in operation takes seconds.
    """
    app = create_app()
    app.config["SOCK_SERVER_OPTIONS"]["ping_interval"] = 0.5
    signaling.IDLE_CHECK_S = IDLE_CHECK_S

    def candidate(session_id: str, candidate: Mapping[str, Any] | None) -> None:
        raise RuntimeError("a bug")

    app.extensions["banker"].media.candidate = candidate
    return app


def impatient(seconds: int) -> Flask:
    """The service, which says goodbye to sockets that are silent for less than the configuration allows."""
    app = create_app()
    signaling.IDLE_CHECK_S = IDLE_CHECK_S
    service = app.extensions["banker"].signaling
    service._config = replace(service._config, server=replace(service._config.server, socket_idle_seconds=seconds))
    return app


def hurried() -> Flask:
    """A host with a page that reads its body, and the service at its own paths; requests have 1.5 s to arrive."""
    gunicorn_worker.REQUEST_ARRIVAL_S = request_buffer.REQUEST_ARRIVAL_S = 1.5
    gunicorn_worker.SWEEP_INTERVAL_S = 0.1
    host = Flask("host")
    Banker(host, url_prefix="/")

    @host.post("/echo")
    def echo() -> bytes:
        return request.get_data()

    return host


def pages_of_tenants() -> Flask:
    """A host with a page for each tenant, which has the widget and nothing else."""
    host = Flask("host")
    banker = Banker(host)

    @host.get("/<tenant_id>")
    def page(tenant_id: str) -> str:
        return (
            '<!doctype html><html lang="en"><title>Bank</title>'
            '<script type="module" src="/banker/widget/widget.js"></script>'
            f'<virtual-banker session-url="/{tenant_id}/session" user="user-456"></virtual-banker>'
        )

    @host.post("/<tenant_id>/session")
    def session(tenant_id: str) -> tuple[dict[str, Any], int]:
        return banker.create_session(user_id="user-456", tenant_id=tenant_id), 201

    return host


def brisk() -> Flask:
    """The demo as `gunicorn app:app` serves it, whose voice speaks fast: where nobody listens, nobody has to wait."""
    from banker.speech.tts.hibari import HibariSynthesiser

    synthesise = HibariSynthesiser.synthesise
    HibariSynthesiser.synthesise = lambda voice, text, rate=1.0: synthesise(voice, text, TALKING_RATE * rate)  # type: ignore
    from app import app

    return app


def brief(seconds: float, warned: float) -> Flask:
    """The demo with its bank, whose talks last `seconds`, and are said to end `warned` seconds before."""
    call.EXPIRY_WARNING_S = warned
    config = load()
    demo = config.tenants["demo"]
    policy = replace(demo.config.policy, max_session_duration_minutes=seconds / 60)
    demo = replace(demo, config=replace(demo.config, policy=policy))
    service = create_app(replace(config, tenants={"demo": demo}))
    return create_bank(service.extensions["banker"], default_path(), url_prefix="/", tenant_id="demo")


def under(prefix: str) -> Flask:
    """The demo bank, with the service under a path of its own."""
    return create_bank(create_app().extensions["banker"], default_path(), url_prefix=prefix, tenant_id="demo")


def two_banks() -> Flask:
    """The demo with its bank, and another bank, to which staff with the cookie `bank-of=second` belong.

    The demo bank's own rule at `/large-payment/<session_id>` gets a colleague.
    """
    config = load()
    demo = config.tenants["demo"]

    def staff() -> Colleague | None:
        found = colleague_at_desk()
        return found and replace(found, tenant_id=request.cookies.get("bank-of", found.tenant_id))

    identity = replace(demo.identity, issuer="https://second.bank.example")
    tenants = {"demo": demo, "second": replace(demo, tenant_id="second", identity=identity)}
    banker = create_app(replace(config, tenants=tenants), desk_access=staff).extensions["banker"]
    host = create_bank(banker, default_path(), url_prefix="/", tenant_id="demo")

    @host.get("/large-payment/<session_id>")
    def large_payment(session_id: str) -> dict[str, str]:
        """The bank's own rule."""
        return {"state": banker.hand_over(session_id, "a large payment", "urgent").state}

    return host


def bank() -> Flask:
    """The service with the demo bank's tools over the database that `BANK_DATABASE` names.

    The books take every ticket, also one that says the same as another. A subject with the word "slow" takes a moment,
    one with "late" is in the books for seconds before the tool returns, and one with "broken" is a bug of the bank's.
    """
    service.DUPLICATE_TICKET_S = 0
    app = create_app()
    books = install(app.extensions["banker"])
    write = books.open_ticket

    def open_ticket(customer_id: str, subject: str, details: str, call_id: str | None = None) -> records.Ticket:
        if "slow" in subject:
            time.sleep(0.25)
        if "broken" in subject:
            raise RuntimeError(f"no room for {subject} of {customer_id}")
        ticket = write(customer_id, subject, details, call_id)
        if "late" in subject:
            time.sleep(4)
        return ticket

    books.open_ticket = open_ticket  # type: ignore[method-assign]
    return app


def talkative_bank() -> Flask:
    """`bank` with a tool that tells secrets, and a contact centre that writes what it gets to the file `HAND_OVERS`."""
    app = bank()
    banker = app.extensions["banker"]

    @banker.tool(examples=["show me all the details of my card", "what do you know about my card"])
    def show_card(caller: Caller) -> dict[str, Any]:
        """Show all the details of the card."""
        return {"holder": "Dana", "card_number": 4929007700335552, "cvv": "852", "pin": 7391, "note": "my pin is 7391"}

    @banker.on_handover
    def contact_centre(summary: dict[str, Any]) -> HandOverTarget:
        with Path(os.environ["HAND_OVERS"]).open("a") as file:
            file.write(json.dumps(summary) + "\n")
        return HandOverTarget(phone="0800 123 456")

    return app


def host() -> Flask:
    """A back end with a page of its own at `/page`, which embeds the banker under `/banker`."""
    logging.basicConfig(level=logging.INFO)
    app = Flask("host")
    app.add_url_rule("/page", view_func=lambda: "the page of the host")
    Banker(app)
    return app


def wrapped() -> Callable[..., Any]:
    """Two such back ends, behind middleware that hides their Flask apps from gunicorn: at `/` and at `/other`."""
    return ProxyFix(DispatcherMiddleware(host(), {"/other": host()}))
