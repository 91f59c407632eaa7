"""Two calls of a real Chromium at once, through the one UDP port of a worker."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.bank import Customer
from tests.e2e.browser import peer_statistics, received_sound
from tests.listening import transcribe
from tests.servers import Gunicorn, free_udp_port, wait_until, write_config

GREETINGS = {"lemon": "Good morning from the yellow lemon bank.", "walnut": "Good evening from the old walnut bank."}
TENANTS = {**GREETINGS, "maple": "Hello."}
PORT = free_udp_port()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """A service with a voice, and tenants with a greeting of their own, each with a user who may have one call."""
    settings = {
        "speech": {"synthesiser": "hibari"},
        "media": {"port_range": str(PORT), "allow_private_candidates": True},
    }
    tenants = {name: {"config": {"greeting": text, "avatar_enabled": True}} for name, text in TENANTS.items()}
    config = write_config(tmp_path_factory.mktemp("service"), settings, **tenants)
    server = Gunicorn(config, app="tests.apps:pages_of_tenants()", environ={"BANKER_LIMITS__CALLS_PER_USER": "1"})
    wait_until(lambda: requests.get(f"{server.url}/banker/health/ready", timeout=10).ok, limit=90, what="the engines")
    yield server
    server.close()


def call(browser: BrowserContext, url: str) -> Page:
    page = browser.new_page()
    page.goto(url)
    Customer(page, url).call()
    return page


def greeted(page: Page) -> str:
    """What the page has heard when the banker listens again."""
    expect(page.locator("virtual-banker .state")).to_contain_text("Listening", timeout=60_000)
    return transcribe(received_sound(page))


def service_ports(page: Page) -> set[int]:
    """The ports of the service that Chromium knows of."""
    return {int(report["port"]) for report in peer_statistics(page, "remote-candidate")}


def test_two_calls_at_once_hear_their_own_greeting_and_a_second_one_of_a_user_is_in_text(
    service: Gunicorn, browser: BrowserContext
) -> None:
    pages = {name: call(browser, f"{service.url}/{name}") for name in GREETINGS}
    for name, page in pages.items():
        expect(page.locator("virtual-banker .lines li.banker").first).to_contain_text(GREETINGS[name], timeout=60_000)
        assert service_ports(page) == {PORT}
    lemon, walnut = map(greeted, pages.values())
    assert "lemon" in lemon and "walnut" not in lemon
    assert "walnut" in walnut and "lemon" not in walnut
    second = call(browser, f"{service.url}/walnut")
    expect(second.get_by_text("You are talking to us in other windows, too.")).to_be_visible(timeout=60_000)
    expect(second.locator("virtual-banker .lines li.banker").first).to_contain_text(GREETINGS["walnut"])


def test_a_reload_comes_back_through_the_same_port(service: Gunicorn, browser: BrowserContext) -> None:
    page = call(browser, f"{service.url}/maple")
    received = "async () => [...(await peers.at(-1)?.getStats() ?? []).values()].some((r) => r.framesDecoded > 5)"
    for _ in range(2):
        wait_until(lambda: page.evaluate(received), limit=60, what="the banker's face")
        assert service_ports(page) == {PORT}
        page.reload()
