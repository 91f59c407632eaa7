"""The LLM agent with a server that works: which words arrive, and what is never spoken."""

import asyncio
import json

import pytest

from banker.agents.llm.agent import ANSWER_TOO_LONG
from tests.agents.llm.world import World
from tests.model_server import ModelRequestHandler, says


def test_sentences_arrive_as_the_server_streams_them(world: World) -> None:
    gate = asyncio.Event()

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        heard: list[str] = []

        def script(handler: ModelRequestHandler) -> None:
            handler.start()
            handler.delta(content="Hello there. How")
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(5)
            handler.delta(content=" are you?")
            handler.end()

        world.server.scripts = [script]
        async for piece in world.agent.reply(world.context()):
            heard.append(piece)
            gate.set()  # the server goes on only when its first sentence was heard
        await world.agent.close()
        return heard

    assert asyncio.run(main()) == ["Hello there.\n", "How are you?\n"]


def test_reasoning_is_never_spoken(world: World) -> None:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        handler.delta(reasoning_content="The user wants money.")
        handler.delta(reasoning="More thoughts.")
        for piece in ("<thi", "nk>Hm, ", "</b> maybe</thi", "nk>", "Good <", "morning> ", "to 5 < 6 you.<tool_call>{}"):
            handler.delta(content=piece)
        handler.end()

    world.server.scripts = [script]
    assert world.ask() == "Good <morning> to 5 < 6 you."


def test_characters_split_over_packets_arrive_whole(world: World) -> None:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        text = 'data: {"choices":[{"delta":{"content":"Grüße, 5 € und 🏦!"},"finish_reason":"stop"}]}\r\n\r\n'
        for byte in text.encode():
            handler.raw(bytes([byte]))
        handler.end(None)

    world.server.scripts = [script]
    assert world.ask() == "Grüße, 5 € und 🏦!"


@pytest.mark.parametrize("finish", ["stop", "eos", "end_turn"])
def test_a_server_that_does_not_stream_is_understood(world: World, finish: str) -> None:
    parts = [{"type": "text", "text": "Hello "}, {"type": "text", "text": "you."}]
    message = {"role": "assistant", "content": parts, "reasoning_content": "Hm."}
    whole = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    world.server.scripts = [lambda handler: handler.body(json.dumps(whole))]
    assert world.ask() == "Hello you."


def test_comments_usage_and_a_whole_message_at_the_end_do_no_harm(world: World) -> None:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        handler.raw(b": OPENROUTER PROCESSING\n\n: ping\n\nretry: 5\n\n")
        handler.event({"choices": [], "prompt_filter_results": []})
        handler.delta(content="Hello.")
        handler.event({"choices": [{"index": 0, "message": {"content": "Hello."}, "finish_reason": "stop"}]})
        handler.end(None)

    world.server.scripts = [script]
    assert world.ask() == "Hello."


def test_a_complete_answer_needs_neither_done_nor_an_orderly_end(world: World) -> None:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        handler.delta("stop", content="Hello.")
        handler.reset()

    world.server.scripts = [script]
    assert world.ask() == "Hello."
    assert len(world.server.requests) == 1


def test_a_truncated_answer_ends_with_a_whole_sentence_and_says_so(world: World) -> None:
    world.server.scripts = [says("Let me see. You have 1", "23", finish="length")]
    assert world.ask() == f"Let me see.\n{ANSWER_TOO_LONG}"


def test_the_connection_is_reused(world: World) -> None:
    ports: list[int] = []

    def script(handler: ModelRequestHandler) -> None:
        ports.append(handler.client_address[1])
        says("Hello.")(handler)

    async def main() -> None:
        for _ in range(3):
            async for _ in world.agent.reply(world.context()):
                pass
        await world.agent.close()

    world.server.scripts = [script]
    asyncio.run(main())
    assert len(ports) == 3 and len(set(ports)) == 1
