"""What anybody writes is text: nothing that a customer, a tool or a colleague says becomes an element of the page."""

from playwright.sync_api import expect

from tests.e2e.bank import Customer

MARKUP = "<img src=x onerror=document.title='owned'><b>bold</b> &lt;i&gt; <a href='javascript:alert(1)'>x</a>"


def assert_only_text(customer: Customer) -> None:
    widget = customer.page.locator("virtual-banker")
    assert widget.locator("img, b, i, a, script, iframe").count() == 0
    assert customer.page.title() != "owned"
    assert customer.failures() == []  # nor did the page's Content-Security-Policy have to step in


def test_markup_is_shown_as_it_was_written_also_in_a_question_and_after_a_reload(customer: Customer) -> None:
    customer.sign_in().call().hear_greeting()
    customer.write("Please open a ticket")
    expect(customer.lines.last).to_contain_text("What is the ticket about?", timeout=15_000)
    customer.write(MARKUP)
    expect(customer.question).to_contain_text(MARKUP, timeout=15_000)
    assert_only_text(customer)
    customer.button("No").click()
    expect(customer.question).to_be_hidden()
    customer.page.reload()
    expect(customer.page.locator("virtual-banker .lines li.user").nth(1)).to_contain_text(MARKUP, timeout=20_000)
    assert_only_text(customer)
