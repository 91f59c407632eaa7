"""The LLM agent with a server that fails: the user gets one honest answer."""

import json
import logging
import time

import pytest

from banker.agents.llm.agent import ANSWER_CUT_OFF, NO_ANSWER
from banker.tools.base import ToolResult
from tests.agents.llm.world import FALLBACK, FALLBACK_REPORT, World
from tests.model_server import call, calls, killed, says, stream_of
from tests.servers import free_port

STATUS_CALL = call("get_account_status", {"account_id": "acc-789"})


MALFORMED = {
    "500": lambda handler: handler.body('{"error": {"message": "out of memory"}}', 500),
    "empty answer": says(),
    "only thoughts": says("<think>Hm."),
    "HTML": lambda handler: handler.body("<html>Welcome</html>", 200, "text/html"),
    "HTML for JSON": lambda handler: handler.body("<html>Welcome</html>"),
    "no body": lambda handler: handler.body("", 200, "text/event-stream"),
    "truncated JSON": stream_of(b'data: {"choices":[{"delta":{"content":"Hel\n\ndata: [DONE]\n\n'),
    "a list": stream_of(b"data: []\n\n"),
    "odd choices": stream_of(b'data: {"choices": "none"}\n\n'),
    "odd delta": stream_of(b'data: {"choices": [{"delta": "Hello"}]}\n\n'),
    "an odd call": stream_of(b'data: {"choices": [{"delta": {"tool_calls": ["x"]}}]}\n\n'),
    "an odd list of calls": stream_of(b'data: {"choices": [{"delta": {"tool_calls": 7}}]}\n\n'),
    "an error in the stream": stream_of(b'data: {"error": {"message": "overloaded"}}\n\n'),
    "killed": killed(),
    "killed after the headers": stream_of(b": hello\n\n"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_after_a_malformed_answer_and_a_retry_the_fallback_answers(world: World, kind: str) -> None:
    world.server.scripts = [MALFORMED[kind]]
    assert world.ask() == FALLBACK
    assert len(world.server.requests) == 2


@pytest.mark.parametrize("kind", MALFORMED)
def test_the_retry_may_succeed(world: World, kind: str) -> None:
    world.server.scripts = [MALFORMED[kind], says("Here I am.")]
    assert world.ask() == "Here I am."


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429])
def test_a_refused_request_is_not_repeated(world: World, status: int) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", status)]
    assert world.ask() == FALLBACK
    assert len(world.server.requests) == 1


def test_a_server_that_is_down_costs_no_time(world: World) -> None:
    world.server.close()
    world.server.server_port = free_port()
    started = time.monotonic()
    assert world.ask() == FALLBACK
    assert time.monotonic() - started < 1


def test_after_a_tool_call_neither_the_request_nor_the_tool_is_repeated(world: World) -> None:
    world.fallback.calls = [("get_account_status", {"account_id": "acc-789"})]
    world.server.scripts = [calls(STATUS_CALL), killed()]
    assert world.ask() == FALLBACK
    assert len(world.server.requests) == 2
    assert len(world.bank.called) == 1
    assert world.fallback.results[0].status == "ok"


def test_after_a_tool_call_the_fallback_takes_over_with_the_same_results(world: World) -> None:
    world.fallback.calls = [("get_account_status", {"account_id": "acc-789"})]
    world.server.scripts = [calls(STATUS_CALL, text="Let me look."), killed()]
    assert world.ask() == f"Let me look.\n{FALLBACK}"
    assert len(world.bank.called) == 1


def test_a_failure_after_an_answer_ends_in_an_apology(world: World) -> None:
    world.server.scripts = [calls(STATUS_CALL), killed("You have $1,234.56. And")]
    assert world.ask() == f"You have $1,234.56.\n{ANSWER_CUT_OFF}"


def test_if_the_fallback_fails_too_the_user_gets_an_apology(world: World) -> None:
    world.fallback.fails = True
    world.server.scripts = [lambda handler: handler.body("{}", 500)]
    assert world.ask() == NO_ANSWER


def test_the_fallback_reports_if_the_server_cannot(world: World) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", 500)]
    assert world.ask_report(ToolResult("ok", 1)) == FALLBACK_REPORT


def test_a_question_of_the_fallback_is_forgotten_when_the_model_answers(world: World) -> None:
    context = world.context()
    world.server.scripts = [lambda handler: handler.body("{}", 401)]
    world.ask(context)
    assert context.dialogue_state == {"asked": "Which account?"}
    world.server.scripts = [says("Hello.")]
    world.ask(context)
    assert context.dialogue_state == {}


def test_neither_the_key_nor_the_conversation_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.server.scripts = [
        calls(call("get_account_status", {"account_id": "acc-secret"}), text="Hush."),
        MALFORMED["truncated JSON"],
    ]
    world.ask(world.context("My word is secret."))
    world.server.scripts = [MALFORMED["500"]]
    world.ask(world.context("My word is secret."))
    logged = caplog.text + json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "the model server" in logged
    for word in ("secret", "key-1", "Hush", "1234.56", "acc-789", "out of memory"):
        assert word not in logged
