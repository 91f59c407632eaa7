"""A real WebKit, driven over the WebDriver protocol (https://www.w3.org/TR/webdriver2/) on a screen of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.servers import answers, free_port, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element's reference, fixed by the standard."""
ENTER = "\ue007"
LIMIT = 30
# In the page, or in the element's shadow: the first visible button, field or text that a person would go for.
FIND = """
const roots = [document, ...[...document.querySelectorAll("virtual-banker")].flatMap((element) => element.shadowRoot ?? [])];
const all = roots.flatMap((root) => [...root.querySelectorAll(arguments[0])]);
return all.find((one) => one.checkVisibility() && `${one.textContent} ${one.ariaLabel}`.includes(arguments[1])) ?? null;
"""
SHOWN = (
    "return (document.querySelector('virtual-banker')?.shadowRoot?.querySelector('section') ?? document.body).innerText"
)


class DrivenPage:
    """A page of a browser that is driven by scripts."""

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns; it must not wait."""
        raise NotImplementedError

    def find(self, selector: str, text: str = "") -> str:
        """The visible element of a CSS selector that has `text` in it or as its label."""
        try:
            wait_until(lambda: self.run(FIND, selector, text), LIMIT, f"{selector} with {text!r}")
        except AssertionError as missing:
            raise AssertionError(f"{missing}; there is: {self.run(SHOWN)}") from None
        return str(self.run(FIND, selector, text)[ELEMENT])


class WebKit(DrivenPage):
    """One window. What is not there within `LIMIT` seconds fails the test."""

    def __init__(self, driver: str) -> None:
        self._driver = driver
        wanted = {"capabilities": {"alwaysMatch": {}}}  # the small browser that comes with the driver
        self._session = f"/session/{self._ask('POST', '/session', wanted)['sessionId']}"

    def open(self, url: str) -> None:
        self._ask("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": arguments})

    def click(self, text: str) -> None:
        self._ask("POST", f"{self._session}/element/{self.find('button', text)}/click", {})

    def write(self, label: str, text: str) -> None:
        """Type this into a field, and Enter."""
        keys = {"text": text + ENTER}
        self._ask("POST", f"{self._session}/element/{self.find('input, textarea', label)}/value", keys)

    def close(self) -> None:
        self._ask("DELETE", self._session)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, self._driver + path, json=body, timeout=LIMIT)
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value


@contextmanager
def webkit(folder: Path) -> Iterator[WebKit]:
    """A browser that keeps its files in `folder`."""
    screen = subprocess.Popen(["Xvfb", "-displayfd", "1", "-nolisten", "tcp"], stdout=subprocess.PIPE, text=True)
    try:
        assert screen.stdout is not None
        display = f":{screen.stdout.readline().strip()}"
        port = free_port()
        environ = {**os.environ, "DISPLAY": display, "HOME": str(folder), "no_proxy": "*"}
        driver = subprocess.Popen(["WebKitWebDriver", f"--port={port}"], env=environ)
        try:
            wait_until(lambda: answers(port), LIMIT, "WebKitWebDriver being up")
            browser = WebKit(f"http://127.0.0.1:{port}")
            try:
                yield browser
            finally:
                browser.close()
        finally:
            driver.terminate()
            driver.wait(10)
    finally:
        screen.terminate()
        screen.wait(10)
