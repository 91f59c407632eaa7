"""How the widget gets its voice call, what it says where there is none, and what a microphone does in the meantime."""

import json
from typing import Any

from playwright.sync_api import WebSocketRoute, expect

from tests.e2e.bank import Customer
from tests.servers import wait_until

CONNECTED = "() => peers.at(-1)?.connectionState === 'connected'"
MICROPHONE_IS_SENT = "(number) => peers.at(-1).getSenders().some(({ track }) => track && track === tracks[number])"
NO_WAY_THROUGH = """
const Recorded = RTCPeerConnection;
window.RTCPeerConnection = class extends Recorded {
  constructor(config) { super({ ...config, iceTransportPolicy: sessionStorage.blocked ? "relay" : "all" }); }
};
"""
"""No relay is there, so that these peers have no address while `sessionStorage.blocked` is set."""


def test_a_refused_offer_is_made_again_and_no_error_of_signaling_is_shown(customer: Customer) -> None:
    """As after six page loads in 20 s: the service answers no more offers for a while."""
    offers = 0

    def too_many(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            nonlocal offers
            kind = json.loads(message)["type"]
            offers += kind == "offer"
            if kind == "offer" and offers == 1:
                page.send(json.dumps({"type": "error", "error": "too_many_offers", "message": "Too many offers."}))
            else:
                server.send(message)

        page.on_message(pass_on)

    page = customer.page
    page.route_web_socket("**/v1/realtime/*", too_many)
    customer.sign_in()
    page.evaluate("""() => {
      window.shown = [];
      const words = document.querySelector("virtual-banker").shadowRoot.querySelector("[role=alert]");
      new MutationObserver(() => shown.push(words.textContent)).observe(words, { childList: true });
    }""")
    customer.call()
    page.wait_for_function(CONNECTED)
    assert offers == 2
    assert [event["line"] for event in customer.told("connected")] == ["voice"]
    assert customer.told("error") == []
    slow = "Please allow the microphone when your browser asks."  # on a machine with too much to do
    assert {words for words in page.evaluate("shown") if words} <= {"Connecting …", slow}


def test_where_no_call_gets_through_text_comes_at_once_and_voice_is_tried_behind_it(customer: Customer) -> None:
    page = customer.page
    page.add_init_script(NO_WAY_THROUGH)
    customer.sign_in()
    page.evaluate("sessionStorage.blocked = 1")
    customer.call()
    expect(customer.problem).to_contain_text("Your network blocks voice calls.")
    customer.hear_greeting()
    page.reload()
    expect(customer.problem).to_contain_text("Your network blocks voice calls.")
    expect(customer.said).to_have_count(1)
    assert page.evaluate("[tracks.length, peers.length]") == [0, 0]
    customer.write("Thank you")
    expect(customer.said).to_have_count(2, timeout=15_000)
    page.evaluate("delete sessionStorage.blocked; dispatchEvent(new Event('online'))")
    page.wait_for_function(CONNECTED)
    expect(customer.problem).to_have_text("The voice call works now. You can speak.")
    page.wait_for_function(MICROPHONE_IS_SENT, arg=0)
    assert [event["line"] for event in customer.told("connected")] == ["text", "voice"]
    page.reload()
    page.wait_for_function(CONNECTED)
    assert [event["line"] for event in customer.told("connected")] == ["voice"]  # the last line is remembered


def test_a_call_that_takes_long_goes_on_in_text_meanwhile(customer: Customer) -> None:
    held: list[Any] = []

    def late(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if json.loads(message)["type"] == "answer":
                held.append(lambda: page.send(message))
            else:
                page.send(message)

        server.on_message(pass_on)

    page = customer.page
    page.route_web_socket("**/v1/realtime/*", late)
    page.clock.install()
    customer.sign_in().call()
    page.wait_for_function("() => peers.at(-1)?.signalingState === 'have-local-offer'")
    page.clock.fast_forward(3_000)
    expect(customer.problem).to_have_text("The voice call takes a while. You can write to me meanwhile.")
    wait_until(lambda: page.evaluate("true") and held, 20, "the answer of the service")
    held[0]()
    page.wait_for_function(CONNECTED)
    expect(customer.problem).to_have_text("The voice call works now. You can speak.")


def test_a_microphone_that_is_muted_by_the_system_or_revoked_is_named_so(customer: Customer) -> None:
    page = customer.sign_in().call().page
    page.wait_for_function(CONNECTED)
    customer.write("Hello")  # interrupts the greeting
    expect(customer.state).to_have_text("Listening", timeout=30_000)
    system = """(muted) => {
      Object.defineProperty(tracks[0], "muted", { value: muted, configurable: true });
      tracks[0].dispatchEvent(new Event(muted ? "mute" : "unmute"));
    }"""
    page.evaluate(system, True)
    expect(customer.problem).to_contain_text("Your device has paused the microphone")
    expect(customer.state).to_have_text("Microphone paused")
    page.evaluate(system, False)
    expect(customer.problem).to_have_text("")
    expect(customer.state).to_have_text("Listening")
    page.evaluate("""() => {
      navigator.permissions.query = async () => ({ state: "denied" });
      tracks[0].dispatchEvent(new Event("ended"));
    }""")
    expect(customer.problem).to_contain_text("You've turned the microphone off for this page.")
    assert [event["kind"] for event in customer.told("error")] == ["microphone-revoked"]


def test_where_the_level_cannot_be_measured_devices_are_still_chosen_and_heard(customer: Customer) -> None:
    """As in Firefox with a microphone of another sample rate."""
    customer.page.add_init_script("""
      AudioContext.prototype.createMediaStreamSource = () => { throw new DOMException("", "NotSupportedError"); };
    """)
    page = customer.sign_in().call().page
    customer.button("Settings").click()
    microphones = page.get_by_role("combobox", name="Microphone", exact=True)
    expect(microphones.locator("option").nth(1)).to_be_attached()
    expect(page.get_by_role("meter", name="Microphone level")).to_be_hidden()
    other = microphones.evaluate("(select) => [...select.options].find(({ selected }) => !selected).value")
    microphones.select_option(other)
    page.wait_for_function(MICROPHONE_IS_SENT, arg=1)
    assert page.evaluate("tracks[1].getSettings().deviceId") == other
    assert customer.failures() == []
