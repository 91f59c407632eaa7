"""What can go wrong around a call: the widget says so in plain words and offers a way out."""

import contextlib
import json
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, Playwright, Route, expect

from banker.config.loading import load
from banker.identity import mint
from tests.e2e.bank import Customer
from tests.e2e.browser import NO_UDP, chromium
from tests.e2e.conftest import PORTAL_PORT
from tests.servers import Gunicorn, free_port, wait_until


def refuse_microphone(customer: Customer, name: str) -> None:
    customer.page.evaluate(
        "(name) => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name); }; }", name
    )


@contextlib.contextmanager
def portal(service: Gunicorn, port: int) -> Iterator[str]:
    """A bank's page on another origin than the service, and the back end behind it.

    `/frame` has it in a frame, `/forbidden` forbids it the microphone.
    """
    page = (
        "<!doctype html><html lang=en><title>Portal</title>"
        f'<script type="module" src="{service.url}/widget/widget.js"></script>'
        '<virtual-banker session-url="/banker-session"></virtual-banker>'
    )
    framed = f'<!doctype html><html lang=en><title>Frame</title><iframe src="http://127.0.0.1:{port}/"></iframe>'
    socket = service.url.replace("http", "ws")
    policy = f"default-src 'none'; script-src {service.url}; connect-src 'self' {service.url} {socket}"
    token = mint(load(None, {"BANKER_DEMO": "1"}).tenants["demo"], "demo-customer")

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, "text/html", (framed if self.path == "/frame" else page).encode())

        def do_POST(self) -> None:
            body = {"tenant_id": "demo", "user_id": "demo-customer", "auth_assertion": token}
            headers = {"Authorization": f"Bearer {token}"}
            answer = requests.post(f"{service.url}/v1/sessions", json=body, headers=headers, timeout=10)
            self.answer(answer.status_code, "application/json", answer.content)

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if self.path == "/forbidden":
                self.send_header("Permissions-Policy", "microphone=()")
            if self.path != "/frame":
                self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


def test_a_page_of_an_allowed_origin_has_the_whole_talk(service: Gunicorn, customer: Customer) -> None:
    with portal(service, PORTAL_PORT) as url:
        customer.page.goto(url)
        customer.call().hear_greeting()
        wait_until(lambda: len(customer.told("connected")) == 1, what="the call")
        refreshed = customer.page.evaluate(
            """async (base) => {
          const { session } = JSON.parse(Object.values(sessionStorage)[0]);
          const headers = { Authorization: `Bearer ${session.ephemeral_token}` };
          const url = `${base}/v1/sessions/${session.session_id}/refresh-token`;
          return (await fetch(url, { method: "POST", headers })).status;
        }""",
            service.url,
        )
        assert refreshed == 200
        assert customer.failures() == []


def test_a_page_of_a_foreign_origin_has_nothing(service: Gunicorn, customer: Customer) -> None:
    """Neither the script nor, with the token of a session, its calls and its signaling."""
    with portal(service, free_port()) as url:
        customer.page.goto(url)
        answers = customer.page.evaluate(
            """async (base) => {
          const failed = (error) => error.name;
          const session = await (await fetch("/banker-session", { method: "POST" })).json();
          const headers = { Authorization: `Bearer ${session.ephemeral_token}` };
          const call = (action) => fetch(`${base}/v1/sessions/${session.session_id}/${action}`, { method: "POST", headers });
          const protocols = ["virtual-banker.v1", `bearer.${session.ephemeral_token}`];
          const socket = new WebSocket(`${base.replace("http", "ws")}/v1/realtime/${session.session_id}`, protocols);
          const opened = new Promise((tell) => { socket.onopen = () => tell("open"); socket.onerror = () => tell("refused"); });
          return [
            await import(`${base}/widget/conversation.js`).then(() => "loaded", failed),
            await call("refresh-token").then(() => "read", failed), await call("end").then(() => "read", failed),
            await Promise.race([opened, new Promise((tell) => setTimeout(tell, 10_000, "silent"))]),
          ];
        }""",
            service.url,
        )
        assert answers == ["TypeError", "TypeError", "TypeError", "refused"]
        assert customer.page.evaluate("customElements.get('virtual-banker')") is None


