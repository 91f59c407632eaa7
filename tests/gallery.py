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


def take(page: Page, name: str) -> None:
    """A picture of the window as it is."""
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")
    print(FOLDER / f"{name}.png")


def main() -> int:
    """All pictures, in the order of a talk."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        service = bank(Path(folder))
        try:
            with chromium(Path(folder) / "browser", quiet(Path(folder))) as context:
                page = context.new_page()
                page.set_viewport_size({"width": 1100, "height": 880})
                customer = Customer(page, service.url).sign_in()
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
                customer.write("please open a ticket about a wrong fee")
                expect(customer.question).to_be_visible(timeout=20_000)
                page.mouse.move(5, 5)
                expect(customer.state).to_have_text("Listening", timeout=20_000)
                take(page, "confirmation")
                customer.button("Open ticket").click()
                expect(customer.said.last).to_contain_text(re.compile(r"T-\d+"), timeout=20_000)
                expect(customer.state).to_have_text("Listening", timeout=20_000)
                page.set_viewport_size({"width": 360, "height": 740})
                page.evaluate("() => document.querySelector('virtual-banker').scrollIntoView()")
                page.locator("virtual-banker .log").evaluate("(log) => log.scrollTo(0, log.scrollHeight)")
                take(page, "small-screen")
                page.set_viewport_size({"width": 1100, "height": 880})
                page.goto(f"{service.url}/tickets")
                page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'")
                page.wait_for_timeout(1_000)
                take(page, "ticket")
            with chromium(Path(folder) / "deaf") as context:
                page = context.new_page()
                page.set_viewport_size({"width": 1100, "height": 880})
                customer = Customer(page, service.url).sign_in().call()
                customer.hear_greeting()
                take(page, "error")
        finally:
            service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
