"""The LLM agent and time: limits, interruptions, and a server that is left alone."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

import pytest

from banker.agents.llm.agent import BROKEN_OFF
from tests.agents.llm.model_talk import LOCAL, World
from tests.model_server import ModelRequestHandler, Script, killed, says, stalled
from tests.servers import wait_until


def test_slow_tokens_are_waited_for(hasty: World) -> None:
    hasty.server.scripts = [says(*"one two three".split(" "), pause=0.2)]
    assert hasty.hear() == "onetwothree"


def test_a_stall_before_the_first_token_ends_at_the_idle_limit(hasty: World) -> None:
    hasty.server.scripts = [stalled()]
    started = time.monotonic()
    assert hasty.hear() == LOCAL
    assert 0.5 <= time.monotonic() - started < 1.4
    assert hasty.server.left.wait(3)
    assert len(hasty.server.requests) == 1


def test_a_server_that_does_not_even_answer_ends_at_the_idle_limit(hasty: World) -> None:
    hasty.server.scripts = [lambda handler: handler.hang()]
    assert hasty.hear() == LOCAL


def test_comments_are_no_tokens(hasty: World) -> None:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        while not handler.server.stopping.wait(0.05):
            handler.raw(b": ping\n\n")

    hasty.server.scripts = [script]
    started = time.monotonic()
    assert hasty.hear() == LOCAL
    assert time.monotonic() - started < 1.4


def test_an_endless_answer_ends_at_the_total_limit(hasty: World) -> None:
    hasty.server.scripts = [says(*(f"{n} " for n in range(100)), pause=0.05)]
    started = time.monotonic()
    assert hasty.hear().endswith(f" \n{BROKEN_OFF}")
    assert 1.4 <= time.monotonic() - started < 2.5


def test_a_listener_who_takes_time_does_not_use_up_the_limits(hasty: World) -> None:
    hasty.server.scripts = [says("One. ", "Two. ", "Three.")]

    async def main() -> str:
        text = ""
        async for piece in hasty.agent.reply(hasty.context()):
            text += piece
            await asyncio.sleep(0.6)
        await hasty.agent.close()
        return text

    assert asyncio.run(main()) == "One. Two. Three."


@pytest.mark.parametrize("end", [stalled, killed])
def test_an_answer_that_breaks_off_is_not_begun_again(hasty: World, end: Callable[..., Script]) -> None:
    hasty.server.scripts = [end("Your balance is ", "1,2")]
    assert hasty.hear() == f"Your balance is \n{BROKEN_OFF}"  # and half an amount is not said
    assert len(hasty.server.requests) == 1


def test_after_three_failures_the_server_is_left_alone_for_thirty_seconds(world: World) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", 500)]
    assert [world.hear() for _ in range(4)] == [LOCAL] * 4
    assert len(world.server.requests) == 3
    world.now += 29
    assert world.hear() == LOCAL
    assert len(world.server.requests) == 3
    world.now += 2
    assert world.hear() == LOCAL
    assert len(world.server.requests) == 4  # one request tries it, without a second one
    world.now += 31
    world.server.scripts = [says("Back again.")]
    assert [world.hear(), world.hear()] == ["Back again."] * 2


def test_a_request_that_is_at_fault_itself_does_not_tell_against_the_server(world: World) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", 400)] * 4 + [says("Hello.")]
    assert [world.hear() for _ in range(5)] == [LOCAL] * 4 + ["Hello."]


@pytest.mark.parametrize("after_words", [True, False])
def test_an_interrupted_reply_ends_the_request(world: World, after_words: bool) -> None:
    world.server.scripts = [stalled("Well, ") if after_words else stalled()]

    async def main() -> None:
        heard = asyncio.Event()

        async def listen() -> None:
            async with aclosing(world.agent.reply(world.context())) as pieces:
                async for _ in pieces:
                    heard.set()

        task = asyncio.create_task(listen())
        if after_words:
            await asyncio.wait_for(heard.wait(), 3)
        else:
            await asyncio.to_thread(wait_until, lambda: world.server.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(world.server.left.wait, 3)
        await world.agent.close()

    asyncio.run(main())


def test_a_reply_that_is_closed_between_two_words_ends_the_request(world: World) -> None:
    world.server.scripts = [stalled("Well, ")]

    async def main() -> None:
        words = world.agent.reply(world.context())
        assert await anext(words) == "Well, "
        await words.aclose()
        assert await asyncio.to_thread(world.server.left.wait, 3)
        await world.agent.close()

    asyncio.run(main())
