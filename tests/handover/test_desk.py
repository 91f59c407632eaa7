"""A customer and a colleague of the bank in two browsers, at two gunicorns over Redis."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Route, expect
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.bank import Customer, bank
from tests.e2e.browser import chromium, close_page, received_sound, speak, with_a_mouth
from tests.e2e.test_accessibility import fits, violations
from tests.handover.conftest import Hosts
from tests.listening import transcribe
from tests.servers import Gunicorn, RedisServer, wait_until
from tests.speech.sounds import say

pytestmark = pytest.mark.timeout(600)
"""Two browsers, two hosts and a recogniser on a busy machine, which also start within the first test."""
PATIENCE = 60_000


@pytest.fixture(scope="module")
def staff_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with chromium(tmp_path_factory.mktemp("staff"), playwright=playwright) as context:
        yield context


@pytest.fixture
def customer(hosts: Hosts, browser: BrowserContext) -> Iterator[Customer]:
    page = browser.new_page()
    yield Customer(page, hosts[0].url)
    close_page(page)


@pytest.fixture
def desk(hosts: Hosts, staff_browser: BrowserContext) -> Iterator[Page]:
    """Maria at her desk."""
    page = at_desk(staff_browser.new_page(), hosts[1].url)
    yield page
    close_page(page)


def failures(page: Page) -> list[str]:
    found: list[str] = page.evaluate("failures")
    return found


def test_a_talk_from_the_queue_to_the_end_by_keyboard_and_for_a_screen_reader(customer: Customer, desk: Page) -> None:
    desk.evaluate("""() => {
      window.rings = 0;
      const Tone = OscillatorNode;
      window.OscillatorNode = class extends Tone { start() { rings++; super.start(); } };
    }""")
    desk.get_by_label("Free for customers").check()
    expect(desk.get_by_text("Nobody waits.")).to_be_visible(timeout=PATIENCE)
    assert violations(desk) == []
    customer.sign_in().call().hear_greeting()
    customer.write("I want to talk to a person")
    expect(customer.said.last).to_contain_text("You are next in line", timeout=PATIENCE)
    take = desk.get_by_role("button", name="Take: Asked for")
    expect(take).to_be_visible(timeout=PATIENCE)
    expect(desk).to_have_title("(1) Desk")
    assert desk.evaluate("rings") == 1
    expect(desk.locator("#live")).to_have_text("A customer waits: Asked for")
    assert "demo-customer" not in (desk.locator("body").text_content() or "")
    assert violations(desk) == []
    take.focus()
    desk.keyboard.press("Enter")
    expect(customer.said.last).to_contain_text("Maria Rossi from your bank is joining us now", timeout=PATIENCE)
    talk = desk.get_by_role("region", name="Your talk")
    expect(talk.get_by_role("status")).to_have_text("Connected.", timeout=PATIENCE)
    expect(desk).to_have_title("Desk")
    summary = desk.get_by_role("region", name="Summary")
    expect(summary).to_contain_text("demo-customer")
    log = desk.get_by_role("log", name="What is said")
    expect(log).to_contain_text("I want to talk to a person")
    assert violations(desk) == []

    desk.get_by_label("Write to the customer").fill("Hello Dana, this is Maria.")
    desk.keyboard.press("Enter")
    line = customer.lines.filter(has_text="Hello Dana, this is Maria.")
    expect(line).to_contain_text("Maria Rossi", timeout=PATIENCE)
    customer.write("My card is bent.")
    expect(log).to_contain_text("My card is bent.", timeout=PATIENCE)

    desk.get_by_label("Tool").select_option("create_ticket")
    desk.get_by_label("subject", exact=True).fill("A bent card")
    desk.get_by_role("button", name="Propose to the customer").click()
    expect(customer.question).to_contain_text("A bent card", timeout=PATIENCE)
    expect(desk.get_by_text("create_ticket: the customer is asked to confirm.")).to_be_visible(timeout=PATIENCE)
    customer.button("Open ticket").click()
    expect(summary).to_contain_text("create ticket: done", timeout=PATIENCE)
    assert violations(customer.page) == []

    desk.route("**/v1/desk/talks/*", lambda route: _without_customer(route))
    expect(talk.get_by_role("status")).to_have_text(
        "The line to the customer is gone. They may come back.", timeout=PATIENCE
    )
    desk.unroute("**/v1/desk/talks/*")
    expect(talk.get_by_role("status")).to_have_text("Connected.", timeout=PATIENCE)

    desk.reload()  # the talk is still hers
    expect(desk.get_by_role("log", name="What is said")).to_contain_text("My card is bent.", timeout=PATIENCE)
    customer.page.reload()
    expect(customer.lines.filter(has_text="Hello Dana, this is Maria.")).to_contain_text(
        "Maria Rossi", timeout=PATIENCE
    )
    desk.set_viewport_size({"width": 320, "height": 640})
    assert fits(desk)
    desk.set_viewport_size({"width": 900, "height": 900})
    desk.get_by_role("button", name="Hold").click()
    expect(customer.said.last).to_contain_text("has put you on hold", timeout=PATIENCE)
    desk.get_by_role("button", name="Resume").click()
    expect(customer.said.last).to_contain_text("is back", timeout=PATIENCE)
    desk.get_by_label("How did it end?").select_option("Solved")
    desk.get_by_role("button", name="End the talk").click()
    expect(customer.said.last).to_contain_text("has ended our conversation", timeout=PATIENCE)
    expect(customer.button("Start a new conversation")).to_be_visible(timeout=PATIENCE)
    expect(desk.get_by_text("You have ended the talk.").last).to_be_visible()
    assert failures(desk) == [] and customer.failures() == []


def _without_customer(route: Route) -> None:
    """Answer as the service does when the customer has not been reached for ten seconds."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "is_customer_there": False})


