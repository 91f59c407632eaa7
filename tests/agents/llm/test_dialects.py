"""The dialects of model servers: OpenAI, Ollama, llama.cpp, vLLM, and others that are compatible with them."""

import json
import logging
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest

from banker.agents.llm.agent import ANSWER_TOO_LONG, MAX_SPOKEN_CHARACTERS
from banker.agents.llm.reasoning_filter import ReasoningFilter
from banker.tools.base import ToolResult
from tests.agents.llm.world import FALLBACK, World
from tests.model_server import ModelRequestHandler, Script, refuses, says

SPOKEN = {
    "<think>a</think>Hi.": "Hi.",
    "<thinking>a <b> c</thinking>Hi.": "Hi.",
    '<think budget="3">a</think>Hi.': "Hi.",
    "<reflection>a</reflection>Hi.": "Hi.",
    "<inner_monologue>a</inner_monologue>Hi.": "Hi.",
    "<seed:think>a</seed:think>Hi.": "Hi.",
    "[THINK]a[/THINK]Hi.": "Hi.",
    "◁think▷a◁/think▷Hi.": "Hi.",
    "<unused94>thought a<unused95>Hi.": "Hi.",
    "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Hi.<|END_RESPONSE|>": "Hi.",
    "<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>Hi.<|end_of_solution|>": "Hi.",
    "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Hi.<|return|>": "Hi.",
    "<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>": "",
    "<|im_start|>assistant\nHi.<|im_end|>\n<|im_start|>user\nMy balance?": "Hi.",
    "<|start_header_id|>assistant<|end_header_id|>Hi.<|eot_id|>": "Hi.",
    "Hi.<end_of_turn><start_of_turn>user\nMy balance?": "Hi.",
    "Hi.<｜end▁of▁sentence｜>more": "Hi.",
    "<s>Hi.</s>[INST] more [/INST]": "Hi.",
    "<answer>Hi.</answer>": "Hi.",
    "<tool_call>{}</tool_call>Hi.": "Hi.",
    "<function=get>{}</function>Hi.": "Hi.",
    "[TOOL_CALLS][{}]": "",
    "<|python_tag|>get()": "",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get<｜tool▁call▁end｜><｜tool▁calls▁end｜>": "",
    "Good <morning> to 5 < 6 [you] 3 <4 a_b|c>.": "Good <morning> to 5 < 6 [you] 3 <4 a_b|c>.",
}


@pytest.mark.parametrize("written", SPOKEN)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_reasoning_and_control_tokens_are_removed(written: str, size: int) -> None:
    marks = ReasoningFilter()
    pieces = [written[start : start + size] for start in range(0, len(written), size)]
    assert "".join(map(marks.feed, pieces)) + marks.flush() == SPOKEN[written]


def test_reasoning_that_the_prompt_opened_is_expected_after_the_first_answer(world: World) -> None:
    world.server.scripts = [says("The user wants a greeting</think>", "Hello.")]
    world.ask()
    assert world.ask() == "Hello."
    world.server.scripts = [says("Short."), says("Short.")]  # another model: its answer is not taken for reasoning
    assert world.ask() == "Short."


REFUSALS: Mapping[str, tuple[int, Any]] = {
    "openai": (
        400,
        {
            "error": {
                "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                "type": "invalid_request_error",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            }
        },
    ),
    "vllm": (400, {"object": "error", "message": "max_tokens: Extra inputs are not permitted", "code": 400}),
    "llama.cpp": (500, {"error": {"code": 500, "message": "max_tokens is not supported", "type": "server_error"}}),
    "ollama": (400, {"error": "unknown parameter max_tokens"}),
    "mistral": (422, {"message": {"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs", "input": 500}]}}),
    "fastapi": (422, {"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs", "input": "My secret"}]}),
}


