"""The demo bank's pages show what has changed during a talk, without a reload."""

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from examples.bank import Bank
from tests.e2e.bank import SILENT, Customer, bank
from tests.e2e.browser import close_page


def test_the_page_shows_what_has_changed_when_the_banker_speaks(tmp_path: Path, browser: BrowserContext) -> None:
    service = bank(tmp_path, environ=SILENT)
    page = browser.new_page()
    try:
        customer = Customer(page, service.url).sign_in()
        page.goto(f"{service.url}/cards")
        customer.call().hear_greeting()
        frozen = page.get_by_text("Nobody can pay with this card")
        expect(frozen).to_be_hidden()
        Bank(tmp_path / "bank.sqlite3").set_frozen("demo-customer", "card-4417", True)
        customer.write("Thank you")
        expect(customer.said).to_have_count(2, timeout=20_000)
        expect(frozen).to_be_visible(timeout=20_000)
        expect(customer.said).to_have_count(2)
        assert customer.failures() == []
    finally:
        close_page(page)
        service.close()
