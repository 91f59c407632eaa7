"""The LLM agent and a server that does not behave: the user is answered, honestly, and once."""

import json
import logging
import time

import pytest

from banker.agents.llm.agent import BROKEN_OFF, SPEECHLESS
from banker.tools.base import ToolResult
from tests.agents.llm.model_talk import LOCAL, LOCAL_REPORT, World
from tests.model_server import call, calls, killed, says, stream_of
from tests.servers import free_port

STATUS_CALL = call("get_account_status", {"account_id": "acc-789"})


RUBBISH = {
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


@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_is_asked_for_once_more_and_then_the_local_agent_answers(world: World, kind: str) -> None:
    world.server.scripts = [RUBBISH[kind]]
    assert world.hear() == LOCAL
    assert len(world.server.requests) == 2


@pytest.mark.parametrize("kind", RUBBISH)
def test_the_second_try_may_succeed(world: World, kind: str) -> None:
    world.server.scripts = [RUBBISH[kind], says("Here I am.")]
    assert world.hear() == "Here I am."


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429])
def test_a_refusal_is_not_asked_for_again(world: World, status: int) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", status)]
    assert world.hear() == LOCAL
    assert len(world.server.requests) == 1


def test_a_server_that_is_down_costs_no_time(world: World) -> None:
    world.server.close()
    world.server.server_port = free_port()
    started = time.monotonic()
    assert world.hear() == LOCAL
    assert time.monotonic() - started < 1


def test_after_a_tool_was_used_the_request_is_not_repeated_and_the_tool_does_not_run_again(world: World) -> None:
    world.local.uses = [("get_account_status", {"account_id": "acc-789"})]
    world.server.scripts = [calls(STATUS_CALL), killed()]
    assert world.hear() == LOCAL
    assert len(world.server.requests) == 2
    assert len(world.bank.used) == 1
    assert world.local.outcomes[0].status == "ok"


def test_a_tool_of_which_was_spoken_already_leaves_an_honest_sentence(world: World) -> None:
    world.server.scripts = [calls(STATUS_CALL, text="Let me look."), killed()]
    assert world.hear() == f"Let me look.\n\n{BROKEN_OFF}"


def test_when_the_local_agent_fails_too_something_honest_is_said(world: World) -> None:
    world.local.broken = True
    world.server.scripts = [lambda handler: handler.body("{}", 500)]
    assert world.hear() == SPEECHLESS


def test_the_local_agent_reports_when_the_server_cannot(world: World) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", 500)]
    assert world.hear_report(ToolResult("ok", 1)) == LOCAL_REPORT


def test_what_the_local_agent_had_asked_is_forgotten_when_the_model_answers(world: World) -> None:
    context = world.context()
    world.server.scripts = [lambda handler: handler.body("{}", 401)]
    world.hear(context)
    assert context.memo == {"asked": "Which account?"}
    world.server.scripts = [says("Hello.")]
    world.hear(context)
    assert context.memo == {}


def test_no_key_and_no_word_of_the_talk_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.server.scripts = [
        calls(call("get_account_status", {"account_id": "acc-secret"}), text="Hush."),
        RUBBISH["truncated JSON"],
    ]
    world.hear(world.context("My word is secret."))
    world.server.scripts = [RUBBISH["500"]]
    world.hear(world.context("My word is secret."))
    logged = caplog.text + json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "the model server" in logged
    for word in ("secret", "key-1", "Hush", "1234.56", "acc-789", "out of memory"):
        assert word not in logged