@pytest.fixture(scope="module")
def speaking_host(books: Path, redis_server: RedisServer) -> Iterator[Gunicorn]:
    """A host with voice and recogniser, for the customer."""
    server = bank(books, environ={"BANKER_REDIS_URL": redis_server.url})
    yield server
    server.close()


def test_a_customer_asks_for_a_person_by_voice_and_each_hears_the_other(
    speaking_host: Gunicorn, hosts: Hosts, playwright: Playwright, tmp_path: Path
) -> None:
    autoplay = ("--autoplay-policy=no-user-gesture-required",)
    with (
        chromium(tmp_path / "customer", flags=autoplay, playwright=playwright) as customers,
        chromium(tmp_path / "staff", flags=autoplay, playwright=playwright) as staff,
    ):
        for context in (customers, staff):
            with_a_mouth(context)
        desk = at_desk(staff.new_page(), hosts[0].url)
        desk.get_by_label("Free for customers").check()
        customer = Customer(customers.new_page(), speaking_host.url).sign_in().call().hear_greeting()
        listening = customer.state
        expect(listening).to_contain_text("Listening", timeout=PATIENCE)
        speak(customer.page, say("I want to transfer money to my savings."))
        expect(customer.said.last).to_contain_text("How much", timeout=PATIENCE)
        expect(listening).to_contain_text("Listening", timeout=PATIENCE)
        speak(customer.page, say("Please let me talk to a person."))
        expect(customer.said.last).to_contain_text("in line", timeout=PATIENCE)
        desk.get_by_role("button", name="Take: Asked for").click(timeout=PATIENCE)
        connected = desk.get_by_role("region", name="Your talk").get_by_role("status")
        expect(connected).to_have_text("Connected by voice.", timeout=PATIENCE)
        announced = transcribe(received_sound(customer.page))
        assert "joining" in announced, "the customer has heard of the colleague"

        speak(desk, say("Hello, this is Maria. What can I do for you today?"))
        caption = customer.lines.filter(has_text="Maria").filter(has_text="today")
        expect(caption).to_contain_text("Maria Rossi", timeout=PATIENCE)
        wait_until(lambda: "for you today" in transcribe(received_sound(customer.page)), 60, "Maria")
        speak(customer.page, say("My card was eaten by the machine at the station."))
        expect(desk.get_by_role("log", name="What is said")).to_contain_text("machine", timeout=PATIENCE)
        wait_until(lambda: "machine" in transcribe(received_sound(desk)), 60, "Dana at the desk")
        assert "savings" not in transcribe(received_sound(desk)), "what was said before is not heard"

        desk.get_by_role("button", name="Hand back to the banker").click()
        expect(customer.said.last).to_contain_text("I'm your AI banker again", timeout=PATIENCE)
        expect(customer.said.last).to_contain_text("How much", timeout=PATIENCE)
        customer.write("20 dollars")
        expect(customer.question).to_contain_text("20.00", timeout=PATIENCE)
        assert failures(desk) == [] and customer.failures() == []


