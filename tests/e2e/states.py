"""Every state that the widget can be in, one after the other: for axe-core, and for a picture of each."""

from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.e2e.bank import Customer

CHANNELS = """
window.channels = [];
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...all) {
  const made = create.apply(this, all);
  channels.push(made);
  return made;
};
"""
"""Keeps the data channels, so that `say` has events come as if the service had sent them."""
SAY = """(event) => channels.at(-1).dispatchEvent(new MessageEvent("message", { data: JSON.stringify(event) }))"""
TICKET = {
    "title": "Open ticket",
    "fields": [
        {"label": "Subject", "value": "The machine at the station has kept my card"},
        {"label": "Details", "value": "It was about eleven in the evening, and it showed an error."},
    ],
}
REFUSALS: dict[str, dict[str, Any]] = {
    "away": {"status": 500},
    "signed out": {"status": 401},
    "limited": {"status": 429, "headers": {"Retry-After": "50"}},
}


def say(page: Page, kind: str, **fields: Any) -> None:
    """Have an event come on the data channel."""
    page.evaluate(SAY, {"type": kind, **fields})


def turn(page: Page, number: int, role: str, text: str, **fields: Any) -> None:
    """Have a finished turn come."""
    say(page, "transcript", turn=number, role=role, text=text, final=True, **fields)


def states(customer: Customer) -> Iterator[str]:
    """Lead the customer through a talk, and yield the name of each state while the widget is in it."""
    page = customer.page
    page.add_init_script(CHANNELS)
    customer.sign_in()
    yield "idle"
    yield from _before(customer)
    yield from _begin(customer)
    yield from _talk(page)
    yield from _questions(customer)
    yield from _controls(customer)
    yield from _trouble(customer)
    customer.button("Hang up").click()
    expect(customer.button("Start a new conversation")).to_be_visible()
    customer.button("Yes, it helped").click()
    yield "end"
    yield from _launcher(page)


def _before(customer: Customer) -> Iterator[str]:
    page = customer.page
    for name, answer in REFUSALS.items():
        page.route("**/banker-session", _refusing(answer))
        customer.button("Talk to the banker").click()
        expect(customer.problem).not_to_have_text("")
        expect(customer.problem).not_to_have_text("Connecting …")
        yield name
        page.unroute("**/banker-session")
    page.reload()  # the limit lasts a while
    page.route("**/banker-session", lambda route: None)
    customer.button("Talk to the banker").click()
    expect(customer.button("Cancel")).to_be_visible()
    yield "connecting"
    customer.button("Cancel").click()
    page.unroute("**/banker-session")


