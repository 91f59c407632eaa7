"""What the widget's tests share: one bank, one browser with a silent microphone, and pages in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright

from examples.bank import Bank
from tests.e2e.bank import Customer, bank, quiet
from tests.e2e.browser import chromium, close_page
from tests.servers import Gunicorn, free_port

PORTAL_PORT = free_port()
"""Of a page of another origin that the demo tenant allows."""


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The books of `service`. A test that changes them changes them back, as with `card`."""
    return tmp_path_factory.mktemp("bank") / "bank.sqlite3"


@pytest.fixture(scope="session")
def service(database: Path) -> Iterator[Gunicorn]:
    """The demo with a voice that nobody listens to. It speaks fast, and the banker does not hear."""
    environ = {"BANKER_SPEECH__RECOGNISER": "none"}  # the microphones are silent
    server = bank(database.parent, f"http://127.0.0.1:{PORTAL_PORT}", environ=environ, app="tests.apps:brisk()")
    yield server
    server.close()


@pytest.fixture
def card(database: Path, service: Gunicorn) -> Iterator[str]:
    """The id of Dana's debit card, which is not frozen any more after the test."""
    yield "card-4417"
    Bank(database).set_frozen("demo-customer", "card-4417", False)


@pytest.fixture(scope="module")
def quiet_microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quiet(tmp_path_factory.mktemp("microphone"))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory, quiet_microphone: Path
) -> Iterator[BrowserContext]:
    with chromium(tmp_path_factory.mktemp("browser"), quiet_microphone, playwright=playwright) as context:
        yield context


@pytest.fixture
def customer(service: Gunicorn, browser: BrowserContext) -> Iterator[Customer]:
    page = browser.new_page()
    yield Customer(page, service.url)
    close_page(page)