@pytest.mark.parametrize("server", REFUSALS)
def test_the_name_of_the_limit_is_learnt_and_logged(
    world: World, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.server.scripts = [refuses(*REFUSALS[server]), says("Hello.")]
    assert [world.ask(), world.ask()] == ["Hello.", "Hello."]
    sent = [("max_tokens" in request, "max_completion_tokens" in request) for request in world.server.requests]
    assert sent == [(True, False), (False, True), (False, True)]
    assert "refuses max_tokens" in caplog.text and "max_completion_tokens is sent from now on" in caplog.text
    assert "My secret" not in caplog.text


def test_a_server_that_wants_neither_temperature_nor_tool_choice_gets_neither(model_server: Any) -> None:
    world = World(model_server, {"temperature": 0.2})
    model_server.scripts = [
        refuses(400, {"error": {"message": "Only the default (1) is supported.", "param": "temperature"}}),
        refuses(400, {"error": {"message": "tool_choice is not supported.", "code": "unsupported"}}),
        says("Your ticket is T-1."),
    ]
    assert [world.ask_report(ToolResult("ok", 1)) for _ in range(2)] == ["Your ticket is T-1."] * 2
    for request in model_server.requests[2:]:
        assert "temperature" not in request and "tool_choice" not in request and "tools" in request


def test_a_limit_that_was_too_large_for_one_prompt_is_sent_again(world: World) -> None:
    too_large = {"error": {"message": "max_tokens or max_completion_tokens is too large: 500.", "code": 400}}
    world.server.scripts = [refuses(400, too_large), refuses(400, too_large), says("Hello.")]
    assert [world.ask(), world.ask()] == ["Hello.", "Hello."]
    assert world.server.requests[-1]["max_tokens"] == 500


def test_nothing_is_learnt_from_a_request_that_is_refused_in_any_form(world: World) -> None:
    world.server.scripts = [refuses(400, {"error": {"message": "max_tokens, tool_choice and temperature are odd."}})]
    assert world.ask() == FALLBACK
    world.server.scripts = [says("Hello.")]
    assert world.ask() == "Hello."
    assert world.server.requests[-1]["max_tokens"] == 500


@pytest.mark.parametrize(
    ("message", "logged"),
    [
        ("registry.ollama.ai/library/gemma:latest does not support tools", "does not support tools"),
        ("tools param requires --jinja flag", "--jinja"),
        ('"auto" tool choice requires --enable-auto-tool-choice to be set', "--enable-auto-tool-choice"),
        ("The model `gpt-9` does not exist. You said: My word is secret.", "`gpt-9` does not exist"),
    ],
)
def test_the_reason_of_a_refusal_is_logged_without_the_conversation(
    world: World, message: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.server.scripts = [refuses(400, {"error": {"message": message, "type": "invalid_request_error"}})]
    assert world.ask() == FALLBACK
    assert logged in caplog.text and "My word" not in caplog.text


def _refusal_in_the_stream(handler: ModelRequestHandler) -> None:
    handler.start()
    handler.delta(role="assistant", refusal="I can't help with that.")
    handler.end()


MISFORTUNES: Mapping[str, Script] = {
    "empty answer": says(),
    "only thoughts": says("<think>Hm."),
    "refusal": _refusal_in_the_stream,
    "content filter": says(finish="content_filter"),
    "moderation": refuses(403, {"error": {"message": "Your input was flagged", "code": 403}}),
    "prompt too long": refuses(400, {"error": {"code": 400, "type": "exceed_context_size_error"}}),
    "endless thoughts": says(*["<think>"], *["x" * 1000] * 51),
    "a claim": says("I've sent the money."),
}


@pytest.mark.parametrize("kind", MISFORTUNES)
def test_one_users_misfortune_does_not_switch_the_model_off(world: World, kind: str) -> None:
    world.server.scripts = [MISFORTUNES[kind]]
    assert [world.ask() for _ in range(4)] == [FALLBACK] * 4
    world.server.scripts = [says("Hello.")]
    assert world.ask() == "Hello."


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("header", ["60", "date"])
def test_retry_after_is_kept(world: World, status: int, header: str) -> None:
    value = formatdate(time.time() + 60, usegmt=True) if header == "date" else header
    world.server.scripts = [refuses(status, {"error": {}}, {"Retry-After": value}), says("Hello.")]
    assert [world.ask(), world.ask()] == [FALLBACK] * 2
    world.now += 55
    assert world.ask() == FALLBACK
    assert len(world.server.requests) == 1
    world.now += 6
    assert world.ask() == "Hello."


def test_a_busy_server_is_awaited_for_a_moment(world: World) -> None:
    def accepted(handler: ModelRequestHandler) -> None:
        says("Hello.")(handler)

    def limited(handler: ModelRequestHandler) -> None:
        refuses(429, {"error": {}}, {"Retry-After": "0.1"})(handler)

    world.server.scripts = [limited, accepted]
    assert world.ask() == "Hello."
    assert world.server.times[1] - world.server.times[0] >= 0.1


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "application/x-ndjson", ""])
@pytest.mark.parametrize("is_whole", [False, True])
def test_the_body_decides_and_not_its_type(world: World, content_type: str, is_whole: bool) -> None:
    def streamed(handler: ModelRequestHandler) -> None:
        handler.start(content_type=content_type)
        handler.delta(content="Hello.")
        handler.end()

    message = {"choices": [{"index": 0, "message": {"content": "Hello."}, "finish_reason": "stop"}]}
    whole: Script = lambda handler: handler.body(json.dumps(message), content_type=content_type)  # noqa: E731
    world.server.scripts = [whole if is_whole else streamed]
    assert world.ask() == "Hello."


def test_parts_of_a_message_that_are_reasoning_are_not_spoken(world: World) -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "reasoning", "text": "Hm."},
        {"type": "output_text", "text": "Hello."},
    ]
    message = {"choices": [{"index": 0, "message": {"content": parts}, "finish_reason": "stop"}]}
    world.server.scripts = [lambda handler: handler.body(json.dumps(message))]
    assert world.ask() == "Hello."


@pytest.mark.parametrize("text", ["Well. " * 8_400, "a" * 50_000, "let me see, " * 4_000])
def test_fifty_thousand_characters_are_not_read_out(world: World, text: str) -> None:
    world.server.scripts = [says(*(text[start : start + 500] for start in range(0, len(text), 500)))]
    said = world.ask()
    assert said.endswith(f"\n{ANSWER_TOO_LONG}")
    assert len(said) < MAX_SPOKEN_CHARACTERS * 2
    world.server.scripts = [says("Hello.")]
    assert world.ask() == "Hello."


def test_the_log_says_which_claim_was_not_said_and_not_its_words(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world.server.scripts = [says("I've frozen your Marigold card.")]
    world.ask()
    assert "DONE" in caplog.text and "Marigold" not in caplog.text
