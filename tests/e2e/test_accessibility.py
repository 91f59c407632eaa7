"""Everybody can use it: axe-core finds nothing in any state, small screens do, and any colour is readable."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.bank import Customer
from tests.e2e.states import states

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page, part: str = "html") -> list[str]:
    """What axe-core finds in the page, or in the part that this selector names."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("([part, rules]) => axe.run(part, { runOnly: rules })", [part, RULES])
    assert len(found["passes"]) > (15 if part == "html" else 5)
    return [
        f"{v['id']}: {node['html'][:200]} {node['failureSummary']}" for v in found["violations"] for node in v["nodes"]
    ]


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the right."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return wide


def within(element: Locator, width: int) -> bool:
    """Whether all that the widget shows, its texts too, ends where its box does."""
    boxes = element.evaluate("""(element) => [...element.shadowRoot.querySelectorAll("button, p, li, select, input, textarea, h2, label")]
      .filter((one) => one.checkVisibility() && !one.matches(".unseen"))
      .map((one) => [one.getBoundingClientRect().left, one.getBoundingClientRect().right, one.scrollWidth - one.clientWidth, one.outerHTML])""")
    out = [box for box in boxes if box[0] < 0 or box[1] > width or box[2] > 1]
    assert out == []
    return True


def test_axe_finds_nothing_in_any_state(customer: Customer) -> None:
    page = customer.page
    page.context.clear_cookies()
    page.goto(customer.url)
    assert violations(page) == []
    for name in states(customer):
        assert violations(page, "html" if name == "idle" else "virtual-banker") == [], name
    for name in ("transactions", "transfers", "cards", "appointments", "tickets"):
        page.goto(f"{customer.url}/{name}")
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
    assert within(page.locator("virtual-banker"), width)
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
    moving = """() => {
      const { shadowRoot } = document.querySelector("virtual-banker");
      shadowRoot.querySelector(".card").dataset.state = "thinking";
      return shadowRoot.getAnimations().length;
    }"""
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) == 1  # what was looked for is there otherwise


def test_long_words_and_the_other_direction_fit_on_a_small_screen(customer: Customer) -> None:
    """Translations are longer, some are read from right to left, and customers write what has no spaces."""
    page = customer.page
    page.set_viewport_size({"width": 320, "height": 568})
    customer.sign_in()
    page.evaluate("""async () => {
      const { TEXTS } = await import("/widget/texts.js");
      document.documentElement.dir = "rtl";
      const long = (text) => `${text} Donaudampfschifffahrtsgesellschaftskapitän`;
      const names = Object.keys(TEXTS).filter((name) => !["fileName", "start", "agree"].includes(name));
      document.querySelector("virtual-banker").texts = Object.fromEntries(names.map((name) => [name, long(TEXTS[name])]));
    }""")
    element = page.locator("virtual-banker")
    assert fits(page) and within(element, 320)
    customer.button("Talk to the banker").click()
    customer.button("I agree").click()
    customer.hear_greeting()
    element.locator("textarea.words").fill("x" * 300)
    page.keyboard.press("Enter")
    expect(customer.lines).to_have_count(3, timeout=20_000)
    element.get_by_role("button", name="Settings").click()
    assert fits(page) and within(element, 320)
    assert violations(page) == []
    # The customer's own words stand on the other side than they do from left to right.
    banker, user = (element.locator(f"li.{role}").first.bounding_box() for role in ("banker", "user"))
    assert banker is not None and user is not None
    assert banker["x"] + banker["width"] > user["x"] + user["width"] or user["x"] < banker["x"]


def test_any_colour_of_a_bank_is_readable(customer: Customer) -> None:
    worst = customer.sign_in().page.evaluate("""async () => {
      const { themeSheet, contrast } = await import("/widget/theme.js");
      const rgb = (text) => ({ "#fff": [255, 255, 255], "#000": [0, 0, 0] })[text] ?? text.match(/[0-9]+/g).map(Number);
      let worst = 21;
      const parts = ["00", "33", "66", "77", "80", "99", "cc", "ff"];
      for (const r of parts) for (const g of parts) for (const b of parts) {
        const values = [...themeSheet(`#${r}${g}${b}`).matchAll(/: ([^;]+);/g)].map((match) => rgb(match[1]));
        const [primary, onPrimary, light, lightTint, dark, darkTint] = values;
        worst = Math.min(worst, contrast(primary, onPrimary), contrast(light, [255, 255, 255]), contrast(light, lightTint));
        worst = Math.min(worst, contrast(dark, [24, 33, 43]), contrast(dark, darkTint));
      }
      for (const odd of ["no colour", "", null, "transparent"]) if (themeSheet(odd) !== themeSheet("#0066cc")) return 0;
      return worst;
    }""")
    assert worst >= 4.5
