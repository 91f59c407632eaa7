"""Everybody can use it: axe-core finds nothing in any state, small screens do, and any colour is readable."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.bank import Customer

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(rules) => axe.run({ runOnly: rules })", RULES)
    assert len(found["passes"]) > 15
    return [
        f"{v['id']}: {node['html'][:200]} {node['failureSummary']}" for v in found["violations"] for node in v["nodes"]
    ]


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the right."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return wide


def test_axe_finds_nothing_in_any_state(customer: Customer) -> None:
    page = customer.page
    page.context.clear_cookies()
    page.goto(customer.url)
    assert violations(page) == []
    customer.sign_in()
    assert violations(page) == []
    customer.ask_for_a_talk()
    assert violations(page) == []
    customer.button("I agree").click()
    customer.hear_greeting()
    customer.button("Settings").click()
    assert violations(page) == []
    customer.button("Settings").click()
    customer.write("I have lost my card")
    expect(customer.question).to_be_visible(timeout=20_000)
    assert violations(page) == []
    customer.page.context.set_offline(True)
    page.evaluate("peers.at(-1).close(); peers.at(-1).dispatchEvent(new Event('connectionstatechange'))")
    expect(customer.problem).to_contain_text("connection is lost")
    assert violations(page) == []
    customer.page.context.set_offline(False)
    customer.button("Hang up").click()
    assert violations(page) == []
    page.goto(f"{customer.url}/tickets")
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 640])  # 640: a window of 1280 at 200 %
def test_small_screens_and_zoom_need_no_scrolling_sideways(customer: Customer, width: int) -> None:
    page = customer.page
    page.set_viewport_size({"width": width, "height": 568})
    customer.sign_in()
    assert fits(page)
    customer.ask_for_a_talk()
    assert fits(page)
    customer.button("I agree").click()
    customer.hear_greeting()
    customer.button("Settings").click()
    assert fits(page)
    for button in page.locator("virtual-banker").get_by_role("button").all():
        box = button.bounding_box()
        assert box is None or (box["width"] >= 24 and box["height"] >= 24 and box["x"] + box["width"] <= width)


def test_with_reduced_motion_nothing_moves(customer: Customer) -> None:
    customer.page.emulate_media(reduced_motion="reduce")
    page = customer.sign_in().call().hear_greeting().page
    expect(page.locator("virtual-banker video")).to_be_hidden()
    customer.button("Settings").click()
    page.get_by_label("Show the banker's face").check()
    expect(page.locator("virtual-banker video")).to_be_visible()


def test_any_colour_of_a_bank_is_readable(customer: Customer) -> None:
    worst = customer.sign_in().page.evaluate("""async () => {
      const { themeSheet, contrast } = await import("/widget/theme.js");
      const rgb = (text) => ({ "#fff": [255, 255, 255], "#000": [0, 0, 0] })[text] ?? text.match(/[0-9]+/g).map(Number);
      let worst = 21;
      const parts = ["00", "33", "66", "77", "80", "99", "cc", "ff"];
      for (const r of parts) for (const g of parts) for (const b of parts) {
        const values = [...themeSheet(`#${r}${g}${b}`).matchAll(/: ([^;]+);/g)].map((match) => rgb(match[1]));
        const [primary, onPrimary, accent, tint] = values;
        worst = Math.min(worst, contrast(primary, onPrimary), contrast(accent, [255, 255, 255]));
        worst = Math.min(worst, contrast(accent, tint));
      }
      for (const odd of ["no colour", "", null, "transparent"]) if (themeSheet(odd) !== themeSheet("#0066cc")) return 0;
      return worst;
    }""")
    assert worst >= 4.5
