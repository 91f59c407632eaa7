"""Turn-taking: who pauses, who resumes, and what the transcript keeps of it."""

import asyncio
import random

import pytest

from tests.conversation.scenario import Scenario, Script, now, run, spoken

LONG = "Your checking account has a good balance, in dollars as you asked. The account is active and in order."
SCRIPT: dict[str, Script] = {
    "balance": [LONG],
    "slow": [1.0, LONG],
    "tools": ["Let me see.", 1.0, "tool:look_up", "Here it is, and it looks very good to me."],
    "ticket": ["I can do that for you, gladly and at once.", "tool:open_ticket"],
    "more": ["That is done for you now.", "Is there anything else that I can do for you today?"],
}


@pytest.mark.parametrize(
    "sound", ["cough", "nothing recognised", "mm-hm", "Mhm.", "okay", "Right.", "yes", "Yeah, sure."]
)
def test_after_a_cough_or_a_backchannel_the_agent_resumes_within_two_and_a_half_seconds(sound: str) -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("balance")
            began = now()
            if sound == "cough":
                await scenario.make_noise()
            else:
                await scenario.say("" if sound == "nothing recognised" else sound)
            assert not scenario.transport.paused
            await scenario.until(scenario.transport.is_speaking, 0.2)
            assert now() - began < 2.5
            gap = [at for at, _ in scenario.transport.heard if began < at < now() - 0.15]
            assert all(at < began + 0.3 for at in gap)
            await scenario.agent_finished()
            assert scenario.turns_of("banker") == [LONG]
            assert not any("interrupted" in turn for turn in scenario.records.stored)
            assert "".join(letter for _, letter in scenario.transport.heard).endswith(spoken(LONG))
            assert scenario.agent.asked == ["balance"]

    run(story())


@pytest.mark.parametrize(
    "words", ["What about savings?", "no", "stop", "Wait.", "Hold on, please.", "One moment.", "be quiet"]
)
def test_words_silence_the_agent_within_300_ms_and_for_good(words: str) -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("balance")
            began = now()
            await scenario.say(words)
            await asyncio.sleep(0.1)
            assert scenario.transport.heard[-1][0] - began < 0.3 or words in ("What about savings?", "no")
            assert not [at for at, _ in scenario.transport.heard if began + 0.3 < at < now() - 0.1]
            await scenario.agent_finished()
            cut, *after = [turn for turn in scenario.records.stored[1:] if turn["role"] == "banker"]
            assert cut["interrupted"] and LONG.startswith(cut["text"]) and cut["text"] != LONG
            assert scenario.turns_of("user") == ["balance", words]
            answered = words in ("What about savings?", "no")
            assert bool(after) == answered
            assert (scenario.agent.asked == ["balance", words]) == answered

    run(story())


def test_a_request_to_stop_or_wait_is_never_answered() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("balance")
            await scenario.agent_finished()
            await scenario.say("One moment, please.")
            await scenario.agent_finished()
            assert len(scenario.turns_of("banker")) == 1  # not answered
            await scenario.conversation.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(0.1)
            await scenario.say("Stop.")
            await asyncio.sleep(3)
            assert len(scenario.turns_of("banker")) == 1  # not even begun
            assert scenario.transport.states()[-1] == "listening"

    run(story())


@pytest.mark.parametrize("word", ["yes", "Yes, please.", "okay"])
def test_a_yes_to_the_question_being_spoken_is_an_answer(word: str) -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.conversation.receive({"type": "message.send", "text": "ticket"})
            await scenario.until(lambda: "Shall I" in str(scenario.transport.of_type("transcript")[-1]))
            await scenario.say(word)
            await scenario.agent_finished()
            assert scenario.toolbox.ran == ["open_ticket"]
            assert scenario.turns_of("banker")[-1] == "The ticket is ok."
            await scenario.ask("more")
            await scenario.until(lambda: "anything" in str(scenario.transport.of_type("transcript")[-1]))
            await scenario.say(word)
            await scenario.agent_finished()
            assert scenario.agent.asked[-1] == word

    run(story())


def test_a_yes_before_the_question_was_heard_answers_nothing() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("ticket")
            await scenario.say("yes")
            await scenario.agent_finished()
            assert not scenario.toolbox.ran
            assert scenario.turns_of("banker")[-1].endswith("Shall I open a ticket?")
            await scenario.say("yes")
            await scenario.agent_finished()
            assert scenario.toolbox.ran == ["open_ticket"]

    run(story())


def test_a_request_to_wait_and_a_hum_leave_the_question_open() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("ticket")
            await scenario.agent_finished()
            await scenario.say("Just a second.")
            await scenario.say("Mm-hm.")
            await scenario.agent_finished()
            assert scenario.turns_of("banker")[-1] == scenario.tenant.texts.did_not_catch
            await scenario.say("yes")
            await scenario.agent_finished()
            assert scenario.toolbox.ran == ["open_ticket"]

    run(story())


