"""A real Firefox without a screen, driven over its own protocol, Marionette, with the commands of WebDriver."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.e2e.webkit import ENTER, LIMIT, SHOWN, DrivenPage
from tests.servers import answers, free_port, wait_until

PREFERENCES = {
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
"""A microphone that hears a tone and asks nobody, and a browser that talks to nobody else."""


class Firefox(DrivenPage):
    """One window. What is not there within `LIMIT` seconds fails the test."""

    def __init__(self, port: int) -> None:
        self._numbers = count(1)
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self._stream = self._connection.makefile("rb")
        self._read()  # its greeting
        self._ask("WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})

    def open(self, url: str) -> None:
        self._ask("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("WebDriver:ExecuteScript", script=script, args=list(arguments))["value"]

    def wait_for(self, expression: str) -> None:
        """Until this is true in the page."""
        try:
            wait_until(lambda: self.run(f"return Boolean({expression})"), LIMIT, expression)
        except AssertionError as missing:
            raise AssertionError(f"{missing}; there is: {self.run(SHOWN)}") from None

    def click(self, text: str) -> None:
        self._ask("WebDriver:ElementClick", id=self.find("button", text))

    def write(self, label: str, text: str) -> None:
        """Type this into a field, and Enter."""
        self._ask("WebDriver:ElementSendKeys", id=self.find("input, textarea", label), text=text + ENTER)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, command: str, **parameters: Any) -> Any:
        message = json.dumps([0, next(self._numbers), command, parameters])
        self._connection.sendall(f"{len(message)}:{message}".encode())
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def _read(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) != b":":
            assert byte, "Firefox has gone"
            length += byte
        return json.loads(self._stream.read(int(length)))


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """A browser that keeps its files in `folder`."""
    port = free_port()
    preferences = {**PREFERENCES, "marionette.port": port}
    lines = (f'user_pref("{name}", {json.dumps(value)});\n' for name, value in preferences.items())
    (folder / "user.js").write_text("".join(lines), encoding="utf-8")
    command = ["firefox-esr", "--headless", "--no-remote", "--marionette", "--profile", str(folder)]
    environ = {**os.environ, "HOME": str(folder), "MOZ_DISABLE_CONTENT_SANDBOX": "1", "no_proxy": "*"}
    program = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), LIMIT, "Firefox being up")
        browser = Firefox(port)
        try:
            yield browser
        finally:
            browser.close()
    finally:
        program.terminate()
        program.wait(10)
