"""The bank's own functions and its webhook: what they get, and that nothing waits for them or fails with them."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from banker.agents.base import PersonAnswer, TurnContext
from banker.agents.llm.colleague import with_colleague
from banker.handover.hooks import HandOverHooks, HandOverTarget
from banker.handover.webhook import Webhook, signature
from banker.sessions import MemoryStore
from banker.tools.base import Caller, ToolResult
from tests.handover.test_hand_overs import a_tenant
from tests.servers import wait_until
from tests.sessions.conftest import a_session

SECRET = b"a-webhook-secret-of-32-bytes-or-more"


class Receiver:
    """The bank's address, which answers with `statuses`, the last one again and again."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.requests: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                statuses = receiver.statuses
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_an_event_is_signed_and_sent_again_until_it_is_taken(receiver: Receiver) -> None:
    receiver.statuses = [500, 302, 204]
    webhook = Webhook(receiver.url, SECRET)
    began = time.monotonic()
    webhook.put("talk.ended", "sess-1-ended", {"outcome": "Solved"})
    assert time.monotonic() - began < 0.5, "nothing waits for the bank"
    wait_until(lambda: len(receiver.requests) == 3, 20, "the third attempt")
    webhook.close()
    assert {headers["webhook-id"] for headers, _ in receiver.requests} == {"sess-1-ended"}
    headers, body = receiver.requests[-1]
    assert json.loads(body)["data"] == {"outcome": "Solved"}
    sent_at = headers["webhook-timestamp"]
    assert headers["webhook-signature"] == signature(SECRET, "sess-1-ended", sent_at, body)
    assert headers["webhook-signature"] != signature(SECRET + b"!", "sess-1-ended", sent_at, body)


def hooks_with_a_talk(now: float, rating_wait_s: float = 0.0) -> tuple[HandOverHooks, Any, list[Any]]:
    store, session, events = MemoryStore(10), a_session(now), []

    class Sink:
        def put(self, kind: str, event_id: str, data: Any) -> None:
            events.append((kind, event_id, data))

    store.create(session)
    store.append_turn(session.session_id, {"turn": 1, "role": "user", "text": "Purple"})
    turn = {"turn": 2, "role": "banker", "text": "I'm sorry", "missed": True, "tools": [{"tool": "x", "ok": True}]}
    store.append_turn(session.session_id, turn)
    return HandOverHooks(store, nullcontext, Sink(), rating_wait_s), session, events


def test_the_bank_directs_a_customer_and_hears_of_the_end() -> None:
    hooks, session, events = hooks_with_a_talk(time.time())
    ended: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []

    @hooks.on_handover
    def direct(summary: dict[str, Any]) -> HandOverTarget:
        seen.append(summary)
        return HandOverTarget(phone="0800 123")

    hooks.on_end(ended.append)
    answer = hooks.direct(session, "asked for", "normal")
    assert answer is not None and (answer.state, answer.text) == ("elsewhere", "0800 123")
    assert [turn["text"] for turn in seen[0]["transcript"]] == ["Purple", "I'm sorry"]
    assert seen[0]["not_understood"] == ["Purple"] and seen[0]["tools"] == [{"tool": "x", "ok": True}]
    hooks.talk_ended(session)
    wait_until(lambda: ended, 10, "the end")
    assert "transcript" not in ended[0]
    assert [kind for kind, _, _ in events] == ["handover.requested", "talk.ended"]
    assert all("transcript" not in data for _, _, data in events)


def test_the_end_is_reported_once_with_the_rating_that_comes_meanwhile() -> None:
    hooks, session, events = hooks_with_a_talk(time.time(), rating_wait_s=3600)
    ended: list[dict[str, Any]] = []
    hooks.on_end(ended.append)
    hooks.talk_ended(session)
    hooks.store.update(session.session_id, lambda s: replace(s, rating="down"))
    hooks.talk_rated(session, "down")
    wait_until(lambda: ended, 10, "the end")
    hooks.talk_rated(session, "up")
    assert [summary["rating"] for summary in ended] == ["down"]
    wait_until(lambda: len(events) == 3, 10, "the events")
    assert sorted(kind for kind, _, _ in events) == ["talk.ended", "talk.rated", "talk.rated"]
    assert [data["rating"] for kind, _, data in events if kind == "talk.rated"] == ["down", "up"]


def test_the_end_of_the_process_loses_no_report() -> None:
    hooks, session, events = hooks_with_a_talk(time.time(), rating_wait_s=3600)
    ended: list[dict[str, Any]] = []
    hooks.on_end(ended.append)
    hooks.talk_ended(session)
    hooks.close()
    assert [summary["rating"] for summary in ended] == [None]
    assert [kind for kind, _, _ in events] == ["talk.ended"]


def test_a_function_that_fails_leaves_the_customer_to_the_desk() -> None:
    hooks, session, _ = hooks_with_a_talk(time.time())

    @hooks.on_handover
    def direct(summary: dict[str, Any]) -> HandOverTarget:
        raise RuntimeError("the contact centre is away")

    assert hooks.direct(session, "asked for", "normal") is None


async def nothing_called(tool: str, arguments: Any) -> ToolResult:
    return ToolResult("denied")


async def put_in_line(reason: str, urgency: str = "normal") -> PersonAnswer:
    return PersonAnswer(f"In line: {reason}", is_waiting=True)


def test_a_model_gets_a_colleague_only_where_there_is_a_desk() -> None:
    context = TurnContext(a_tenant("bank"), Caller("bank", "user"), [], "", {}, [], nothing_called)
    assert with_colleague(context) is context
    context = TurnContext(
        a_tenant("bank"),
        Caller("bank", "user"),
        [],
        "",
        {},
        [],
        nothing_called,
        hand_over=put_in_line,
        has_person=True,
    )
    offered = with_colleague(context)
    assert [spec.name for spec in offered.tools] == ["get_colleague"]
    result = asyncio.run(offered.call_tool("get_colleague", {"reason": "a loan"}))  # type: ignore[arg-type]
    assert result == ToolResult("ok", {"say": "In line: a loan"})
