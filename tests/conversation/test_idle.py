"""Users who have gone."""

import asyncio

import pytest

from tests.conversation.stage import Script, Stage, now, play

SCRIPT: dict[str, Script] = {"slow": ["tool:look_up", "Here it is."], "ticket": ["tool:open_ticket"]}


def test_after_a_minute_without_a_word_the_user_is_asked_and_after_another_the_call_ends() -> None:
    async def scene() -> None:
        async with Stage() as stage:
            quiet = now()
            await stage.until(lambda: stage.said("banker"), 70)
            assert 60 < now() - quiet < 63
            assert stage.said("banker") == [stage.tenant.texts.still_there]
            await stage.quiet()
            quiet = now()
            await stage.until(lambda: stage.deserted, 70)
            assert 60 < now() - quiet < 68
            assert stage.said("banker")[-1] == stage.tenant.texts.idle_goodbye
            await asyncio.sleep(200)
            assert len(stage.deserted) == 1

    play(scene())


def test_the_times_are_the_tenants_and_noise_is_no_word() -> None:
    async def scene() -> None:
        async with Stage(turns={"still_there_seconds": 10, "idle_end_seconds": 5}) as stage:
            began = now()
            while not stage.deserted:
                await stage.noise()
                await asyncio.sleep(0.5)
            assert 15 < now() - began < 45
            assert not stage.said("user")

    play(scene())


@pytest.mark.parametrize("sign", ["typed", "said", "nothing typed but the stop button"])
def test_a_word_of_any_kind_starts_the_minute_anew(sign: str) -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            for _ in range(4):
                await asyncio.sleep(55)
                if sign == "typed":
                    await stage.talk.receive({"type": "message.send", "text": "hello"})
                elif sign == "said":
                    await stage.say("hello")
                else:
                    await stage.talk.receive({"type": "speech.cancel"})
                await stage.quiet()
            assert stage.tenant.texts.still_there not in stage.said("banker")

    play(scene())


def test_neither_a_running_tool_nor_a_speaking_banker_counts() -> None:
    async def scene() -> None:
        script: dict[str, Script] = {**SCRIPT, "story": [f"This is sentence {word} of a story." for word in "abc" * 30]}
        async with Stage(script) as stage:
            stage.desk.seconds = 150.0
            await stage.talk.receive({"type": "message.send", "text": "slow"})
            await stage.until(lambda: "Here it is." in str(stage.said("banker")), 160)
            await stage.talk.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(1)
            await stage.say("Stop.")  # the tool goes on
            await asyncio.sleep(140)
            assert stage.tenant.texts.still_there not in stage.said("banker")
            await asyncio.sleep(10)
            stage.desk.seconds = 0.1
            await stage.talk.receive({"type": "message.send", "text": "story"})
            await stage.until(lambda: len(stage.said("banker")[-1]) > 2000, 250)
            assert stage.tenant.texts.still_there not in stage.said("banker")[-1]

    play(scene())


def test_a_yes_to_are_you_still_there_is_no_yes_to_what_was_asked_before() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT, turns={"still_there_seconds": 10}) as stage:
            await stage.ask("ticket")
            await stage.until(lambda: stage.tenant.texts.still_there in stage.said("banker"), 30)
            await stage.quiet()
            await stage.say("Yes, I'm here.")
            await stage.quiet()
            assert not stage.desk.ran
            assert stage.said("banker")[-1] == "Good. Please go ahead. Shall I open a ticket?"
            await stage.say("Yes.")
            await stage.quiet()
            assert stage.desk.ran == ["open_ticket"]

    play(scene())


def test_a_word_during_the_goodbye_keeps_the_call() -> None:
    async def scene() -> None:
        async with Stage(turns={"still_there_seconds": 5, "idle_end_seconds": 5}) as stage:
            goodbye = stage.tenant.texts.idle_goodbye
            await stage.until(lambda: goodbye[:12] in str(stage.voice.of_type("transcript")[-1]), 30)
            await stage.say("Wait, I am still here!")
            await stage.quiet()
            assert not stage.deserted
            assert goodbye not in stage.said("banker")
            await stage.until(lambda: stage.said("banker")[-1] == stage.tenant.texts.still_there, 30)

    play(scene())


def test_who_reads_and_types_has_more_time_and_who_is_not_connected_is_not_asked() -> None:
    async def scene() -> None:
        async with Stage() as stage:
            stage.voice.audible = False
            await stage.talk.receive({"type": "message.send", "text": "hello"})
            await asyncio.sleep(170)
            assert stage.tenant.texts.still_there not in stage.said("banker")
            await asyncio.sleep(20)
            assert stage.said("banker")[-1] == stage.tenant.texts.still_there
            stage.voice.reachable = False
            await asyncio.sleep(400)
            assert not stage.deserted
            stage.voice.reachable = True
            stage.talk.connected()
            await asyncio.sleep(170)
            assert not stage.deserted

    play(scene())
