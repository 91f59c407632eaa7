"""Takes the pictures of docs/gallery from the demo: `python -m tests.gallery`. Look at them before committing."""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.bank import Customer, bank, quiet
from tests.e2e.browser import chromium
from tests.servers import ROOT

FOLDER = ROOT / "docs" / "gallery"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def take(page: Page, name: str) -> None:
    """A picture of the window as it is."""
    page.mouse.move(5, 5)
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")
    print(FOLDER / f"{name}.png")


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


def main() -> int:
    """All pictures, in the order of a talk."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        service = bank(Path(folder))
        try:
            with chromium(Path(folder) / "browser", quiet(Path(folder))) as context:
                page = context.new_page()
                talk(page, service.url)
                launcher(page, service.url)
            with chromium(Path(folder) / "deaf") as context:
                page = context.new_page()
                page.set_viewport_size(DESKTOP)
                Customer(page, service.url).sign_in().call().hear_greeting()
                take(page, "error")
        finally:
            service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
