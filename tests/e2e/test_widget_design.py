"""The widget as a calling product: nothing moves under one's hand, it makes way, and its page can work with it."""

import json
import re
import subprocess
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.bank import Customer
from tests.e2e.test_accessibility import violations
from tests.servers import ROOT

WIDGET = ROOT / "banker" / "widget"
TONE = """() => {
  navigator.mediaDevices.getUserMedia = async () => {
    const studio = new AudioContext(), room = studio.createMediaStreamDestination(), tone = new OscillatorNode(studio);
    tone.connect(room);
    tone.start();
    tracks.push(...room.stream.getTracks());
    return room.stream;
  };
}"""
"""A microphone that hears a tone."""


def box(customer: Customer, name: str) -> dict[str, float]:
    found = customer.page.locator(f"virtual-banker {name}").bounding_box()
    assert found is not None, name
    return dict(found)


def as_launcher(customer: Customer, corner: str = "") -> None:
    """Put a launcher in the place of the card."""
    customer.page.evaluate(
        """(corner) => {
      const old = document.querySelector("virtual-banker"), other = old.cloneNode();
      other.setAttribute("launcher", corner);
      old.replaceWith(other);
    }""",
        corner,
    )


@pytest.mark.usefixtures("card")
def test_a_talk_in_a_frame_that_does_not_move_to_an_end_that_sums_it_up(customer: Customer) -> None:
    page = customer.page
    page.set_viewport_size({"width": 1280, "height": 720})
    customer.sign_in()
    customer.button("What is my balance?").click()
    customer.button("I agree").click()
    expect(customer.said.last).to_contain_text("1,234.56", timeout=20_000)
    card, field, hang_up = (box(customer, name) for name in (".card", ".words", ".bar .end"))
    assert card["height"] <= 720
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    customer.button("$1,234.56").click()
    assert page.evaluate("navigator.clipboard.readText()") == "$1,234.56"

    customer.input.fill("\n".join("freeze my debit card".split()))
    grown = box(customer, ".words")
    assert grown["height"] > field["height"]
    assert grown["y"] + grown["height"] == pytest.approx(field["y"] + field["height"], abs=1)
    assert box(customer, ".bar .end") == hang_up
    customer.write("freeze my debit card")
    expect(customer.question).to_have_text(re.compile("^Freeze card.Card.ebit card ending in 4417"), timeout=20_000)
    assert (box(customer, ".card"), box(customer, ".words"), box(customer, ".bar .end")) == (card, field, hang_up)
    customer.button("Freeze card").click()
    expect(customer.said.last).to_contain_text("is frozen", timeout=20_000)

    (asked,), (over,) = customer.told("confirm"), customer.told("confirm-over")
    assert (asked["title"], asked["fields"][0]["label"]) == ("Freeze card", "Card")
    assert over == {"name": "confirm-over", "call_id": asked["call_id"], "approved": True}
    assert [event["tool"] for event in customer.told("tool-called")] == ["get_account_status", "freeze_card"]
    assert customer.told("tool-finished")[-1]["url"] == "/cards"
    assert [event["granted"] for event in customer.told("consent")] == [True]
    assert {event["interrupted"] for event in customer.told("transcript")} <= {True, False}

    customer.button("Hang up").click()
    summary = page.locator("virtual-banker .end-summary")
    expect(summary).to_contain_text(re.compile(r"You talked for .*\d+ s\."))
    expect(summary.get_by_role("link", name="Freeze card")).to_have_attribute("href", f"{customer.url}/cards")
    with page.expect_response(lambda answer: answer.request.post_data == '{"rating":"up"}') as rated:
        customer.button("Yes, it helped").click()
    assert rated.value.status == 200
    expect(summary).to_contain_text("Thank you.")
    (rating,) = customer.told("rating")
    assert (rating["rating"], rating["session_id"][:5]) == ("up", "sess-")
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
    assert customer.failures() == []


