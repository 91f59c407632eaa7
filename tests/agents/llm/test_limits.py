"""The LLM agent and time: limits, interruptions and the circuit breaker."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

import pytest

from banker.agents.llm.agent import ANSWER_CUT_OFF
from tests.agents.llm.world import FALLBACK, World
from tests.model_server import ModelRequestHandler, Script, killed, says, stalled
from tests.servers import wait_until


def test_slow_tokens_are_awaited(impatient: World) -> None:
    impatient.server.scripts = [says(*"one two three".split(" "), pause=0.2)]
    assert impatient.ask() == "onetwothree"


def test_a_stall_before_the_first_token_ends_at_the_idle_limit(impatient: World) -> None:
    impatient.server.scripts = [stalled()]
    started = time.monotonic()
    assert impatient.ask() == FALLBACK
    assert 0.5 <= time.monotonic() - started < 1.4
    assert impatient.server.left.wait(3)
    assert len(impatient.server.requests) == 1


def test_a_server_without_any_answer_ends_at_the_idle_limit(impatient: World) -> None:
    impatient.server.scripts = [lambda handler: handler.hang()]
    assert impatient.ask() == FALLBACK


def test_comments_do_not_restart_the_idle_limit(impatient: World) -> None:
    def script(handler: ModelRequestHandler) -> None:
        handler.start()
        while not handler.server.stopping.wait(0.05):
            handler.raw(b": ping\n\n")

    impatient.server.scripts = [script]
    started = time.monotonic()
    assert impatient.ask() == FALLBACK
    assert time.monotonic() - started < 1.4


def test_an_endless_answer_ends_at_the_total_limit(impatient: World) -> None:
    impatient.server.scripts = [says(*("One more. " for _ in range(100)), pause=0.05)]
    started = time.monotonic()
    assert impatient.ask().endswith(f"One more.\n{ANSWER_CUT_OFF}")
    assert time.monotonic() - started >= 1.4  # and 100 sentences take longer than that


def test_a_slow_consumer_does_not_use_up_the_limits(impatient: World) -> None:
    impatient.server.scripts = [says("One. ", "Two. ", "Three.")]

    async def main() -> str:
        text = ""
        async for piece in impatient.agent.reply(impatient.context()):
            text += piece
            await asyncio.sleep(0.6)
        await impatient.agent.close()
        return text

    assert asyncio.run(main()) == "One.\nTwo.\nThree.\n"


@pytest.mark.parametrize("end", [stalled, killed])
def test_an_answer_that_was_cut_off_is_not_restarted(impatient: World, end: Callable[..., Script]) -> None:
    impatient.server.scripts = [end("You have two accounts. Your balance is ", "1,2")]
    assert impatient.ask() == f"You have two accounts.\n{ANSWER_CUT_OFF}"  # and half an amount is not said
    assert len(impatient.server.requests) == 1


def test_the_fallback_takes_over_if_no_sentence_was_whole(impatient: World) -> None:
    impatient.server.scripts = [stalled("Your balance is ", "1,2")]
    assert impatient.ask() == FALLBACK


def test_three_failures_open_the_circuit_for_thirty_seconds(world: World) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", 500)]
    assert [world.ask() for _ in range(4)] == [FALLBACK] * 4
    assert len(world.server.requests) == 3
    world.now += 29
    assert world.ask() == FALLBACK
    assert len(world.server.requests) == 3
    world.now += 2
    assert world.ask() == FALLBACK
    assert len(world.server.requests) == 4  # one request tries it, without a second one
    world.now += 31
    world.server.scripts = [says("Back again.")]
    assert [world.ask(), world.ask()] == ["Back again."] * 2


def test_a_bad_request_does_not_count_against_the_server(world: World) -> None:
    world.server.scripts = [lambda handler: handler.body("{}", 400)] * 4 + [says("Hello.")]
    assert [world.ask() for _ in range(5)] == [FALLBACK] * 4 + ["Hello."]


@pytest.mark.parametrize("after_a_sentence", [True, False])
def test_an_interrupted_reply_ends_the_request(world: World, after_a_sentence: bool) -> None:
    world.server.scripts = [stalled("Well. So") if after_a_sentence else stalled()]

    async def main() -> None:
        heard = asyncio.Event()

        async def listen() -> None:
            async with aclosing(world.agent.reply(world.context())) as pieces:
                async for _ in pieces:
                    heard.set()

        task = asyncio.create_task(listen())
        if after_a_sentence:
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
    world.server.scripts = [stalled("Well. So")]

    async def main() -> None:
        words = world.agent.reply(world.context())
        assert await anext(words) == "Well.\n"
        await words.aclose()
        assert await asyncio.to_thread(world.server.left.wait, 3)
        await world.agent.close()

    asyncio.run(main())