def test_nobody_free_and_every_side_that_is_lost_and_a_colleague_of_another_bank(
    customer: Customer, hosts: Hosts, playwright: Playwright, tmp_path: Path
) -> None:
    with (
        chromium(tmp_path / "maria", playwright=playwright) as marias,
        chromium(tmp_path / "olga", playwright=playwright) as olgas,
    ):
        with_a_mouth(marias)
        olgas.add_cookies([{"name": "bank-of", "value": "second", "url": hosts[1].url}])
        stranger = at_desk(olgas.new_page(), hosts[1].url)
        stranger.get_by_label("Free for customers").check()
        desk = at_desk(marias.new_page(), hosts[1].url)
        connected = desk.get_by_role("region", name="Your talk").get_by_role("status")
        customer.sign_in().call().hear_greeting()
        customer.write("I want to talk to a person")
        nobody = "no colleague is free right now. Shall I open a ticket"
        expect(customer.said.last).to_contain_text(nobody, timeout=PATIENCE)
        customer.write("no")
        expect(desk.get_by_text("with the banker, ").first).to_be_visible(timeout=PATIENCE)
        desk.get_by_label("Free for customers").check()
        expect(customer.said).to_have_count(3, timeout=PATIENCE)
        customer.write("I want to talk to a person")
        desk.get_by_role("button", name="Take: Asked for").click(timeout=PATIENCE)
        expect(connected).to_have_text("Connected by voice.", timeout=PATIENCE)
        portrait = customer.page.locator("virtual-banker .person")
        expect(portrait).to_have_text("MR", timeout=PATIENCE)

        connected.evaluate("""(status) => {
          window.seen = [];
          new MutationObserver(() => seen.push(status.textContent)).observe(status, { childList: true });
        }""")
        os.kill(hosts[1].workers[0], signal.SIGKILL)  # the only one of the desk's host
        desk.wait_for_function("() => seen.at(-1) === 'Connected by voice.'", timeout=PATIENCE)
        assert desk.evaluate("seen[0]") == "Connected. The voice was lost and is connected again."
        desk.get_by_label("Write to the customer").fill("Hello Dana, this is Maria.")
        desk.keyboard.press("Enter")
        expect(customer.lines.filter(has_text="this is Maria")).to_contain_text("Maria Rossi", timeout=PATIENCE)

        customer.page.reload()
        expect(customer.lines.filter(has_text="this is Maria")).to_contain_text("Maria Rossi", timeout=PATIENCE)
        expect(portrait).to_have_text("MR", timeout=PATIENCE)
        customer.write("I am back.")
        expect(desk.get_by_role("log", name="What is said")).to_contain_text("I am back.", timeout=PATIENCE)
        expect(customer.lines.filter(has_text="was cut off")).to_have_count(0)

        with suppress(PlaywrightError):
            desk.goto("chrome://crash", timeout=5_000)
        expect(customer.said.last).to_contain_text("I'm sorry, Maria Rossi was cut off.", timeout=PATIENCE)
        expect(portrait).to_have_text("")
        desk = at_desk(marias.new_page(), hosts[1].url)
        desk.get_by_label("Free for customers").check()
        desk.get_by_role("button", name="Take: Asked for").click(timeout=PATIENCE)
        expect(desk.get_by_text("Connected by voice.")).to_be_visible(timeout=PATIENCE)
        desk.get_by_role("button", name="Hand back to the banker").click()
        expect(customer.said.last).to_contain_text("I'm your AI banker again", timeout=PATIENCE)
        expect(stranger.get_by_role("navigation")).to_have_text("Waiting (0)Nobody waits.Talking (0)Nobody talks.")
        assert failures(desk) == failures(stranger) == customer.failures() == []


def at_desk(page: Page, url: str) -> Page:
    """Maria at her desk, signed in if she is not."""
    page.goto(f"{url}/staff")
    if "/staff" in page.url:
        page.get_by_role("button", name="Open the desk").click()
    expect(page.get_by_label("Free for customers")).to_be_enabled(timeout=PATIENCE)
    return page


def test_a_visitor_who_is_no_colleague_sees_a_request_to_sign_in(hosts: Hosts, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(f"{hosts[1].url}/desk")
    expect(page.get_by_role("alert")).to_have_text(
        "The desk is for the bank's staff. Please sign in first.", timeout=PATIENCE
    )
    expect(page.get_by_label("Free for customers")).to_be_disabled()
    assert violations(page) == []
    close_page(page)
