"""The widget in a page that moves it, duplicates it, styles it, and signs its user in and out."""

from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.e2e.bank import Customer
from tests.servers import wait_until

CONNECTED = "() => peers.at(-1)?.connectionState === 'connected'"
KEPT = "() => Object.entries(sessionStorage).map(([key, value]) => [key, JSON.parse(value).session?.session_id])"
MISSING_IN_IOS_16_4 = """
delete AbortSignal.any; delete URL.canParse; delete URL.parse; delete Promise.withResolvers; delete Promise.try;
delete Object.groupBy; delete Map.groupBy; delete Array.fromAsync; delete Element.prototype.checkVisibility;
delete Element.prototype.moveBefore; delete RTCRtpReceiver.prototype.jitterBufferTarget; delete navigator.connection;
"""
"""What browsers have learnt since iOS 16.4."""


def in_a_call(customer: Customer) -> Page:
    page = customer.sign_in().call().page
    page.wait_for_function(CONNECTED)
    return page


def hold_back(page: Page, url: str) -> list[Route]:
    """The requests for this address; each waits to be continued."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(url, hold)
    return held


def test_a_move_within_the_page_is_no_end(customer: Customer) -> None:
    page = in_a_call(customer)
    page.evaluate("""() => {
      const element = document.querySelector("virtual-banker"), home = element.parentNode;
      for (let time = 0; time < 3; time++) { document.body.append(element); home.append(element); }
      document.body.moveBefore?.(element, null);
    }""")
    customer.write("What is my balance?")
    expect(customer.said.last).to_contain_text("1,234.56", timeout=15_000)
    assert page.evaluate("peers.length") == 1
    assert customer.microphones() == ["live"]
    assert customer.told("ended") == []
    assert page.evaluate("document.querySelector('virtual-banker').shadowRoot.querySelector('audio').paused") is False
    page.evaluate("""() => { window.element = document.querySelector("virtual-banker"); element.remove(); }""")
    page.wait_for_function("() => tracks[0].readyState === 'ended' && peers[0].connectionState === 'closed'")
    page.evaluate("document.body.append(element)")
    page.wait_for_function("() => peers.length === 2 && peers[1].connectionState === 'connected'")
    expect(customer.said.last).to_contain_text("1,234.56")
    assert customer.failures() == []


def test_a_token_is_refreshed_once_at_a_time_and_kept_if_it_comes_late(customer: Customer) -> None:
    answer = customer.sign_in().page.evaluate("""async () => {
      const { Session } = await import("/widget/session.js");
      const token = (name) => `.${btoa(JSON.stringify({ iat: 0, exp: 300, name }))}.`;
      const known = { session_id: "s", ephemeral_token: token("old"), expires_at: "" };
      const asked = [];
      window.fetch = (url) => new Promise((answer) => asked.push([new URL(url).pathname, answer]));
      const kept = [], over = [];
      const make = () => new Session("https://bank.example/", known, (renewed) => kept.push(renewed.ephemeral_token), (why) => over.push(why));
      const [one, other] = [make(), make()];
      const both = Promise.all([one.renew(), other.renew()]);
      one.close();
      asked[0][1](Response.json({ ephemeral_token: token("new"), expires_at: "" }));
      const reached = await both;
      const last = make().renew();
      asked[1][1](new Response("", { status: 401 }));
      return [asked.map(([path]) => path), reached, kept.map((one) => one === token("new")), await last, over];
    }""")
    path = "/v1/sessions/s/refresh-token"
    assert answer == [[path, path], [False, True], [True, True], False, ["gone"]]


def test_after_signing_out_nothing_is_left_of_the_talk(customer: Customer) -> None:
    page = in_a_call(customer)
    kept = page.evaluate("Object.entries(sessionStorage)")
    customer.button("Sign out").click()
    expect(customer.button("Sign in")).to_be_visible()
    answer = page.evaluate(
        """async ([[key, value]]) => {
      sessionStorage.setItem(key, value);  // as if the page had died before
      const { session_id: id, ephemeral_token: token } = JSON.parse(value).session;
      const socket = new WebSocket(`ws://${location.host}/v1/realtime/${id}`, ["virtual-banker.v1", `bearer.${token}`]);
      return new Promise((tell) => { socket.onopen = () => tell("open"); socket.onerror = () => tell("refused"); });
    }""",
        kept,
    )
    assert answer == "refused"
    customer.button("Sign in").click()
    expect(customer.problem).to_have_text(
        "We can't continue this conversation. You can start a new one.", timeout=15_000
    )
    expect(customer.lines).to_have_count(0)
    assert page.evaluate("[tracks.length, peers.length]") == [0, 0]
    assert page.evaluate("sessionStorage.length") == 0


def test_the_talk_is_forgotten_when_the_user_changes_or_goes(customer: Customer) -> None:
    page = in_a_call(customer)
    for number, change in enumerate(("setAttribute('user', 'omar')", "removeAttribute('user')"), 1):
        page.evaluate(f"document.querySelector('virtual-banker').{change}")
        expect(customer.button("Talk to the banker")).to_be_visible()
        assert customer.told("ended") == [{"name": "ended", "reason": "signed-out"}] * number
        assert customer.microphones() == ["ended"]
        assert page.evaluate("sessionStorage.length") == 0
        expect(customer.lines).to_have_count(0)
        expect(customer.problem).to_have_text("")
        customer.ask_for_a_talk()


def test_two_widgets_in_a_page_keep_to_their_own_talks(customer: Customer) -> None:
    page = customer.sign_in().ask_for_a_talk().page
    page.evaluate("""() => {
      const [first] = document.querySelectorAll("virtual-banker");
      window.both = [first, first.cloneNode()];
      first.after(both[1]);
      both[1].start();
    }""")
    page.wait_for_function(
        "() => both.every(({ shadowRoot }) => shadowRoot.querySelector('.card').dataset.view === 'consent')"
    )
    before = page.evaluate(KEPT)
    assert len({session for _, session in before}) == 2
    page.evaluate("both.forEach((element) => element.remove())")
    page.wait_for_function(
        "() => both.every(({ shadowRoot }) => shadowRoot.querySelector('.card').dataset.view === 'idle')"
    )
    page.evaluate("document.body.append(...both)")
    page.wait_for_function(
        "() => both.every(({ shadowRoot }) => shadowRoot.querySelector('.card').dataset.view === 'consent')"
    )
    assert page.evaluate(KEPT) == before
    assert not any("another window" in (text or "") for text in customer.problem.all_text_contents())


def test_properties_set_before_the_element_is_defined_and_events_without_a_colon(customer: Customer) -> None:
    page = customer.sign_in().page
    held = hold_back(page, "**/widget/widget.js")
    with page.expect_request("**/widget/widget.js"):
        page.goto(customer.url, wait_until="commit")
    page.evaluate("""() => {
      document.querySelector("virtual-banker").texts = { start: "Ask us" };
      window.lines = [];
      addEventListener("banker-connected", ({ detail }) => lines.push(detail.line));
    }""")
    held[0].continue_()
    customer.button("Ask us").click()
    customer.button("I agree").click()
    page.wait_for_function("() => lines.length === 1")
    assert page.evaluate("lines") == [event["line"] for event in customer.told("connected")] == ["voice"]


def test_styles_of_the_page_stay_outside_and_captions_have_their_own_direction(customer: Customer) -> None:
    style = customer.sign_in().page.evaluate("""async () => {
      Object.assign(document.body.style, { whiteSpace: "pre", letterSpacing: "9px", textTransform: "uppercase" });
      document.body.dir = "rtl";
      const element = document.querySelector("virtual-banker");
      const { whiteSpace, letterSpacing, textTransform, direction, display } = getComputedStyle(element.shadowRoot.querySelector(".card"));
      const { Transcript } = await import("/widget/transcript.js");
      const list = document.createElement("ol");
      new Transcript(list, document.createElement("p")).show({ turn: 1, role: "user", text: "שלום", final: true }, {});
      return [whiteSpace, letterSpacing, textTransform, direction, list.querySelector("li > :last-child").dir];
    }""")
    assert style == ["normal", "normal", "none", "rtl", "auto"]


def test_the_page_keeps_the_widgets_place_until_its_script_runs(customer: Customer) -> None:
    page = customer.sign_in().page
    height = "document.querySelector('virtual-banker').getBoundingClientRect().height"
    held = hold_back(page, "**/widget/widget.js")
    with page.expect_request("**/widget/widget.js"):
        page.goto(customer.url, wait_until="commit")
    page.wait_for_function(f"{height} > 200")
    held[0].continue_()


def test_who_comes_back_too_late_is_told_that_the_talk_has_ended(customer: Customer) -> None:
    page = customer.sign_in().ask_for_a_talk().page
    page.evaluate("""() => {
      const [[key, value]] = Object.entries(sessionStorage);
      const kept = JSON.parse(value);
      kept.session.until = Date.now() - 60_000;
      window.late = () => sessionStorage.setItem(key, JSON.stringify(kept));
      addEventListener("pagehide", late);
    }""")
    page.reload()
    expect(customer.problem).to_contain_text("You were away for a while, so your last conversation has ended.")
    expect(customer.button("Start a new conversation")).to_be_visible()
    page.reload()
    expect(customer.button("Talk to the banker")).to_be_visible()
    expect(customer.problem).to_have_text("")


def test_only_a_reader_who_is_at_the_end_is_taken_along(customer: Customer) -> None:
    seen: list[Any] = customer.sign_in().page.evaluate("""async () => {
      const { Transcript } = await import("/widget/transcript.js");
      const [log, list, live, newer] = ["div", "ol", "p", "button"].map((name) => document.createElement(name));
      Object.assign(log.style, { height: "100px", overflowY: "auto" });
      log.append(list);
      document.body.append(log, newer);
      newer.hidden = true;
      const transcript = new Transcript(list, live, newer);
      const add = (turn) => transcript.show({ turn, role: "banker", text: "word ".repeat(40), final: true }, {});
      const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 2;
      const seen = [];
      for (let turn = 1; turn < 9; turn++) add(turn);
      seen.push([isAtEnd(), newer.hidden]);
      log.scrollTop = 0;
      add(9);
      seen.push([log.scrollTop === 0, newer.hidden]);
      newer.click();
      seen.push([isAtEnd(), newer.hidden]);
      log.scrollTop = 0;
      add(10);
      log.scrollTo(0, log.scrollHeight);
      await new Promise((done) => log.addEventListener("scroll", () => requestAnimationFrame(done), { once: true }));
      seen.push([isAtEnd(), newer.hidden]);
      const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      log.style.height = "60px";  // as when a question is asked below it
      await frame();
      seen.push([isAtEnd(), newer.hidden]);
      log.scrollTop = 0;
      await frame();
      log.style.height = "80px";
      await frame();
      seen.push([log.scrollTop === 0, newer.hidden]);
      return seen;
    }""")
    assert seen == [[True, True], [True, False], [True, True], [True, True], [True, True], [True, True]]


def test_a_browser_as_old_as_ios_16_4_has_the_whole_talk(customer: Customer) -> None:
    customer.page.add_init_script(MISSING_IN_IOS_16_4)
    in_a_call(customer)
    link = customer.page.evaluate(
        "async () => (await import('/widget/links.js')).safeAddress('https://bank.example/a')"
    )
    assert link == "https://bank.example/a"
    customer.write("What is my balance?")
    expect(customer.said.last).to_contain_text("1,234.56", timeout=20_000)
    customer.button("Hang up").click()
    expect(customer.problem).to_have_text("The conversation has ended.")
    assert customer.failures() == []


def test_connecting_is_cancelled_by_button_by_escape_and_by_the_page(customer: Customer) -> None:
    page = customer.sign_in().page
    held = hold_back(page, "**/banker-session")
    ways = (
        lambda: customer.button("Cancel").click(),
        lambda: page.keyboard.press("Escape"),
        lambda: page.evaluate("document.querySelector('virtual-banker').hangUp()"),
    )
    for number, cancel in enumerate(ways, 1):
        customer.button("Talk to the banker").click()
        expect(customer.problem).to_have_text("Connecting …")
        cancel()
        expect(customer.problem).to_have_text("")
        expect(customer.button("Talk to the banker")).to_be_focused()
        wait_until(lambda number=number: len(held) == number, 10, "the bank being asked")  # type: ignore[misc]
        with page.expect_response("**/v1/sessions/*/end") as ended:
            held[-1].continue_()
        assert ended.value.status == 200  # what was created in vain is given back
    assert customer.told("ended") == [{"name": "ended", "reason": "cancelled"}] * 3
    expect(customer.button("I agree")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_page_without_session_url_is_named_in_the_console_and_nothing_is_asked(customer: Customer) -> None:
    page = customer.sign_in().page
    warnings: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    page.on("request", lambda request: requests.append(request.url) if request.method == "POST" else None)
    page.evaluate("""() => {
      const element = document.querySelector("virtual-banker"), without = element.cloneNode();
      without.removeAttribute("session-url");
      element.replaceWith(without);
    }""")
    customer.button("Talk to the banker").click()
    expect(customer.problem).to_contain_text("We can't reach the banker right now.")
    assert warnings == ["virtual-banker: the attribute session-url is missing"]
    assert requests == []


def test_a_message_is_seen_at_once_sent_again_after_a_loss_and_offered_for_another_try(customer: Customer) -> None:
    page = customer.page
    page.add_init_script("""
      const send = RTCDataChannel.prototype.send;
      RTCDataChannel.prototype.send = function (data) {
        if (!window.lossy || !lossy.test(data)) send.call(this, data);
      };
    """)
    page.clock.install()
    in_a_call(customer)
    mine = page.locator("virtual-banker .lines li.user")
    page.evaluate("window.lossy = /message.send/")
    customer.write("Thank you")
    expect(mine).to_have_text("You: Thank youSending …")
    page.clock.fast_forward(16_000)
    expect(mine).to_have_text("You: Thank youNot sent. Try again")
    page.evaluate("window.lossy = null")
    mine.get_by_role("button", name="Try again").click()
    expect(mine).to_have_text("You: Thank you", timeout=15_000)
    answers = page.locator("virtual-banker .lines li.banker", has_text="welcome.")
    expect(answers).to_have_count(1, timeout=15_000)
    page.evaluate("window.lossy = /message.send/")
    customer.write("Thanks again")
    expect(mine.last).to_contain_text("Sending …")
    page.evaluate(
        "peers.at(-1).close(); peers.at(-1).dispatchEvent(new Event('connectionstatechange')); window.lossy = null"
    )
    expect(mine.last).to_have_text("You: Thanks again", timeout=15_000)
    expect(mine).to_have_count(2)
    expect(answers).to_have_count(2, timeout=15_000)
