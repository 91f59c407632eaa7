"""The widget in WebKit. Debian's build has no WebRTC: it stands for every browser that cannot carry sound."""

from pathlib import Path

import pytest

from tests.e2e.bank import GREETING
from tests.e2e.webkit import webkit
from tests.servers import Gunicorn


@pytest.mark.usefixtures("card")
def test_in_a_browser_without_webrtc_the_whole_talk_goes_in_writing(service: Gunicorn, tmp_path: Path) -> None:
    with webkit(tmp_path) as browser:
        browser.open(service.url)
        browser.click("Sign in")
        browser.find("button", "Talk to the banker")
        browser.run("window.failures = []; addEventListener('error', (event) => failures.push(event.message));")
        browser.run("addEventListener('unhandledrejection', (event) => failures.push(String(event.reason)));")
        browser.run("addEventListener('banker:connected', ({ detail }) => { window.line = detail.line; });")
        browser.click("Talk to the banker")
        browser.click("I agree")
        browser.find("li.banker", GREETING)
        if browser.run("return typeof RTCPeerConnection") == "undefined":
            browser.find("[role=alert]", "This browser doesn't support voice calls")
            assert browser.run("return line") == "text"
        browser.write("Write to the banker", "What is my balance?")
        browser.find("li.banker", "1,234.56")
        browser.write("Write to the banker", "freeze my debit card")
        browser.click("Freeze card")
        browser.find("li.banker", "is frozen")
        browser.click("Hang up")
        browser.find("[role=alert]", "The conversation has ended.")
        browser.find("button", "Start a new conversation")
        assert browser.run("return failures") == []
