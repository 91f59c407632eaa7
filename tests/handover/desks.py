"""A colleague of the demo bank at the desk, as its page talks with the service."""

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests

from tests.servers import wait_until


class Desk:
    """The desk of one colleague, signed in at the bank behind `url`."""

    def __init__(self, url: str, login: str = "maria") -> None:
        self.url = url
        self.http = requests.Session()
        self.http.headers["Connection"] = "close"
        csrf = re.findall(r'csrf_token" value="(\w+)"', self.http.get(f"{url}/staff").text)[0]
        form = {"csrf_token": csrf, "login": login, "password": "demo"}
        self.http.post(f"{url}/staff", data=form, allow_redirects=False)
        self.begin()

    def begin(self) -> None:
        """Get a token, as a page that is loaded."""
        answer = self.http.post(f"{self.url}/desk/session", json={}, timeout=10)
        assert answer.status_code == 200, answer.text
        self.known = answer.json()

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, url: str | None = None) -> Any:
        """Call the desk's API; the answer must have this status."""
        headers = {"Authorization": f"Bearer {self.known['token']}", "Connection": "close"}
        answer = requests.request(method, f"{url or self.url}/v1/desk/{path}", json=body, headers=headers, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    def talks(self, *, available: bool = True) -> list[dict[str, Any]]:
        """Be at the desk, and list the talks."""
        found: list[dict[str, Any]] = self.ask("POST", "presence", {"available": available})["talks"]
        return found

    def waiting(self) -> list[dict[str, Any]]:
        return [talk for talk in self.talks() if talk["state"] == "waiting"]

    def act(self, session_id: str, action: str, status: int = 200, **body: Any) -> Any:
        return self.ask("POST", f"talks/{session_id}/{action}", body, status)

    def say(self, session_id: str, text: str, key: str | None = None) -> None:
        self.act(session_id, "say", text=text, key=key or secrets.token_hex(8))

    def see(self, session_id: str, status: int = 200) -> Any:
        return self.ask("GET", f"talks/{session_id}", status=status)

    @contextmanager
    def attending(self, session_id: str) -> Iterator[None]:
        """Within the block the talk is asked for every second, as the page does."""
        over = threading.Event()

        def attend() -> None:
            while not over.wait(1.0):
                with suppress(AssertionError, OSError):
                    self.see(session_id)

        thread = threading.Thread(target=attend, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def take(self, session_id: str) -> Any:
        """Take a talk, wait until the customer knows, and return what is seen of it then."""
        self.act(session_id, "take")
        wait_until(lambda: self.see(session_id)["state"] == "joined", 60, "the customer knowing of the colleague")
        return self.see(session_id)
