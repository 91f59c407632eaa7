"""Time in the widget: the token is renewed before it runs out, and the end of a talk is announced and explained."""

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.e2e.bank import SILENT, Customer, bank
from tests.e2e.browser import close_page
from tests.servers import Gunicorn

TOKEN = "() => JSON.parse(Object.values(sessionStorage)[0]).session.ephemeral_token"


def test_the_token_is_renewed_before_it_runs_out_and_the_talk_goes_on(customer: Customer, service: Gunicorn) -> None:
    page = customer.page
    page.clock.install()
    customer.sign_in().call().hear_greeting()
    page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'")
    first = page.evaluate(TOKEN)
    with page.expect_response("**/refresh-token", timeout=10_000) as renewal:
        page.clock.fast_forward(200_000)  # of the 300 s of a token
    assert renewal.value.status == 200
    page.wait_for_function(f"(first) => ({TOKEN})() !== first", arg=first)
    customer.write("Thank you")
    expect(customer.said).to_have_count(2, timeout=15_000)
    with page.expect_response("**/refresh-token", timeout=10_000) as renewal:
        page.clock.fast_forward(200_000)  # the first token has run out
    assert renewal.value.status == 200
    assert page.evaluate("peers.length") == 1
    assert customer.failures() == []


def test_the_end_of_the_time_is_announced_and_another_talk_offered(browser: BrowserContext, tmp_path: Path) -> None:
    server = bank(tmp_path, environ=SILENT, app="tests.apps:brief(seconds=16, warned=10)")
    try:
        customer = Customer(browser.new_page(), server.url).sign_in().call().hear_greeting()
        timer = customer.page.locator("virtual-banker").get_by_role("timer")
        expect(timer).to_have_text("12 s left", timeout=15_000)
        expect(customer.problem).to_have_text("This conversation ends in 10 seconds.", timeout=15_000)
        expect(timer).to_have_text("5 s left", timeout=15_000)
        expect(customer.problem).to_have_text(
            "The time for this conversation is up. You can start a new one.", timeout=15_000
        )
        assert customer.told("ended") == [{"name": "ended", "reason": "expired"}]
        assert customer.microphones() == ["ended"]
        customer.button("Start a new conversation").click()
        expect(customer.button("I agree")).to_be_visible(timeout=10_000)
        close_page(customer.page)
    finally:
        server.close()