def test_a_frame_that_passes_no_microphone_on_is_named_as_the_cause(service: Gunicorn, customer: Customer) -> None:
    with portal(service, PORTAL_PORT):
        customer.page.goto(f"http://localhost:{PORTAL_PORT}/frame")
        frame = customer.page.frame_locator("iframe")
        frame.get_by_role("button", name="Talk to the banker").click()
        frame.get_by_role("button", name="I agree").click()
        expect(frame.get_by_role("alert")).to_contain_text("doesn't allow the microphone here", timeout=10_000)
        expect(frame.locator(".lines li.banker").first).to_contain_text("Hello", timeout=20_000)


def test_a_page_that_forbids_the_microphone_is_told_so_in_its_console(service: Gunicorn, customer: Customer) -> None:
    warnings: list[str] = []
    customer.page.on("console", lambda line: warnings.append(line.text) if line.type == "warning" else None)
    with portal(service, PORTAL_PORT) as url:
        customer.page.goto(f"{url}/forbidden")
        customer.call()
        expect(customer.problem).to_have_text("This page doesn't allow the microphone here. You can write instead.")
        assert [event["kind"] for event in customer.told("error")] == ["microphone-policy"]
        assert "virtual-banker: the Permissions-Policy of this page has no microphone=(self)" in warnings


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotFoundError", "We can't find a microphone."),
        ("NotReadableError", "Another program is using the microphone."),
        ("TypeError", "The microphone isn't working."),
    ],
)
def test_a_microphone_that_fails_is_named_and_can_be_tried_again(customer: Customer, name: str, words: str) -> None:
    customer.sign_in()
    opened = customer.page.evaluate_handle("() => navigator.mediaDevices.getUserMedia")
    refuse_microphone(customer, name)
    customer.call()
    expect(customer.problem).to_contain_text(words, timeout=10_000)
    customer.page.evaluate("(opened) => { navigator.mediaDevices.getUserMedia = opened; }", opened)
    customer.button("Try the microphone again").click()
    expect(customer.problem).to_have_text("")
    customer.page.wait_for_function("() => peers.at(-1).getSenders().some(({ track }) => track === tracks[0])")


def test_a_browser_that_asks_is_pointed_at_and_one_may_write_meanwhile(customer: Customer) -> None:
    customer.sign_in().page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => new Promise(() => {}); }")
    customer.call()
    expect(customer.problem).to_contain_text("allow the microphone")
    customer.button("Write instead").click()
    customer.hear_greeting()
    expect(customer.problem).to_have_text("")


def test_where_udp_is_blocked_the_cause_is_named_and_it_goes_on_in_text(
    service: Gunicorn, playwright: Playwright, tmp_path: Path, quiet_microphone: Path
) -> None:
    with chromium(tmp_path, quiet_microphone, NO_UDP, playwright) as context:
        customer = Customer(context.new_page(), service.url).sign_in().call()
        expect(customer.problem).to_contain_text("blocks voice calls", timeout=16_000)
        expect(customer.said.first).to_contain_text("Hello", timeout=6_000)
        assert customer.microphones() == ["ended"]  # nobody would hear it
        expect(customer.button("Mute")).to_be_hidden()
        customer.write("Thank you")
        expect(customer.said).to_have_count(2, timeout=10_000)
        customer.page.reload()
        expect(customer.said).to_have_count(2, timeout=10_000)


def test_a_page_without_https_names_the_cause_and_one_hears_and_writes(
    service: Gunicorn, playwright: Playwright, tmp_path: Path
) -> None:
    """Browsers take http:// for insecure wherever it is not this machine itself."""
    with chromium(
        tmp_path, flags=("--host-resolver-rules=MAP bank.example 127.0.0.1",), playwright=playwright
    ) as context:
        customer = Customer(context.new_page(), service.url.replace("127.0.0.1", "bank.example")).sign_in().call()
        assert customer.page.evaluate("isSecureContext") is False
        expect(customer.problem).to_contain_text("secure (https://) pages only", timeout=10_000)
        expect(customer.button("Try the microphone again")).to_be_hidden()  # it would not help
        customer.hear_greeting()
        customer.write("Thank you")
        expect(customer.said).to_have_count(2, timeout=15_000)
        assert customer.failures() == []


