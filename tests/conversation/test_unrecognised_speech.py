"""Speech without recognised words: coughs, unintelligible speech, engines that do not answer."""

import asyncio

import pytest

from tests.conversation.scenario import Scenario, Script, now, run

SCRIPT: dict[str, Script] = {
    "long": ["This is a long answer with many words in it. It goes on for a while, and then it ends."],
}


def test_a_user_who_is_not_understood_is_asked_twice_to_repeat_and_then_to_type() -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            for _ in range(6):
                await scenario.make_noise(3.0)
                await scenario.agent_finished()
            texts = scenario.tenant.texts
            assert scenario.turns_of("banker") == [texts.did_not_catch, texts.did_not_catch, texts.please_type]
            await scenario.say("balance please")
            await scenario.agent_finished()
            await scenario.make_noise(3.0)
            await scenario.agent_finished()
            assert scenario.turns_of("banker")[-1] == texts.did_not_catch
            assert scenario.agent.asked == ["balance please"]

    run(story())


@pytest.mark.parametrize("sound", ["cough", "[music]", "(wind blowing)", "...", "Hmm.", "Um."])
def test_short_sounds_and_hums_in_silence_are_ignored(sound: str) -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            for _ in range(5):
                await (scenario.make_noise() if sound == "cough" else scenario.say(sound))
                await asyncio.sleep(1)
            assert len(scenario.records.stored) == 1
            assert not [e for e in scenario.transport.of_type("transcript") if e["role"] == "user" and e["text"]]

    run(story())


def test_an_interim_transcript_without_a_turn_is_taken_back() -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            scenario.turn_taking.speech_started()
            scenario.turn_taking.interim("what is")
            scenario.turn_taking.no_words()
            await scenario.agent_finished()
            first, last = (e for e in scenario.transport.of_type("transcript") if e["role"] == "user")
            assert (first["text"], first["final"], last["text"], last["final"]) == ("what is", False, "", True)
            assert first["turn"] == last["turn"]
            assert scenario.turns_of("banker") == [scenario.tenant.texts.did_not_catch]

    run(story())


def test_a_recogniser_that_never_answers_does_not_keep_the_agent_paused() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("long")
            began = now()
            scenario.turn_taking.speech_started()
            await scenario.until(lambda: not scenario.transport.paused, 2.5)
            await scenario.until(scenario.transport.is_speaking, 0.2)
            assert now() - began < 2.5
            await scenario.agent_finished()
            await scenario.ask("long")  # the earlier sound has not ended yet
            scenario.turn_taking.interim("but I would like to")
            assert scenario.transport.paused
            await scenario.until(lambda: not scenario.transport.paused, 8.1)
            await scenario.agent_finished()
            assert "interrupted" not in scenario.records.stored[-1]
            scenario.turn_taking.speech_started()
            await asyncio.sleep(59)
            assert scenario.transport.paused
            await scenario.until(lambda: not scenario.transport.paused, 2)

    run(story())


def test_a_long_sound_keeps_the_agent_paused_while_it_may_be_words() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("long")
            await scenario.say("and now let me tell you about something that takes me more than six seconds, all of it")
            assert not scenario.transport.is_speaking()
            await scenario.agent_finished()
            assert [turn.get("interrupted") for turn in scenario.records.stored[2:4]] == [True, None]
            await scenario.ask("long")
            began = now()
            await asyncio.gather(scenario.make_noise(30), scenario.until(scenario.transport.is_speaking, 20))
            await scenario.agent_finished()
            silent = min(at for at, _ in scenario.transport.heard if at > began + 0.5) - began
            assert 12 < silent < 18
            assert "interrupted" not in scenario.records.stored[-1]

    run(story())


def test_words_after_a_false_interruption_interrupt_the_agent() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("long")
            scenario.turn_taking.speech_started()
            await asyncio.sleep(3)
            assert scenario.transport.is_speaking()
            scenario.turn_taking.final("Something else")
            await scenario.agent_finished()
            assert scenario.agent.asked == ["long", "Something else"]
            assert scenario.records.stored[2]["interrupted"]

    run(story())


def test_busy_engines_are_announced_at_once_but_not_over_the_agent() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            busy = scenario.tenant.texts.hearing_busy
            for _ in range(4):
                scenario.turn_taking.speech_started()
                scenario.turn_taking.unavailable()
                await scenario.agent_finished()
            assert scenario.turns_of("banker") == [busy, busy]
            assert [event["message"] for event in scenario.transport.of_type("error")] == [busy, busy]
            await scenario.ask("long")
            scenario.turn_taking.speech_started()
            scenario.turn_taking.unavailable()
            await scenario.agent_finished()
            assert "".join(SCRIPT["long"]) == scenario.turns_of("banker")[-1]
            assert len(scenario.transport.of_type("error")) == 3

    run(story())


def test_revoking_consent_drops_the_words_so_far() -> None:
    async def story() -> None:
        async with Scenario(consented=False) as scenario:
            assert not scenario.turn_taking.is_listening()
            await scenario.say("balance")
            assert not scenario.transport.of_type("transcript") and not scenario.transport.paused
            await scenario.conversation.receive({"type": "consent.grant", "version": scenario.tenant.consent.version})
            await scenario.agent_finished()
            scenario.turn_taking.speech_started()
            scenario.turn_taking.interim("my secret")
            await scenario.conversation.receive({"type": "consent.revoke"})
            assert not scenario.turn_taking.is_listening() and not scenario.transport.paused
            scenario.turn_taking.final("my secret number")
            await asyncio.sleep(5)
            assert not scenario.agent.asked and not scenario.turns_of("user")
            assert scenario.transport.of_type("transcript")[-1]["text"] == ""

    run(story())
