"""The widget where the host gives the service a path of its own, with nginx in front of both."""

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.e2e.bank import Customer, bank
from tests.servers import Nginx


def test_under_a_prefix_and_behind_nginx_the_whole_talk_works(browser: BrowserContext, tmp_path: Path) -> None:
    environ = {"BANKER_SPEECH__SYNTHESISER": "none", "BANKER_SPEECH__RECOGNISER": "none"}
    server = bank(tmp_path, environ=environ, app="tests.apps:under('/help/banker')")
    front = Nginx(server.port)
    try:
        customer = Customer(browser.new_page(), front.url).sign_in()
        assert customer.page.locator("script[src='/help/banker/widget/widget.js']").count() == 1
        customer.call().hear_greeting()
        customer.page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'", timeout=15_000)
        customer.page.reload()
        customer.page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'", timeout=15_000)
        with customer.page.expect_response("**/help/banker/v1/sessions/*/end") as ended:
            customer.button("Hang up").click()
        assert ended.value.status == 200
        expect(customer.problem).to_have_text("The talk has ended.")
        assert customer.failures() == []
        customer.page.close()
    finally:
        front.close()
        server.close()
