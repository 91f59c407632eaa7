"""Idle users are asked whether they are still there, and then the call ends."""

import asyncio

import pytest

from tests.conversation.scenario import Scenario, Script, now, run

SCRIPT: dict[str, Script] = {"slow": ["tool:look_up", "Here it is."], "ticket": ["tool:open_ticket"]}


def test_an_idle_user_is_asked_after_a_minute_and_the_call_ends_after_another() -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            quiet = now()
            await scenario.until(lambda: scenario.turns_of("banker"), 70)
            assert 60 < now() - quiet < 63
            assert scenario.turns_of("banker") == [scenario.tenant.texts.still_there]
            await scenario.agent_finished()
            quiet = now()
            await scenario.until(lambda: scenario.idle_since, 70)
            assert 60 < now() - quiet < 68
            assert scenario.turns_of("banker")[-1] == scenario.tenant.texts.idle_goodbye
            await asyncio.sleep(200)
            assert len(scenario.idle_since) == 1

    run(story())


def test_the_tenant_sets_the_idle_times_and_noise_does_not_reset_them() -> None:
    async def story() -> None:
        async with Scenario(turns={"still_there_seconds": 10, "idle_end_seconds": 5}) as scenario:
            began = now()
            while not scenario.idle_since:
                await scenario.make_noise()
                await asyncio.sleep(0.5)
            assert 15 < now() - began < 45
            assert not scenario.turns_of("user")

    run(story())


@pytest.mark.parametrize("sign", ["typed", "said", "nothing typed but the stop button"])
def test_any_action_of_the_user_restarts_the_idle_timer(sign: str) -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            for _ in range(4):
                await asyncio.sleep(55)
                if sign == "typed":
                    await scenario.conversation.receive({"type": "message.send", "text": "hello"})
                elif sign == "said":
                    await scenario.say("hello")
                else:
                    await scenario.conversation.receive({"type": "speech.cancel"})
                await scenario.agent_finished()
            assert scenario.tenant.texts.still_there not in scenario.turns_of("banker")

    run(story())


def test_the_idle_timer_stops_while_a_tool_runs_or_the_agent_speaks() -> None:
    async def story() -> None:
        script: dict[str, Script] = {**SCRIPT, "story": [f"This is sentence {word} of a story." for word in "abc" * 30]}
        async with Scenario(script) as scenario:
            scenario.toolbox.seconds = 150.0
            await scenario.conversation.receive({"type": "message.send", "text": "slow"})
            await scenario.until(lambda: "Here it is." in str(scenario.turns_of("banker")), 160)
            await scenario.conversation.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(1)
            await scenario.say("Stop.")  # the tool goes on
            await asyncio.sleep(140)
            assert scenario.tenant.texts.still_there not in scenario.turns_of("banker")
            await asyncio.sleep(10)
            scenario.toolbox.seconds = 0.1
            await scenario.conversation.receive({"type": "message.send", "text": "story"})
            await scenario.until(lambda: len(scenario.turns_of("banker")[-1]) > 2000, 250)
            assert scenario.tenant.texts.still_there not in scenario.turns_of("banker")[-1]

    run(story())


def test_a_yes_to_are_you_still_there_does_not_confirm_the_open_question() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT, turns={"still_there_seconds": 10}) as scenario:
            await scenario.ask("ticket")
            await scenario.until(lambda: scenario.tenant.texts.still_there in scenario.turns_of("banker"), 30)
            await scenario.agent_finished()
            await scenario.say("Yes, I'm here.")
            await scenario.agent_finished()
            assert not scenario.toolbox.ran
            assert scenario.turns_of("banker")[-1] == "Good. Please go ahead. Shall I open a ticket?"
            await scenario.say("Yes.")
            await scenario.agent_finished()
            assert scenario.toolbox.ran == ["open_ticket"]

    run(story())


def test_a_word_during_the_goodbye_continues_the_call() -> None:
    async def story() -> None:
        async with Scenario(turns={"still_there_seconds": 5, "idle_end_seconds": 5}) as scenario:
            goodbye = scenario.tenant.texts.idle_goodbye
            await scenario.until(lambda: goodbye[:12] in str(scenario.transport.of_type("transcript")[-1]), 30)
            await scenario.say("Wait, I am still here!")
            await scenario.agent_finished()
            assert not scenario.idle_since
            assert goodbye not in scenario.turns_of("banker")
            await scenario.until(lambda: scenario.turns_of("banker")[-1] == scenario.tenant.texts.still_there, 30)

    run(story())


def test_a_user_who_types_has_more_time_and_a_disconnected_one_is_not_asked() -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            scenario.transport.audible = False
            await scenario.conversation.receive({"type": "message.send", "text": "hello"})
            await asyncio.sleep(170)
            assert scenario.tenant.texts.still_there not in scenario.turns_of("banker")
            await asyncio.sleep(20)
            assert scenario.turns_of("banker")[-1] == scenario.tenant.texts.still_there
            scenario.transport.reachable = False
            await asyncio.sleep(400)
            assert not scenario.idle_since
            scenario.transport.reachable = True
            scenario.conversation.connected()
            await asyncio.sleep(170)
            assert not scenario.idle_since

    run(story())
