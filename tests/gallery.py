"""Takes the pictures of docs/gallery from the demo: `python -m tests.gallery`. Look at them before committing.

`python -m tests.gallery all` takes every state of the widget and of the desk in every look instead, into build/gallery,
and ends with what axe-core finds, in the looks that differ for it, and what sticks out of the window.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright, expect, sync_playwright

from tests.e2e.bank import Customer, bank, demo_config, quiet
from tests.e2e.browser import chromium
from tests.e2e.states import states
from tests.e2e.test_accessibility import fits, violations
from tests.servers import ROOT

FOLDER = ROOT / "docs" / "gallery"
BUILD = ROOT / "build" / "gallery"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "1280x800": {"size": DESKTOP, "is_audited": True},
    "390x844": {"size": PHONE, "is_audited": True},
    "320x568": {"size": {"width": 320, "height": 568}},
    "zoom-200": {"size": {"width": 640, "height": 400}},  # a window of 1280x800 at 200 %
    "dark": {"size": DESKTOP, "color_scheme": "dark", "is_audited": True},
    "forced-colors": {"size": DESKTOP, "forced_colors": "active", "is_audited": True},
    "right-to-left": {"size": DESKTOP, "dir": "rtl"},
    "german": {"size": PHONE, "lang": "de"},
}


def take(page: Page, name: str, folder: Path = FOLDER) -> None:
    """A picture of the window as it is."""
    page.mouse.move(5, 5)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")
    print(folder / f"{name}.png")


def talk(page: Page, url: str) -> None:
    """A talk from its start to its end, in a window and on a phone."""
    page.set_viewport_size(DESKTOP)
    customer = Customer(page, url).sign_in()
    page.locator("virtual-banker .idle canvas").wait_for()
    take(page, "idle")
    customer.ask_for_a_talk()
    take(page, "consent")
    customer.button("I agree").click()
    customer.hear_greeting()
    take(page, "listening")
    customer.write("What is my balance?")
    spoken = page.locator("virtual-banker .lines li.banker").last
    expect(spoken).to_contain_text("account has a balance", timeout=20_000)
    take(page, "speaking")
    customer.button("Settings").click()
    page.wait_for_timeout(300)
    take(page, "settings")
    customer.button("Settings").click()
    expect(customer.state).to_have_text("Listening", timeout=20_000)
    customer.write("please transfer 120 dollars from my checking to my savings tomorrow")
    expect(customer.question).to_be_visible(timeout=20_000)
    expect(customer.state).to_have_text("Listening", timeout=20_000)
    take(page, "confirmation")
    page.emulate_media(color_scheme="dark")
    take(page, "dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    take(page, "phone")
    page.set_viewport_size(DESKTOP)
    customer.button("Transfer money").click()
    expect(customer.said.last).to_contain_text(re.compile("scheduled|transferred|will"), timeout=20_000)
    customer.write("please open a ticket about a wrong fee")
    expect(customer.button("Open ticket")).to_be_visible(timeout=20_000)
    customer.button("Open ticket").click()
    expect(customer.said.last).to_contain_text(re.compile(r"T-\d+"), timeout=20_000)
    expect(customer.state).to_have_text("Listening", timeout=20_000)
    page.goto(f"{url}/tickets")
    page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'")
    page.wait_for_timeout(1_000)
    take(page, "ticket")
    customer.button("Hang up").click()
    expect(customer.button("Start a new conversation")).to_be_visible()
    take(page, "end")


def launcher(page: Page, url: str) -> None:
    """The widget behind a bubble, on a phone."""
    page.set_viewport_size(PHONE)
    page.goto(url)
    page.evaluate("""() => {
      const old = document.querySelector("virtual-banker"), other = old.cloneNode();
      other.setAttribute("launcher", "");
      old.replaceWith(other);
    }""")
    page.locator("virtual-banker .bubble canvas").wait_for()
    take(page, "launcher")


def desk_states(page: Page, customer: Customer, url: str) -> Iterator[str]:
    """Lead a colleague through a talk with a customer, and yield the name of each state of the desk."""
    page.goto(f"{url}/staff")
    page.get_by_role("button", name="Open the desk").click()
    page.get_by_label("Free for customers").check()
    expect(page.get_by_text("Nobody waits.")).to_be_visible()
    yield "desk-empty"
    customer.sign_in().call().hear_greeting()
    customer.write("What is my balance?")
    expect(customer.said.last).to_contain_text("balance", timeout=20_000)
    customer.write("Someone from the bank called and asked me to move my money to a safe account")
    expect(customer.said.last).to_contain_text("in line", timeout=60_000)
    take_it = page.get_by_role("button", name="Take: Urgent: Scam")
    expect(take_it).to_be_visible(timeout=10_000)
    yield "desk-waiting"
    take_it.click()
    connected = page.get_by_role("region", name="Your talk").get_by_role("status")
    expect(connected).to_contain_text("Connected", timeout=20_000)
    page.get_by_label("Write to the customer").fill("Hello Dana, this is Maria. Your money is safe where it is.")
    page.keyboard.press("Enter")
    customer.write("They said I have to hurry. Can you freeze my card?")
    expect(page.get_by_role("log")).to_contain_text("freeze my card", timeout=10_000)
    page.get_by_label("Tool").select_option("create_ticket")
    page.get_by_label("subject", exact=True).fill("A call from a false colleague")
    page.get_by_role("button", name="Propose to the customer").click()
    expect(customer.question).to_be_visible(timeout=10_000)
    expect(page.get_by_text("the customer is asked to confirm")).to_be_visible(timeout=10_000)
    page.get_by_role("log").evaluate("(log) => log.scrollTo(0, log.scrollHeight)")
    page.evaluate("scrollTo(0, 0)")
    yield "desk"
    page.get_by_role("button", name="Hold").click()
    expect(connected).to_contain_text("On hold", timeout=10_000)
    yield "desk-hold"
    customer.button("Hang up").click()
    expect(page.get_by_text("The talk is over").last).to_be_visible(timeout=20_000)
    yield "desk-over"


class Looks:
    """Takes each state in every look, and collects what is wrong there."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def take(self, page: Page, name: str) -> None:
        """Take the state that a page is in."""
        for look, how in LOOKS.items():
            page.set_viewport_size(how["size"])
            page.emulate_media(
                color_scheme=how.get("color_scheme", "light"), forced_colors=how.get("forced_colors", "none")
            )
            attributes = [how.get("dir", "ltr"), how.get("lang", "en")]
            page.evaluate(
                """([dir, lang]) => {
                  document.documentElement.dir = dir;
                  const widget = document.querySelector("virtual-banker");
                  widget?.setAttribute("lang", lang);
                  widget?.scrollIntoView({ block: "start" });
                }""",
                attributes,
            )
            page.wait_for_timeout(150)
            take(page, name.replace(" ", "-"), BUILD / look)
            if how.get("is_audited"):
                self.wrong += [f"{name}, {look}: {fault}" for fault in violations(page)]
            self.wrong += [] if fits(page) else [f"{name}, {look}: sticks out of the window"]
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light", forced_colors="none")
        page.evaluate("""() => {
          document.documentElement.dir = "ltr";
          document.querySelector("virtual-banker")?.removeAttribute("lang");
        }""")