def test_on_a_phone_a_call_covers_the_page_and_makes_way_for_it(customer: Customer) -> None:
    page = customer.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    customer.sign_in().call().hear_greeting()
    assert box(customer, ".card") == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert box(customer, ".face")["width"] < 60
    assert violations(page) == []
    customer.button("Minimise").click()
    bubble = page.locator("virtual-banker .bubble")
    expect(bubble).to_have_text("Listening")
    expect(bubble).to_be_focused()
    assert page.evaluate("peers.at(-1).connectionState") == "connected"
    bubble.click()
    expect(customer.input).to_be_visible()
    page.evaluate("document.querySelector('main a').focus()")  # as for the code of a step-up
    expect(customer.input).to_be_hidden()
    assert customer.failures() == []


def test_a_page_works_with_a_launcher(customer: Customer) -> None:
    def property_of(name: str) -> Any:
        return page.evaluate("(name) => document.querySelector('virtual-banker')[name]", name)

    def call(script: str) -> None:
        page.evaluate(f"document.querySelector('virtual-banker').{script}")

    page = customer.sign_in().page
    as_launcher(customer, "top start")
    bubble = page.locator("virtual-banker .bubble")
    expect(bubble).to_have_text("Ask the banker")
    place = bubble.bounding_box()
    assert place is not None and place["x"] < 100 and place["y"] < 100
    bubble.click()
    expect(customer.button("Talk to the banker")).to_be_focused()
    page.keyboard.press("Escape")
    expect(bubble).to_be_focused()
    assert (property_of("state"), property_of("session")) == ("idle", None)
    assert property_of("view") is None and property_of("transcript") is None

    call("context = { branch: 'Riverside' }")
    with page.expect_request("**/banker-session") as request:
        call("start({ write: true })")
    assert request.value.post_data_json == {"route": "/", "branch": "Riverside", "account_id": "acc-789"}
    bubble.click()
    expect(customer.button("I agree")).to_be_visible()
    assert property_of("state") == "consent"
    call("sendMessage('What is my balance?')")
    customer.button("I agree").click()
    expect(customer.said.last).to_contain_text("1,234.56", timeout=20_000)
    assert page.evaluate("tracks.length") == 0  # who writes needs no microphone
    page.wait_for_function("() => document.querySelector('virtual-banker').session.line === 'voice'")
    assert property_of("session")["muted"] is True
    call("setAttribute('account-id', 'acc-790')")
    call("sendMessage('What is my balance?')")
    expect(customer.said.last).to_contain_text("Rainy Day", timeout=20_000)  # the account that the page shows now
    call("context = { account_id: 'acc-666' }")
    page.wait_for_function("() => told.some(({ name, kind }) => name === 'error' && kind === 'context_refused')")
    expect(customer.problem).to_have_text("")  # the customer knows nothing of it
    customer.button("Minimise").click()
    call("sendMessage('Thank you')")
    expect(page.locator("virtual-banker .shell[data-unread]")).to_be_attached(timeout=20_000)
    page.evaluate(TONE)
    call("unmute()")
    page.wait_for_function("() => tracks.length === 1 && tracks[0].enabled")
    bubble.click()
    ring = page.locator("virtual-banker .ear")
    expect(ring).to_have_css("box-shadow", re.compile(r" 0px 0px 0px [1-9]"))  # it is heard
    call("mute()")
    assert page.evaluate("tracks[0].enabled") is False
    expect(ring).to_have_css("box-shadow", re.compile(r" 0px 0px 0px 0px"))
    call("hangUp()")
    assert property_of("state") == "ended"
    assert customer.failures() == []


