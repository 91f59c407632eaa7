"""The demo bank's pages show what has changed during a talk, without a reload."""

from pathlib import Path

from playwright.sync_api import expect

from examples.bank import Bank
from tests.e2e.bank import Customer


def test_the_page_shows_what_has_changed_when_the_banker_speaks(customer: Customer, database: Path, card: str) -> None:
    books = Bank(database)
    page = customer.sign_in().page
    page.goto(f"{customer.url}/cards")
    customer.call().hear_greeting()
    frozen = page.get_by_text("Nobody can pay with this card")
    expect(frozen).to_be_hidden()
    books.set_frozen("demo-customer", card, True)
    customer.write("Thank you")
    expect(customer.said).to_have_count(2, timeout=20_000)
    expect(frozen).to_be_visible(timeout=20_000)
    expect(customer.said).to_have_count(2)
    assert customer.failures() == []