def readme(url: str, folder: Path, playwright: Playwright) -> None:
    """The pictures of the README, in the order of a talk."""
    with chromium(folder / "browser", quiet(folder), playwright=playwright) as context:
        page = context.new_page()
        talk(page, url)
        launcher(page, url)
    with chromium(folder / "deaf", playwright=playwright) as context:
        page = context.new_page()
        page.set_viewport_size(DESKTOP)
        Customer(page, url).sign_in().call().hear_greeting()
        take(page, "error")
    with (
        chromium(folder / "customer", playwright=playwright) as customers,
        chromium(folder / "staff", playwright=playwright) as staff,
    ):
        page = staff.new_page()
        page.set_viewport_size(DESKTOP)
        for name in desk_states(page, Customer(customers.new_page(), url), url):
            if name == "desk":
                take(page, name)


def everything(url: str, folder: Path, playwright: Playwright) -> list[str]:
    """Every state in every look. Returns what is wrong in them."""
    looks = Looks()
    with chromium(folder / "browser", quiet(folder), playwright=playwright) as customers:
        page = customers.new_page()
        page.set_viewport_size(DESKTOP)
        for name in states(Customer(page, url)):
            looks.take(page, name)
        with chromium(folder / "staff", playwright=playwright) as staff:
            desk = staff.new_page()
            for name in desk_states(desk, Customer(customers.new_page(), url), url):
                looks.take(desk, name)
    return looks.wrong


def main(arguments: list[str]) -> int:
    """Take the pictures. Returns 1 if something is wrong in them."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with (demo_config(folder / "config") / "tenants" / "demo.toml").open("a", encoding="utf-8") as file:
            file.write("\n[turns]\nstill_there_seconds = 3600\n")  # pictures take their time
        service = bank(folder)
        try:
            if arguments == ["all"]:
                wrong = everything(service.url, folder, playwright)
            else:
                readme(service.url, folder, playwright)
        finally:
            service.close()
    print("\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
