"""The widget where the host gives the service a path of its own, nginx in front, and the bank its own pictures."""

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.e2e.bank import SILENT, Customer, bank, demo_config
from tests.e2e.browser import close_page
from tests.rtc.test_avatar import COMPLETE_IMAGES, png
from tests.servers import Nginx, wait_until

RED, GREEN = (200, 0, 0), (0, 200, 0)
COLOUR = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  canvas.drawImage(document.querySelector("virtual-banker").shadowRoot.querySelector("video"), 0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}"""


def with_own_avatar(folder: Path) -> None:
    """The demo's configuration with a banker who is red, and no voice."""
    tenant = demo_config(folder) / "tenants" / "demo.toml"
    tenant.write_text('avatar = "own"\n' + tenant.read_text(encoding="utf-8"), encoding="utf-8")
    own = folder / "avatars" / "own"
    own.mkdir(parents=True)
    (own / "manifest.toml").write_text(COMPLETE_IMAGES)
    for name, colour in (("closed", RED), ("blink", RED), ("open", GREEN)):
        (own / f"{name}.png").write_bytes(png(64, 64, colour))


def test_under_a_prefix_and_behind_nginx_the_whole_talk_works(browser: BrowserContext, tmp_path: Path) -> None:
    with_own_avatar(tmp_path / "config")
    server = bank(tmp_path, environ=SILENT, app="tests.apps:under('/help/banker')")
    front = Nginx(server.port)
    try:
        customer = Customer(browser.new_page(), front.url).sign_in()
        assert customer.page.locator("script[src='/help/banker/widget/widget.js']").count() == 1
        customer.call().hear_greeting()
        customer.page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'", timeout=15_000)
        wait_until(lambda: customer.page.evaluate(COLOUR)[0] > 150, 10, "the bank's own picture")
        assert customer.page.evaluate(COLOUR)[1] < 60
        customer.page.reload()
        customer.page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'", timeout=15_000)
        with customer.page.expect_response("**/help/banker/v1/sessions/*/end") as ended:
            customer.button("Hang up").click()
        assert ended.value.status == 200
        expect(customer.problem).to_have_text("The conversation has ended.")
        assert customer.failures() == []
        close_page(customer.page)
    finally:
        front.close()
        server.close()