def test_words_drop_the_answer_that_the_agent_is_thinking_of() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.conversation.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(0.05)
            await scenario.say("Something else.")
            await scenario.agent_finished()
            assert scenario.turns_of("banker") == ["You said that."]

    run(story())


def test_speech_delays_the_answer_and_a_typed_message_does_not_wait_for_it() -> None:
    async def story() -> None:
        async with Scenario({**SCRIPT, "quick": ["Here you are."]}) as scenario:
            await scenario.conversation.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(0.5)
            scenario.turn_taking.speech_started()
            await asyncio.sleep(1.5)
            assert not scenario.transport.is_speaking()
            assert scenario.transport.states()[-1] != "speaking"
            await scenario.conversation.receive({"type": "message.send", "text": "quick"})
            await scenario.agent_speaking(3)
            scenario.turn_taking.no_words()
            await scenario.agent_finished()
            assert scenario.turns_of("banker") == ["Here you are."]

    run(story())


@pytest.mark.parametrize(
    ("parts", "turns"),
    [
        (("four three two one", 1.5, "five six seven eight"), ["four three two one five six seven eight"]),
        (("My number is", 1.4, "1234", 1.5, "5678."), ["My number is 1234 5678."]),
        (("I want to, um", 1.4, "see my balance."), ["I want to, um see my balance."]),
        (("See my balance.", 0.7, "Thank you very much."), ["See my balance.", "Thank you very much."]),
        (("See my balance", 0.5, "of savings."), ["See my balance of savings."]),
    ],
)
def test_slow_speakers_and_dictated_digits_are_one_turn(parts: tuple[str | float, ...], turns: list[str]) -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            await scenario.say(*parts)
            await scenario.agent_finished()
            assert scenario.turns_of("user") == turns

    run(story())


def test_an_interim_transcript_has_the_turn_number_of_the_final_one() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("balance")
            await scenario.say("And what about", 0.4, "my savings?")
            assert scenario.transport.states()[-1] == "thinking"
            await scenario.agent_finished()
            shown = [
                e
                for e in scenario.transport.of_type("transcript")
                if e["role"] == "user" and "balance" not in e["text"]
            ]
            assert [event["text"] for event in shown] == ["And what about"] + ["And what about my savings?"] * 2
            assert [event["final"] for event in shown] == [False, False, True]
            assert len({event["turn"] for event in shown}) == 1
            numbers = [turn["turn"] for turn in scenario.records.stored]
            assert numbers == sorted(set(numbers))

    run(story())


def test_twenty_random_interruptions_leave_nothing_of_the_old_answer() -> None:
    async def story() -> None:
        chance = random.Random(20)
        script: dict[str, Script] = {
            f"Topic {n}?": [0.3, *(f"Fact {n} is {word}." for word in WORDS)] for n in range(21)
        }
        async with Scenario(script) as scenario:
            await scenario.say("Topic 0?")
            for n in range(1, 21):
                await asyncio.sleep(chance.uniform(0, 9))
                before, began = len(scenario.transport.events), now()
                await scenario.say(f"Topic {n}?")
                shown = [
                    e["text"]
                    for e in scenario.transport.events[before:]
                    if e.get("role") == "banker" and not e["final"]
                ]
                assert all(f"Fact {n - 1} " in text for text in shown)
                assert not [at for at, _ in scenario.transport.heard if at > began + 0.3]
            await scenario.agent_finished()
            agent_turns = [turn for turn in scenario.records.stored[1:] if turn["role"] == "banker"]
            for turn in agent_turns:
                mine = [e for e in scenario.transport.of_type("transcript") if e["turn"] == turn["turn"]]
                assert mine[-1]["final"] and mine[-1]["text"] == turn["text"]
                assert all(turn["text"].startswith(event["text"]) for event in mine)
                assert len(mine) == len({event["text"] for event in mine}) + 1  # the last one is said to be final
            aloud, place = "".join(letter for _, letter in scenario.transport.heard), 0
            for turn in agent_turns:  # everything recorded was heard, in that order
                place = aloud.index(spoken(turn["text"]).rstrip("."), place) + 1
            assert scenario.turns_of("user") == [f"Topic {n}?" for n in range(21)]

    run(story())


WORDS = "good fine true new old big small near far".split()


def test_a_stop_right_after_a_question_cancels_the_answer() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            scenario.turn_taking.final("balance")
            await scenario.conversation.receive({"type": "speech.cancel"})
            await scenario.agent_finished()
            scenario.turn_taking.final("balance")
            scenario.turn_taking.final("Stop.")
            await scenario.agent_finished()
            assert scenario.turns_of("user") == ["balance", "balance", "Stop."]
            assert not scenario.turns_of("banker") and not scenario.agent.asked

    run(story())
