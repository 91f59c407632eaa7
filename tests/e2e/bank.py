"""The example bank as it runs, and a customer who finds their way through its pages and the widget."""

import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.servers import ROOT, Gunicorn

GREETING = "Hello, and welcome to Demo Bank. I'm your AI banker. How can I help you today?"

SILENT = {"BANKER_SPEECH__SYNTHESISER": "none", "BANKER_SPEECH__RECOGNISER": "none"}
"""For services of which nothing is to be heard: they are ready sooner."""


def demo_config(folder: Path, *origins: str, limit: int = 10_000) -> Path:
    """The demo's configuration, for a customer who asks for many talks, and for pages of these origins too."""
    text = (ROOT / "config" / "tenants" / "demo.toml").read_text(encoding="utf-8")
    text = text.replace("rate_limit_per_minute = 10", f"rate_limit_per_minute = {limit}")
    allowed = ", ".join(f'"{origin}"' for origin in origins)
    text = text.replace("allowed_origins = [", f"allowed_origins = [{allowed}, " if origins else "allowed_origins = [")
    (folder / "tenants").mkdir(parents=True)
    (folder / "tenants" / "demo.toml").write_text(text, encoding="utf-8")
    (folder / "banker.toml").write_text("", encoding="utf-8")
    return folder


def bank(folder: Path, *origins: str, limit: int = 10_000, **options: Any) -> Gunicorn:
    """The demo under gunicorn, with books of its own in `folder`; `environ` and `port` are `Gunicorn`'s."""
    environ = {"BANKER_DEMO": "1", "BANK_DATABASE": str(folder / "bank.sqlite3"), **options.pop("environ", {})}
    config = folder / "config"
    if not config.exists():
        demo_config(config, *origins, limit=limit)
    return Gunicorn(config, environ=environ, **{"ready": True, **options})


def quiet(folder: Path) -> Path:
    """A microphone that hears nothing for 30 seconds."""
    path = folder / "quiet.wav"
    subprocess.run(["sox", "-n", "-r", "48000", "-c", "1", "-b", "16", path, "trim", "0", "30"], check=True)
    return path


class Customer:
    """Dana at the bank's pages. Roles and names are what a screen reader would find, too."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.problem = page.locator("virtual-banker").get_by_role("alert")
        self.lines = page.locator("virtual-banker .lines li")
        self.said = page.locator("virtual-banker .lines li.banker:not(.partial)")
        self.state = page.locator("virtual-banker .state")
        self.input = page.get_by_label("Write to the banker")
        self.question = page.locator("virtual-banker .question")

    def sign_in(self) -> "Customer":
        self.page.goto(self.url)
        if "/login" in self.page.url:
            self.button("Sign in").click()
        expect(self.button("Talk to the banker")).to_be_visible()
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def ask_for_a_talk(self) -> "Customer":
        self.button("Talk to the banker").click()
        expect(self.button("I agree")).to_be_visible(timeout=10_000)
        return self

    def call(self) -> "Customer":
        """Through the consent into a call."""
        self.ask_for_a_talk()
        self.button("I agree").click()
        return self

    def hear_greeting(self) -> "Customer":
        expect(self.said.first).to_contain_text(GREETING, timeout=20_000)
        return self

    def write(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def failures(self) -> list[str]:
        """Errors, rejected promises and violations of the page's Content-Security-Policy."""
        found: list[str] = self.page.evaluate("failures")
        return found

    def told(self, name: str) -> list[dict[str, Any]]:
        """The `banker:<name>` events that bubbled up to the page."""
        events: list[dict[str, Any]] = self.page.evaluate("(name) => told.filter((event) => event.name === name)", name)
        return events

    def microphones(self) -> list[str]:
        """The states of all microphone tracks that were ever opened: live or ended."""
        states: list[str] = self.page.evaluate("tracks.map((track) => track.readyState)")
        return states

    def tab_to(self, name: str, key: str = "Tab", most: int = 40) -> None:
        """Go on by keyboard until the control of this name has the focus."""
        script = """() => {
          let at = document.activeElement;
          while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
          return at?.getAttribute("aria-label") ?? at?.textContent?.trim();
        }"""
        for _ in range(most):
            if self.page.evaluate(script) == name:
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{name!r} is not reached by {key}")