def test_each_language_pack_has_every_text_with_its_placeholders(customer: Customer) -> None:
    page = customer.sign_in().page
    packs = sorted(path.stem.removeprefix("texts-") for path in WIDGET.glob("texts-*.js"))
    assert packs == ["de", "es"]
    differences = page.evaluate(
        """async (packs) => {
      const { TEXTS: english } = await import("/widget/texts.js");
      const placeholders = (text) => [...text.matchAll(/\\{\\w+\\}/g)].map(String).sort().join();
      const found = [];
      for (const pack of packs) {
        const { TEXTS } = await import(`/widget/texts-${pack}.js`);
        for (const key of new Set([...Object.keys(english), ...Object.keys(TEXTS)]))
          if (typeof TEXTS[key] !== typeof english[key] || placeholders(TEXTS[key]) !== placeholders(english[key])) found.push([pack, key]);
      }
      const words = [english, ...await Promise.all(packs.map(async (pack) => (await import(`/widget/texts-${pack}.js`)).TEXTS))];
      const jargon = words.flatMap(Object.values).filter((text) => /\\b(UDP|WebRTC|ICE|frame|socket|server)\\b/.test(text));
      return [...found, ...jargon];
    }""",
        packs,
    )
    assert differences == []
    page.evaluate("document.documentElement.lang = 'de-AT'; document.querySelector('virtual-banker').lang = 'es'")
    expect(customer.button("Hablar con la asesora")).to_be_visible()
    page.evaluate("document.querySelector('virtual-banker').removeAttribute('lang')")
    expect(customer.button("Gespräch beginnen")).to_be_visible()


def test_the_theme_is_the_systems_unless_the_page_says_otherwise(customer: Customer) -> None:
    page = customer.page
    page.emulate_media(color_scheme="dark")
    customer.sign_in()
    color = "() => getComputedStyle(document.querySelector('virtual-banker').shadowRoot.querySelector('.card')).backgroundColor"
    assert page.evaluate(color) == "rgb(24, 33, 43)"
    assert violations(page) == []
    page.evaluate("document.querySelector('virtual-banker').setAttribute('theme', 'light')")
    assert page.evaluate(color) == "rgb(255, 255, 255)"
    page.evaluate("document.querySelector('virtual-banker').style.setProperty('--banker-surface', 'rgb(1, 2, 3)')")
    assert page.evaluate(color) == "rgb(1, 2, 3)"
    page.evaluate("""() => {
      const style = new CSSStyleSheet(), widget = document.querySelector("virtual-banker");
      style.replaceSync("virtual-banker::part(card) { outline: 7px solid red }");
      document.adoptedStyleSheets = [style];
      for (const slot of ["logo", "terms"]) widget.append(Object.assign(document.createElement("p"), { slot, textContent: `Our ${slot}` }));
    }""")
    card = page.locator("virtual-banker .card")
    assert card.evaluate("(card) => getComputedStyle(card).outlineWidth") == "7px"
    for slot in ("logo", "terms"):
        expect(page.get_by_text(f"Our {slot}")).to_be_visible()


def test_a_server_that_renders_pages_can_import_the_element() -> None:
    members = "Object.getOwnPropertyNames(VirtualBanker.prototype)"
    script = f"import({(WIDGET / 'widget.js').as_uri()!r}).then(({{ VirtualBanker }}) => console.log({members}.join()))"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    public = {name for name in done.stdout.strip().split(",") if not re.search("constructor|Callback$", name)}
    assert public == {"texts", "context", "state", "session", "start", "hangUp", "sendMessage", "mute", "unmute"}

    manifest = json.loads((WIDGET / "custom-elements.json").read_text(encoding="utf-8"))
    (element,) = [
        made for module in manifest["modules"] for made in module["declarations"] if made.get("customElement")
    ]
    assert {member["name"] for member in element["members"]} == public
    types = (WIDGET / "widget.d.ts").read_text(encoding="utf-8")
    for name in public:
        assert re.search(rf"^  (readonly |get )?{name}[(:]", types, re.MULTILINE), name
    details = types.split("export interface BankerEventDetails {")[1].split("\n}")[0]
    typed = set(re.findall(r'^  "?([\w-]+)"?: {', details, re.MULTILINE))
    listed = {event["name"].replace("banker:", "").removeprefix("banker-") for event in element["events"]}
    assert typed == listed
