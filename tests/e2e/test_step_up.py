"""A transfer above 1,000 at the example bank: the banker waits until the bank has checked a code of its own."""

import os
import re
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, expect

from banker import Banker
from banker.config.loading import load
from examples.bank import Bank
from tests.client import Customer as Caller
from tests.e2e.bank import SILENT, Customer, bank
from tests.e2e.browser import close_page
from tests.e2e.test_accessibility import violations
from tests.servers import Gunicorn, RedisServer, wait_until

WISH = "Transfer 1500 dollars from my savings to my checking account"
WAITING = "I'm waiting until you've confirmed it with a code in your bank"


class Page:
    """Dana's page as the bank's back end sees it: her cookie, and the forms that she sends."""

    def __init__(self, url: str, login: str = "dana") -> None:
        self.url = url
        self._http = requests.Session()
        self._csrf = re.findall(r'csrf_token" value="(\w+)"', self._http.get(f"{url}/login").text)[0]
        self._http.post(f"{url}/login", data=self._form(login=login, password="demo"))
        self._csrf = re.findall(r'csrf_token" value="(\w+)"', self._http.get(f"{url}/").text)[0]

    def talk(self) -> Caller:
        """A session of the banker, as the widget begins it."""
        caller = Caller(self.url, tenant="demo", user="demo-customer")
        caller.session = self._send("/banker-session", 201, json={"route": "/transfers"})
        caller.connect()
        return caller

    def post(self, path: str, status: int, **form: str) -> dict[str, Any]:
        """Send a form, and return the answer, which has this status."""
        return self._send(path, status, data=self._form(**form))

    def _send(self, path: str, status: int, **body: Any) -> dict[str, Any]:
        headers = {"Accept": "application/json", "X-CSRF-Token": self._csrf, "Connection": "close"}
        answer = self._http.post(f"{self.url}{path}", headers=headers, timeout=30, **body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _form(self, **form: str) -> dict[str, str]:
        return {"csrf_token": self._csrf, **form}


@pytest.fixture(scope="module")
def redis_of_bank() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("step-up")


@pytest.fixture(scope="module")
def books(folder: Path) -> Bank:
    return Bank(folder / "bank.sqlite3")


@pytest.fixture(scope="module")
def hosts(folder: Path, redis_of_bank: RedisServer) -> Iterator[Gunicorn]:
    """The example bank with two workers over Redis: a form reaches either of them."""
    server = bank(folder, workers=2, environ={**SILENT, "BANKER_REDIS_URL": redis_of_bank.url})
    yield server
    server.close()


def said(caller: Caller) -> list[str]:
    """The banker's finished turns."""
    turns = caller.events.of_type("transcript")
    return [event["text"] for event in turns if event["role"] == "banker" and event["final"]]


def savings(books: Bank) -> Decimal:
    return next(account.balance for account in books.accounts("demo-customer") if account.type == "savings")


@pytest.fixture
def customer(hosts: Gunicorn, browser: BrowserContext) -> Iterator[Customer]:
    page = browser.new_page()
    yield Customer(page, hosts.url)
    close_page(page)


def test_a_code_is_good_for_one_transfer_on_any_worker_and_after_a_crash(
    hosts: Gunicorn, books: Bank, redis_of_bank: RedisServer
) -> None:
    page = Page(hosts.url)
    before = savings(books)
    with page.talk() as caller:
        caller.send({"type": "consent.grant", "version": caller.events.wait_for("session.ready")["consent_version"]})
        caller.send({"type": "message.send", "text": WISH})
        question = caller.events.wait_for("confirm.request", 30)
        caller.send({"type": "confirm", "call_id": question["call_id"], "approved": True})
        asked = caller.events.wait_for("step_up.request", 30)
        assert asked["call_id"] == question["call_id"] and "$1,500.00" in asked["summary"]
        call = {"session_id": caller.session["session_id"], "call_id": asked["call_id"]}
        sent = page.post("/step-up", 200, **call)
        assert sent["summary"] == asked["summary"]

        operator = Banker(config=load(environ={"BANKER_DEMO": "1", "BANKER_REDIS_URL": redis_of_bank.url}))
        worker = operator.sessions.find(call["session_id"]).worker or ""
        os.kill(int(re.findall(r"\d+$", worker)[0]), signal.SIGKILL)
        caller.come_back()
        assert caller.events.wait_for("step_up.request", 30, nth=2) == asked, "it still waits"

        caller.send({"type": "message.send", "text": "did it go through?"})
        wait_until(lambda: any(WAITING in text for text in said(caller)), limit=30, what="a truthful answer")
        page.post("/step-up/code", 400, **call, code="000000" if "000000" not in sent["message"] else "111111")
        Page(hosts.url, "omar").post("/step-up", 404, **call)
        assert savings(books) == before

        assert page.post("/step-up", 200, **call) == sent, "a page that is loaded again sends no second message"
        code = re.findall(r"\d{6}", sent["message"])[0]
        page.post("/step-up/code", 200, **call, code=code)
        wait_until(lambda: any("I've transferred $1,500.00" in text for text in said(caller)), limit=30)
        page.post("/step-up/code", 404, **call, code=code)
        assert savings(books) == before - 1500

        events = [entry["event"] for entry in operator.user_data.export("demo", "demo-customer")["audit"]]
        assert events.count("step_up.done") == 1
        assert operator.user_data.forget("demo", "demo-customer").sessions == 1
        caller.events.wait_for("session.ended", 10)
        assert operator.user_data.export("demo", "demo-customer")["audit"] == []
        operator.close()


def test_dana_approves_a_transfer_with_a_code_and_not_with_a_wrong_one(customer: Customer, books: Bank) -> None:
    before = len(books.transfers("demo-customer"))
    page = customer.sign_in().page
    page.goto(f"{customer.url}/transfers")
    customer.call().hear_greeting()
    customer.write(WISH)
    customer.button("Transfer money").click()
    card = page.get_by_role("group", name="Confirm with a code in your bank")
    expect(card).to_contain_text(
        "Then I'll transfer $1,500.00 from Rainy Day Savings to Everyday Checking.", timeout=60_000
    )
    form = page.get_by_role("dialog", name="Enter the code that we’ve sent you")
    expect(form).to_contain_text("To transfer $1,500.00 from Rainy Day Savings to Everyday Checking.")
    message = form.get_by_text("is your code to")
    expect(form).to_contain_text("Only in this demonstration: sent by text message")
    assert violations(page) == []
    code = re.findall(r"\d{6}", message.text_content() or "")[0]
    form.get_by_label("Code").fill(f"{(int(code) + 1) % 1_000_000:06d}")
    form.get_by_role("button", name="Approve").click()
    expect(form.get_by_role("alert")).to_have_text("That code is wrong. Please look at the message again.")
    assert len(books.transfers("demo-customer")) == before

    form.get_by_label("Code").fill(code)
    form.get_by_role("button", name="Approve").click()
    expect(customer.said.last).to_contain_text("I've transferred $1,500.00", timeout=60_000)
    expect(card).to_be_hidden()
    expect(form).to_be_hidden()
    made = page.get_by_role("heading", name="$1,500.00 to Everyday Checking")
    expect(made).to_have_count(before + 1, timeout=60_000)
    (event,) = customer.told("step-up")
    assert event["tool"] == "transfer_money" and len(event["hash"]) == 64
    assert customer.told("step-up-over") == [{"name": "step-up-over", "call_id": event["call_id"]}]

    customer.write(WISH)
    customer.button("Transfer money").click()
    expect(form).to_be_visible()
    card.get_by_role("button", name="Don't do it").click()
    expect(form).to_be_hidden()
    expect(card).to_be_hidden()
    assert len(books.transfers("demo-customer")) == before + 1
    assert customer.failures() == []
