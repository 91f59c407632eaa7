"""The service under attack: gunicorn with Redis, a victim, another customer of the same bank, and a hostile tenant."""

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from examples.bank import Bank
from tests.client import Customer, mint
from tests.servers import Gunicorn, RedisServer, write_config

RIVAL_SECRET = "the-rivals-own-secret-of-32-bytes-or-more"
FORGED_SECRET = "a-secret-that-no-tenant-has-ever-had-here"


@dataclass(frozen=True)
class Attack:
    """`run` does it and returns what came of it, which has to be `outcome`. docs/security.md lists the three texts."""

    sent: str
    to: str
    outcome: str
    run: Callable[["Target"], str]


class Target:
    """Mallory attacks Dana, who has a session; so does a tenant that has a Dana of its own."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.books = Bank(folder / "bank.sqlite3")
        block = {"allowed_tools": ["create_ticket", "get_account_status"], "policy": {"require_consent": False}}
        rival = {"identity": {"secret_env": "RIVAL_SECRET"}, "config": block}
        config = write_config(folder, bank={"config": block}, strict={}, rival=rival)
        environ = {
            "BANKER_REDIS_URL": redis.url,
            "RIVAL_SECRET": RIVAL_SECRET,
            "BANK_DATABASE": str(folder / "bank.sqlite3"),
        }
        self.server = Gunicorn(config, environ=environ, app="tests.apps:bank()", ready=True)
        self.url = self.server.url
        self.victim = Customer(self.url, user="demo-customer")
        self.victim.create()
        self.mallory = Customer(self.url, user="other-customer")
        self.mallory.create()

    def close(self) -> None:
        self.server.close()

    def tokens(self) -> dict[str, str]:
        """Return the tokens that an attacker has or makes, by the names that the attacks use."""
        dana, me = self.victim.user, self.mallory.user
        return {
            "": "",
            "own": mint(me),
            "ephemeral": self.mallory.token,
            "back end": mint("portal", scope="banker:sessions"),
            "rival": mint(dana, "rival", RIVAL_SECRET),
            "rival's back end": mint("portal", "rival", RIVAL_SECRET, scope="banker:sessions"),
            "rival's for us": mint(dana, "bank", RIVAL_SECRET),
            "forged": mint(dana, secret=FORGED_SECRET),
            "expired": mint(dana, exp=1_700_000_000),
            "early": mint(dana, iat=4_000_000_000, exp=4_000_000_600),
            "audience": mint(dana, aud="another-service"),
            "no subject": mint(dana, sub=None),
            "list subject": mint(dana, sub=[dana]),
        }

    def call(
        self, method: str, path: str, token: str = "", *, headers: Mapping[str, str] | None = None, body: Any = b""
    ) -> requests.Response:
        """Send a request; `{victim}` and `{own}` in the path are session ids, and `token` is a name of `tokens`."""
        path = path.format(victim=self.victim.session["session_id"], own=self.mallory.session["session_id"])
        known = self.tokens()
        sent = {"Authorization": f"Bearer {known.get(token, token)}"} if token else {}
        data = body if isinstance(body, bytes) else json.dumps(body)
        sent |= {"Content-Type": "application/json"} if data else {}
        answer = requests.request(method, self.url + path, headers=sent | dict(headers or {}), data=data, timeout=10)
        assert_harmless(answer.status_code, answer.headers.get("Content-Type", ""), answer.text)
        return answer

    def raw(self, request: bytes) -> str:
        """Send bytes as they are, and return the statuses of the responses, or "closed" without any."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        lines = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        return " ".join(line.split()[1].decode() for line in lines) or "closed"


def assert_harmless(status: int, content_type: str, text: str) -> None:
    """An error is in the format, and says nothing of the inside."""
    assert status < 500 or status in (501, 503)
    if status >= 400 and text:
        assert content_type == "application/json"
        assert set(json.loads(text)) == {"error", "message"}
    for word in ("Traceback", "redis", "sqlite", "/banker/", "werkzeug"):
        assert word not in text
