"""The examples of docs/protocol.md, run in their order against the demo."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.client import Events, SignalingSocket
from tests.servers import ROOT, Gunicorn, config_environment, wait_until

PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
ANY = "…"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """The demo as `make run` starts it, without sound."""
    folder = tmp_path_factory.mktemp("demo")
    silent = {"BANKER_SPEECH__SYNTHESISER": "none", "BANKER_SPEECH__RECOGNISER": "none"}
    environ = {"BANKER_DEMO": "1", "BANK_DATABASE": str(folder / "bank.sqlite3"), **silent}
    server = Gunicorn(ROOT / "config", environ=environ, ready=True)
    yield server
    server.close()


def user_token() -> str:
    command = [sys.executable, "-m", "flask", "banker", "token", "--tenant", "demo", "--user", "demo-customer"]
    environ = config_environment() | {"BANKER_DEMO": "1"}
    return subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True).stdout.strip()


class Page:
    """Fills `{names}` in requests, and remembers them from the answers that show them."""

    def __init__(self, **names: str) -> None:
        self.names = dict(names)

    def filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda name: self.names.get(name[1], name[0]), text)

    def matches(self, shown: Any, found: Any) -> bool:
        """Whether an answer is what the page shows; learns the value of a `{name}` that is not known yet."""
        if isinstance(shown, dict):
            same_keys = isinstance(found, dict) and shown.keys() == found.keys()
            return same_keys and all(self.matches(shown[key], found[key]) for key in shown)
        if isinstance(shown, str) and isinstance(found, str):
            if name := re.fullmatch(r"\{(\w+)\}", shown):
                return self.names.setdefault(name[1], found) == found
            return re.fullmatch(re.escape(shown).replace(ANY, ".*"), found, re.DOTALL) is not None
        return bool(shown == found)


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def exchange(page: Page, url: str, request: str, answer: str) -> None:
    """Send a request of the page and compare what comes with the answer that the page shows."""
    head, _, body = page.filled(request).partition("\n\n")
    method, path = head.splitlines()[0].split()
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    got = requests.request(method, url + path, headers=headers, data=body.encode() or None, timeout=10)
    head, _, body = answer.partition("\n\n")
    assert got.status_code == int(head.splitlines()[0]), (request, got.text)
    for line in head.splitlines()[1:]:
        name, value = line.split(": ", 1)
        assert got.headers[name] == value
    assert page.matches(json.loads(body), got.json()), (body, got.text)
    page.names |= {name: text for name, text in got.json().items() if isinstance(text, str)}


def talk(page: Page, url: str, script: str) -> None:
    """Send the lines with `>` and wait for those with `<`, in their order; other events may come between."""
    events = Events()
    where = f"{url}/v1/realtime/{page.names['session_id']}"
    socket = SignalingSocket(where, events, token=page.names["ephemeral_token"])
    seen = 0
    for line in script.splitlines():
        if line.startswith(">"):
            socket.send(page.filled(line[2:]))
            continue
        shown = json.loads(line[2:])
        seen = found_after(seen, events, lambda event, shown=shown: page.matches(shown, event))
    socket.close()


def found_after(seen: int, events: Events, fits: Callable[[Any], bool]) -> int:
    """Wait for an event that fits, behind the first `seen` ones; returns how many were seen with it."""

    def places() -> list[int]:
        return [place for place, event in enumerate(events.all[seen:], seen + 1) if fits(event)]

    wait_until(places, 30, f"an event that fits, behind {events.all}")
    return places()[0]


def test_the_examples_are_what_the_service_answers(demo: Gunicorn) -> None:
    page = Page(bearer=user_token())
    http, (script,) = blocks("http"), blocks("text")
    pairs = list(zip(http[::2], http[1::2], strict=True))
    for request, answer in pairs[:-1]:
        exchange(page, demo.url, request, answer)
    talk(page, demo.url, script)
    exchange(page, demo.url, *pairs[-1])
