"""The widget in Firefox: the talk by voice, its settings, and a microphone that is changed."""

from pathlib import Path

from tests.e2e.bank import GREETING
from tests.e2e.firefox import firefox
from tests.servers import Gunicorn

RECORD = """
window.failures = []; window.peers = []; window.tracks = []; window.lines = [];
addEventListener("error", (event) => failures.push(event.message));
addEventListener("unhandledrejection", (event) => failures.push(String(event.reason)));
addEventListener("banker-connected", ({ detail }) => lines.push(detail.line));
const Peer = RTCPeerConnection, open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.RTCPeerConnection = class extends Peer { constructor(...all) { super(...all); peers.push(this); } };
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  tracks.push(...stream.getTracks());
  return stream;
};
"""


def test_talk_settings_and_a_change_of_microphone(service: Gunicorn, tmp_path: Path) -> None:
    with firefox(tmp_path) as browser:
        browser.open(service.url)
        browser.click("Sign in")
        browser.find("button", "Talk to the banker")
        browser.run(RECORD)
        browser.click("Talk to the banker")
        browser.click("I agree")
        browser.find("li.banker", GREETING)
        browser.wait_for("lines[0] === 'voice' && peers[0].connectionState === 'connected'")
        browser.click("Settings")
        browser.run("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        shadow = "document.querySelector('virtual-banker').shadowRoot"
        browser.wait_for(f"{shadow}.querySelector('select option')?.textContent")
        browser.run(f"{shadow}.querySelector('select').dispatchEvent(new Event('change'))")
        browser.wait_for("tracks.length === 2 && peers[0].getSenders().some(({ track }) => track === tracks[1])")
        assert browser.run("return tracks.map(({ readyState }) => readyState)") == ["ended", "live"]
        browser.write("Write to the banker", "What is my balance?")
        browser.find("li.banker", "1,234.56")
        browser.click("Hang up")
        browser.find("[role=alert]", "The conversation has ended.")
        assert browser.run("return [lines, peers.length, failures]") == [["voice"], 1, []]