def _refusing(answer: dict[str, Any]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(**answer)


def _begin(customer: Customer) -> Iterator[str]:
    page = customer.page
    customer.ask_for_a_talk()
    yield "consent"
    page.evaluate("""() => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      const asked = new Promise((resolve) => { window.allow = resolve; });
      navigator.mediaDevices.getUserMedia = async (wanted) => { await asked; return open(wanted); };
    }""")
    customer.button("I agree").click()
    expect(customer.problem).to_contain_text("allow the microphone")
    yield "microphone asked for"
    page.evaluate("allow()")
    page.wait_for_function(
        "() => peers.at(-1)?.connectionState === 'connected' && channels.at(-1).readyState === 'open'"
    )
    customer.hear_greeting()
    customer.write("Thank you")
    expect(customer.said).to_have_count(2, timeout=20_000)
    expect(customer.state).to_have_text("Listening", timeout=20_000)
    yield "listening"


def _talk(page: Page) -> Iterator[str]:
    turn(page, 50, "user", "What is my balance, and what does a withdrawal abroad cost?")
    say(page, "state", state="thinking")
    yield "thinking"
    say(page, "tool.called", call_id="look", tool="get_account_status")
    yield "tool"
    say(page, "tool.finished", call_id="look", tool="get_account_status", ok=True)
    say(page, "state", state="speaking")
    said = "Your Everyday Checking account has a balance of $1,234.56."
    say(page, "transcript", turn=51, role="banker", text=said, final=False)
    yield "speaking"
    say(page, "state", state="listening")
    link = {"text": "Cash abroad", "url": "/help/cash#abroad"}
    turn(page, 51, "banker", f"{said} A withdrawal abroad costs $5.00.", links=[link])
    turn(page, 52, "banker", "Shall I also tell you what", interrupted=True)
    say(page, "handover", state="joined", name="Maria Rossi")
    turn(page, 53, "banker", "Hello, this is Maria. What can I do for you?", speaker="Maria Rossi")
    yield "colleague"
    say(page, "handover", state="returned")


def _questions(customer: Customer) -> Iterator[str]:
    page = customer.page
    ask = {"call_id": "ask", "tool": "create_ticket", "summary": "open a ticket about a card"}
    say(page, "confirm.request", **ask, **TICKET)
    expect(customer.question).to_be_visible()
    yield "question"
    turn(page, 54, "user", "Yes, please")
    say(page, "tool.called", call_id="ask", tool="create_ticket")
    say(page, "tool.finished", call_id="ask", tool="create_ticket", ok=True, url="/tickets")
    step_up = {"call_id": "code", "tool": "transfer_money", "summary": "transfer $1,500.00 to Jamie Park"}
    say(page, "step_up.request", **step_up, hash="0" * 64)
    expect(customer.button("Don't do it")).to_be_visible()
    page.evaluate("document.querySelector('dialog.step-up').close()")  # the bank's own
    expect(customer.input).to_be_visible()
    yield "step-up"
    say(page, "tool.finished", call_id="code", tool="transfer_money", ok=False)


def _controls(customer: Customer) -> Iterator[str]:
    page = customer.page
    before = customer.said.count()
    customer.write("Thank you")  # or the service hears nothing from the customer in all this time
    expect(customer.said).to_have_count(before + 1, timeout=20_000)
    customer.input.fill("I would like to know the following. " * 50)
    yield "writing"
    customer.input.fill("")
    for number in range(60, 72):
        turn(page, number, "banker", f"Line {number} of what the banker has said.")
    page.locator("virtual-banker .log").evaluate("(log) => log.scrollTo(0, 0)")
    turn(page, 72, "banker", "This is new.")
    expect(customer.button("New message")).to_be_visible()
    yield "new message"
    customer.button("New message").click()
    customer.button("Mute").click()
    yield "muted"
    customer.button("Unmute").click()
    customer.button("Settings").click()
    expect(page.get_by_role("combobox", name="Microphone", exact=True)).to_be_visible()
    yield "settings"
    page.get_by_label("Hold a button to talk").check()
    customer.button("Settings").click()
    yield "hold to talk"
    customer.button("Settings").click()
    page.get_by_label("Hold a button to talk").uncheck()
    customer.button("Settings").click()


def _trouble(customer: Customer) -> Iterator[str]:
    page = customer.page
    say(page, "session.expiring", seconds=60)
    yield "ending soon"
    page.evaluate("tracks.at(-1).dispatchEvent(new Event('ended'))")
    expect(customer.problem).to_contain_text("microphone")
    yield "microphone lost"
    customer.button("Write instead").click()
    page.context.set_offline(True)
    page.evaluate("peers.at(-1).close(); peers.at(-1).dispatchEvent(new Event('connectionstatechange'))")
    expect(customer.problem).to_contain_text("Connection lost")
    yield "lost"
    page.context.set_offline(False)
    page.wait_for_function("() => document.querySelector('virtual-banker').session?.line === 'voice'", timeout=30_000)


def _launcher(page: Page) -> Iterator[str]:
    page.reload()
    page.evaluate("""() => {
      const old = document.querySelector("virtual-banker"), other = old.cloneNode();
      other.setAttribute("launcher", "");
      old.replaceWith(other);
    }""")
    bubble = page.locator("virtual-banker .bubble")
    bubble.locator("canvas").wait_for()
    yield "launcher"
    bubble.click()
    yield "launcher open"