def test_declining_the_consent_never_touches_the_microphone(customer: Customer) -> None:
    customer.sign_in().ask_for_a_talk()
    customer.button("No, thank you").click()
    expect(customer.problem).to_contain_text("We didn't listen to anything.")
    assert customer.page.evaluate("[tracks.length, peers.length]") == [0, 0]


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (503, "can't reach the banker", "away"),
        (401, "signed out", "signed-out"),
        (None, "can't reach the banker", "away"),
    ],
)
def test_a_back_end_that_refuses_is_explained(customer: Customer, status: int | None, words: str, kind: str) -> None:
    """None: it does not answer at all."""

    def refuse(route: Route) -> None:
        if status is None:
            route.abort()
        else:
            route.fulfill(status=status, json={})

    customer.sign_in().page.route("**/banker-session", refuse)
    customer.button("Talk to the banker").click()
    expect(customer.problem).to_contain_text(words)
    assert customer.told("error")[0]["kind"] == kind
    expect(customer.button("Talk to the banker")).to_be_focused()
    customer.page.unroute("**/banker-session")
    customer.ask_for_a_talk()


def test_at_the_limit_one_is_told_when_to_come_back(customer: Customer) -> None:
    def limited(route: Route) -> None:
        route.fulfill(status=429, headers={"Retry-After": "2"}, body=json.dumps({"error": "rate_limited"}))

    customer.sign_in().page.route("**/banker-session", limited)
    customer.button("Talk to the banker").click()
    expect(customer.problem).to_contain_text("try again in 2 seconds")
    expect(customer.problem).to_have_text("You can try again now.", timeout=4_000)
    customer.page.unroute("**/banker-session")
    customer.ask_for_a_talk()


def test_a_session_that_is_over_elsewhere_says_so(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    page.evaluate("""async () => {
      const { session } = JSON.parse(Object.values(sessionStorage)[0]);
      const headers = { Authorization: `Bearer ${session.ephemeral_token}` };
      await fetch(`/v1/sessions/${session.session_id}/end`, { method: "POST", headers });
    }""")
    expect(customer.problem).to_have_text("The conversation has ended.", timeout=1_000)
    assert customer.microphones() == ["ended"]
    customer.button("Start a new conversation").click()
    expect(customer.button("I agree")).to_be_visible()


def test_without_sound_there_is_a_button_and_captions_meanwhile(customer: Customer) -> None:
    page = customer.page
    page.add_init_script("""
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = function () {
        return window.allowed ? play.call(this) : Promise.reject(new DOMException("", "NotAllowedError"));
      };
    """)
    customer.sign_in().call().hear_greeting()
    page.evaluate("window.allowed = true")
    customer.button("Tap to hear").click()
    expect(customer.button("Tap to hear")).to_be_hidden()


def test_a_lost_network_is_come_back_from(customer: Customer, browser: BrowserContext) -> None:
    page = customer.sign_in().call().hear_greeting().page
    page.wait_for_function("() => peers.at(-1).connectionState === 'connected'")
    page.evaluate("peers.at(-1).close(); peers.at(-1).dispatchEvent(new Event('connectionstatechange'))")
    page.wait_for_function("() => peers.length === 2 && peers[1].connectionState === 'connected'", timeout=15_000)
    expect(customer.problem).to_have_text("")
    expect(customer.lines).to_have_count(1)
    assert customer.microphones() == ["live"]


STAYS_CONNECTED = """
const real = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, "connectionState").get;
Object.defineProperty(RTCPeerConnection.prototype, "connectionState", {
  get() { const state = real.call(this); return ["disconnected", "failed"].includes(state) ? "connected" : state; },
});
"""
"""ICE notices no loss in this page."""


def test_a_worker_that_no_longer_answers_is_noticed_by_the_heartbeat(service: Gunicorn, customer: Customer) -> None:
    customer.page.add_init_script(STAYS_CONNECTED)
    customer.sign_in().call().hear_greeting()
    (worker,) = service.workers
    os.kill(worker, signal.SIGSTOP)
    try:
        expect(customer.page.get_by_text("Connection lost. Reconnecting …")).to_be_visible(timeout=60_000)
    finally:
        os.kill(worker, signal.SIGCONT)
    expect(customer.page.get_by_text("Connection lost. Reconnecting …")).to_be_hidden(timeout=60_000)
    customer.write("What is my balance?")
    expect(customer.said.last).to_contain_text("$1,234.56", timeout=30_000)
