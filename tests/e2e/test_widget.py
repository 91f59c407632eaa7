"""The widget in a real Chromium, on the example bank's pages: a customer clicks, agrees, talks, and comes back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, Route, expect

from tests.e2e.bank import GREETING, SILENT, Customer, bank
from tests.e2e.browser import chromium, close_page
from tests.servers import Gunicorn, RedisServer


def test_by_keyboard_alone_from_signing_in_to_the_ticket(customer: Customer) -> None:
    page = customer.page
    page.context.clear_cookies()
    page.goto(customer.url)
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.press("Enter")  # the form is filled in
    expect(customer.button("Talk to the banker")).to_be_visible()
    customer.tab_to("Talk to the banker")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Before we begin")).to_be_focused(timeout=10_000)
    expect(page.get_by_role("group", name="Before we begin")).to_contain_text("It does not listen before you agree")
    assert page.evaluate("tracks.length") == 0
    customer.tab_to("I agree")
    page.keyboard.press("Enter")
    expect(customer.input).to_be_focused()
    expect(customer.lines.first).to_contain_text("Hello", timeout=20_000)
    page.keyboard.type("What is my balance?\n")
    expect(customer.said.last).to_contain_text("1,234.56", timeout=20_000)
    page.keyboard.type("Please open a ticket\n")
    expect(customer.lines.last).to_contain_text("What is the ticket about?", timeout=15_000)
    page.keyboard.type("My card is bent\n")
    expect(customer.question).to_contain_text("Open ticket?SubjectMy card is bent", timeout=15_000)
    customer.tab_to("Open ticket", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(customer.question).to_be_hidden()
    expect(customer.input).to_be_focused()
    expect(customer.lines.last).to_contain_text(re.compile(r"T-\d+"), timeout=20_000)
    customer.tab_to("Mute")
    page.keyboard.press("Enter")
    assert page.evaluate("tracks.map((track) => track.enabled)") == [False]
    expect(customer.button("Unmute")).to_be_focused()
    customer.tab_to("Hang up")
    page.keyboard.press("Enter")
    expect(customer.problem).to_have_text("The conversation has ended.", timeout=1_000)
    assert customer.microphones() == ["ended"]
    assert page.evaluate("peers.at(-1).connectionState") == "closed"
    expect(customer.button("Start a new conversation")).to_be_focused()
    assert customer.told("ended") == [{"name": "ended", "reason": "ended"}]
    assert {event["role"] for event in customer.told("transcript")} == {"user", "banker"}
    assert customer.failures() == []
    page.goto(f"{customer.url}/tickets")
    expect(page.get_by_role("heading", name="My card is bent")).to_be_visible()
    expect(customer.button("Talk to the banker")).to_be_visible()  # what has ended is not taken on


def test_a_reload_takes_the_talk_on(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    customer.write("Thank you")
    expect(customer.said).to_have_count(2, timeout=15_000)
    before = customer.lines.all_text_contents()
    for leave in (page.reload, lambda: page.goto(f"{customer.url}/tickets")):
        leave()
        page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'", timeout=15_000)
        expect(customer.lines).to_have_count(len(before))
        assert customer.lines.all_text_contents() == before
        expect(customer.button("I agree")).to_be_hidden()
        assert page.evaluate("tracks.at(-1).readyState") == "live"
    customer.write("Goodbye")
    expect(customer.said).to_have_count(3, timeout=15_000)  # and no second greeting
    assert customer.failures() == []


def test_who_signs_in_next_does_not_get_the_talk(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    customer.button("Sign out").click()
    page.get_by_label("User name").fill("omar")
    customer.button("Sign in").click()
    expect(customer.button("Talk to the banker")).to_be_visible()
    expect(customer.lines).to_have_count(0)
    customer.button("Sign out").click()


def test_the_duplicate_of_a_tab_asks_before_it_takes_the_talk(customer: Customer, browser: BrowserContext) -> None:
    page = customer.sign_in().call().hear_greeting().page
    kept = page.evaluate("JSON.stringify(Object.entries(sessionStorage))")
    other = Customer(browser.new_page(), customer.url)
    other.page.goto(f"{customer.url}/nothing")
    other.page.evaluate(
        "(kept) => JSON.parse(kept).forEach(([key, value]) => sessionStorage.setItem(key, value))", kept
    )
    other.page.goto(customer.url)
    expect(other.problem).to_have_text("Your talk is in another window.", timeout=15_000)
    assert other.page.evaluate("[tracks.length, peers.length]") == [0, 0]
    assert page.evaluate("peers.at(-1).connectionState") == "connected"
    other.button("Bring it here").click()
    other.page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'", timeout=15_000)
    expect(other.said).to_have_count(1)
    expect(customer.problem).to_have_text("Your talk is in another window.", timeout=15_000)
    assert customer.microphones() == ["ended"]
    assert customer.told("ended") == [{"name": "ended", "reason": "elsewhere"}]
    close_page(other.page)


def test_a_call_survives_a_restart_of_the_service(
    redis_server: RedisServer, tmp_path: Path, playwright: Playwright, quiet_microphone: Path
) -> None:
    environ = {"BANKER_REDIS_URL": redis_server.url, **SILENT}
    first = bank(tmp_path, environ=environ)
    try:
        with chromium(tmp_path / "browser", quiet_microphone, playwright=playwright) as context:
            customer = Customer(context.new_page(), first.url).sign_in().call().hear_greeting()
            page = customer.page
            first.stop()
            expect(customer.problem).to_contain_text("Reconnecting", timeout=10_000)
            second = bank(tmp_path, environ=environ, port=first.port)
            try:
                page.wait_for_function(
                    "() => peers.length > 1 && peers.at(-1).connectionState === 'connected'", timeout=30_000
                )
                expect(customer.problem).not_to_contain_text("Reconnecting")
                expect(customer.lines).to_have_count(1)
                customer.write("Goodbye")
                expect(customer.said).to_have_count(2, timeout=15_000)
                assert customer.microphones() == ["live"]
            finally:
                second.close()
    finally:
        first.close()


def test_the_transcript_is_saved_as_text(customer: Customer) -> None:
    customer.sign_in().call().hear_greeting()
    with customer.page.expect_download() as download:
        customer.button("Save transcript").click()
    assert download.value.suggested_filename == "conversation.txt"
    heading, saved = download.value.path().read_text(encoding="utf-8").split("\n\n")
    assert re.fullmatch(r"Virtual banker of Demo Bank, \w+ \d+, \d{4} at \d+:\d\d\s[AP]M", heading)
    assert saved == f"Banker: {GREETING}\n"
    customer.button("Hang up").click()
    expect(customer.lines).to_have_count(1)  # still there to read and to save
    assert customer.failures() == []


def test_withdrawing_the_consent_stops_everything_within_a_second(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    customer.button("Settings").click()
    expect(page.get_by_role("combobox", name="Microphone", exact=True).locator("option")).not_to_have_count(0)
    page.evaluate(
        """() => {
      addEventListener("banker:ended", () => { window.withdrawn = performance.now(); });
    }"""
    )
    began = page.evaluate("performance.now()")
    customer.button("Withdraw my consent and end").click()
    page.wait_for_function("() => window.withdrawn", timeout=5_000)
    assert page.evaluate("withdrawn") - began < 1_000
    assert customer.microphones() == ["ended"]
    expect(customer.problem).to_contain_text("withdrawn your consent")
    assert customer.failures() == []


def test_one_may_start_muted_and_hold_a_button_to_talk(customer: Customer) -> None:
    page = customer.sign_in().page
    page.evaluate("document.querySelector('virtual-banker').setAttribute('muted', '')")
    customer.call().hear_greeting()
    assert page.evaluate("tracks.length") == 0  # not even opened
    customer.button("Unmute").click()
    page.wait_for_function("() => tracks.length === 1 && tracks[0].enabled")
    page.wait_for_function("() => peers.at(-1).getSenders().some(({ track }) => track === tracks[0])")
    customer.button("Settings").click()
    page.get_by_label("Hold a button to talk").check()
    hold = customer.button("Hold to talk")
    assert page.evaluate("tracks[0].enabled") is False
    hold.focus()
    page.keyboard.down(" ")
    assert page.evaluate("tracks[0].enabled") is True
    page.keyboard.up(" ")
    assert page.evaluate("tracks[0].enabled") is False
    box = hold.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    assert page.evaluate("tracks[0].enabled") is True
    page.mouse.move(5, 5)
    page.mouse.up()  # elsewhere
    assert page.evaluate("tracks[0].enabled") is False


def test_fifty_starts_and_stops_leave_nothing(customer: Customer) -> None:
    page = customer.page
    page.add_init_script("""
      window.pending = new Set(); window.sockets = [];
      for (const [set, clear, again] of [["setTimeout", "clearTimeout"], ["setInterval", "clearInterval", true]]) {
        const [start, stop] = [window[set], window[clear]];
        window[set] = (work, ...rest) => {
          const id = start(() => { if (!again) pending.delete(id); work(); }, ...rest);
          pending.add(id);
          return id;
        };
        window[clear] = (id) => { pending.delete(id); stop(id); };
      }
      const Socket = WebSocket;
      window.WebSocket = class extends Socket { constructor(...all) { super(...all); sockets.push(this); } };
    """)
    customer.sign_in()
    page.evaluate("""async () => {
      const old = document.querySelector("virtual-banker");
      const seen = async (condition) => {
        const began = performance.now();
        while (!condition()) {
          if (performance.now() - began > 15000) throw new Error(`never seen: ${condition}`);
          await new Promise(requestAnimationFrame);
        }
      };
      for (let round = 0; round < 50; round++) {
        const element = document.createElement("virtual-banker");
        for (const name of ["session-url", "csrf-token"]) element.setAttribute(name, old.getAttribute(name));
        element.setAttribute("user", round);
        old.after(element);
        const root = element.shadowRoot;
        element.start();
        if (round % 5) await seen(() => !root.querySelector(".consent").hidden);
        if (round % 5 === 2) {
          root.querySelector(".consent button").click();
          await seen(() => peers.length && root.querySelector(".state").textContent.match(/Listening|Speaking/));
        }
        element.remove();
      }
    }""")
    page.wait_for_function("() => pending.size === 0 && sockets.every(({ readyState }) => readyState >= 2)")
    assert page.evaluate("peers.length") == 10
    assert page.evaluate("peers.every(({ connectionState }) => connectionState === 'closed')")
    assert set(customer.microphones()) == {"ended"}
    assert customer.failures() == []


@pytest.mark.parametrize("order", [[3, 1, 2], [2, 3, 1]])
def test_lines_stand_in_the_order_of_turns(customer: Customer, order: list[int]) -> None:
    shown = customer.sign_in().page.evaluate(
        """async (order) => {
      const { Transcript } = await import("/widget/transcript.js");
      const list = document.createElement("ol");
      const transcript = new Transcript(list, document.createElement("p"));
      for (const turn of order) transcript.show({ turn, role: "user", text: `${turn}`, final: true }, { you: "You" });
      transcript.show({ turn: order[0], role: "user", text: "late", final: false }, { you: "You" });
      return [...list.children].map((line) => line.lastChild.textContent);
    }""",
        order,
    )
    assert shown == ["1", "2", "3"]


def test_the_tenants_colour_is_the_widgets(customer: Customer) -> None:
    def with_a_colour(route: Route) -> None:
        answer = route.fetch()
        session = answer.json()
        session["config"]["theme"]["primaryColor"] = "#7a1f5c"
        route.fulfill(response=answer, json=session)

    customer.sign_in().page.route("**/banker-session", with_a_colour)
    customer.ask_for_a_talk()
    assert (
        customer.button("I agree").evaluate("(button) => getComputedStyle(button).backgroundColor")
        == "rgb(122, 31, 92)"
    )


def test_what_the_banker_is_doing_is_told(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    page.evaluate("""() => {
      window.states = [];
      const state = document.querySelector("virtual-banker").shadowRoot.querySelector(".state");
      new MutationObserver(() => states.push(state.textContent)).observe(state, { childList: true, subtree: true, characterData: true });
    }""")
    customer.write("What is my balance?")
    expect(customer.said.last).to_contain_text("1,234.56", timeout=20_000)
    seen = page.evaluate("states")
    order = [seen.index(words) for words in ("Thinking …", "Looking at your accounts …", "Speaking")]
    assert order == sorted(order), seen


def test_every_text_may_be_another_one(customer: Customer, service: Gunicorn) -> None:
    page = customer.sign_in().page
    page.evaluate("""() => {
      const element = document.querySelector("virtual-banker");
      element.setAttribute("text-start", "Mit der Bank sprechen");
      element.texts = { agree: "Einverstanden" };
    }""")
    customer.button("Mit der Bank sprechen").click()
    expect(customer.button("Einverstanden")).to_be_visible()


def test_links_below_an_answer_lead_to_the_bank_or_to_https_only(customer: Customer) -> None:
    shown = customer.sign_in().page.evaluate(
        """async () => {
      const { Transcript } = await import("/widget/transcript.js");
      const list = document.createElement("ol");
      const transcript = new Transcript(list, document.createElement("p"));
      const urls = ["/help/cards#pin", "https://bank.example/a", "javascript:alert(1)", "http://elsewhere.example/",
        "//elsewhere.example/", "data:text/html,x", "https://[", 7];
      const links = urls.map((url) => ({ text: `<b>${url}</b>`, url }));
      for (const role of ["banker", "user"]) transcript.show({ turn: role.length, role, text: "Yes.", final: true, links }, {});
      return [...list.querySelectorAll("a")].map(({ href, rel, target, textContent }) => [href, rel, target, textContent]);
    }"""
    )
    host = customer.page.url.rpartition("/")[0]
    assert [link[0] for link in shown] == [f"{host}/help/cards#pin", "https://bank.example/a"]
    assert {(link[1], link[2]) for link in shown} == {("noopener", "_blank")}
    assert shown[0][3] == "<b>/help/cards#pin</b>"
