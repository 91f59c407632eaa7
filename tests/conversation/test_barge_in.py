"""Sounds over the agent: what is credible, how long the agent stays paused, and what is only echo."""

import asyncio

import pytest

from banker.conversation.turns.turn_taking import FALSE_INTERRUPTION_S
from banker.speech import Recognition, Segment
from tests.conversation.scenario import Scenario, Script, now, run
from tests.conversation.test_turn_taking import LONG, SCRIPT


def test_a_slow_recogniser_keeps_the_agent_paused_for_speech_but_not_for_a_cough() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("balance")
            began = now()
            await scenario.start_speech()
            await scenario.continue_speech(2.5)
            await asyncio.sleep(5)  # for the recogniser
            assert not [at for at, _ in scenario.transport.heard if at > began + 0.3]
            scenario.turn_taking.final("What about savings?")
            await scenario.agent_finished()
            assert scenario.agent.asked == ["balance", "What about savings?"]
            await scenario.ask("balance")
            began = now()
            await scenario.start_speech()
            await scenario.continue_speech(0.4)
            await scenario.until(scenario.transport.is_speaking, 2.5)
            assert FALSE_INTERRUPTION_S <= now() - began < 2.5
            scenario.turn_taking.final("Stop.")  # the voice goes on, and still gives way
            await scenario.agent_finished()
            assert scenario.records.stored[-2]["interrupted"]

    run(story())


def test_speech_that_never_becomes_words_does_not_pause_the_agent_for_good() -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("balance")
            await scenario.start_speech()
            await scenario.continue_speech(2.5)
            await scenario.until(scenario.transport.is_speaking, 10)
            await scenario.agent_finished()
            assert scenario.turns_of("banker") == [LONG]
            assert not any("interrupted" in turn for turn in scenario.records.stored)

    run(story())


def recognised(text: str, no_speech: float = 0.05, log_probability: float = -0.3) -> Recognition:
    return Recognition((Segment(text, no_speech, log_probability),))


async def _go(scenario: Scenario) -> None:
    """Ask for the long answer after a second."""
    await asyncio.sleep(1)
    await scenario.conversation.receive({"type": "message.send", "text": "go"})


@pytest.mark.parametrize(
    ("heard", "in_silence", "over_agent"),
    [
        (recognised("What about savings?"), True, True),
        (recognised("We'll check.", 0.3, -1.1), True, False),  # a fragment, guessed
        (recognised("Thank you for watching.", 0.64, -0.77), False, False),  # made of noise
        (recognised("Stop.", 0.45, -1.1), True, True),
        (recognised("That's enough.", 0.59, -0.77), True, False),
    ],
)
def test_over_the_agent_words_have_to_be_surer(heard: Recognition, in_silence: bool, over_agent: bool) -> None:
    async def story() -> None:
        async with Scenario(SCRIPT) as scenario:
            assert scenario.turn_taking.credible_text(heard) == (heard.text if in_silence else "")
            await scenario.ask("balance")
            scenario.turn_taking.speech_started()
            assert scenario.turn_taking.credible_text(heard) == (heard.text if over_agent else "")

    run(story())


def test_an_uncertain_yes_is_credible_while_a_question_is_spoken() -> None:
    async def story() -> None:
        uncertain = recognised("Yes.", 0.45, -1.0)
        async with Scenario(SCRIPT) as scenario:
            await scenario.ask("balance")
            scenario.turn_taking.speech_started()
            assert scenario.turn_taking.credible_text(uncertain) == ""
            scenario.turn_taking.no_words()
            await scenario.agent_finished()
            await scenario.conversation.receive({"type": "message.send", "text": "ticket"})
            await scenario.until(lambda: "Shall I" in str(scenario.transport.of_type("transcript")[-1]))
            scenario.turn_taking.speech_started()
            assert scenario.turn_taking.credible_text(uncertain) == "Yes."

    run(story())


OWN = "I'd rather not say that, but our branches are open and your card is in good order, as far as I can see."
ECHO: dict[str, Script] = {"go": [OWN], "balance": [LONG]}


@pytest.mark.parametrize("words", ["Stop.", "What about savings?", "My card is gone."])
def test_words_just_after_the_agent_begins_interrupt_it(words: str) -> None:
    async def story() -> None:
        async with Scenario(ECHO) as scenario:
            await _go(scenario)
            await scenario.agent_speaking(4)
            await scenario.say(words)
            await scenario.agent_finished()
            assert scenario.turns_of("user") == ["go", words]
            assert any("interrupted" in turn for turn in scenario.records.stored)

    run(story())


def test_a_paused_agent_that_is_interrupted_is_not_shown_as_speaking_again() -> None:
    async def story() -> None:
        async with Scenario(ECHO) as scenario:
            await scenario.ask("go")
            scenario.turn_taking.speech_started()
            before = len(scenario.transport.states())
            assert scenario.transport.states()[-1] == "listening"
            await asyncio.sleep(0.5)
            scenario.turn_taking.final("Stop.")
            await scenario.agent_finished()
            assert scenario.turns_of("user") == ["go", "Stop."]
            assert scenario.transport.states()[before:] == []

    run(story())


def test_a_stop_in_an_interim_transcript_counts_even_if_the_final_one_is_an_echo() -> None:
    async def story() -> None:
        async with Scenario(ECHO) as scenario:
            for final in ("I'd rather not say that", ""):
                await scenario.ask("go")
                scenario.turn_taking.speech_started()
                await scenario.agent_speaking(25)
                scenario.turn_taking.interim("I'd rather stop say that")
                await asyncio.sleep(0.5)
                assert scenario.transport.paused
                scenario.turn_taking.final(final) if final else scenario.turn_taking.no_words()
                await scenario.agent_finished()
                assert scenario.turns_of("user")[-1] == "stop"
                assert scenario.records.stored[-2]["interrupted"]

    run(story())


@pytest.mark.parametrize("words", ["or branches are open and your card", "Our branches are open."])
def test_the_agents_own_words_interrupt_nothing(words: str) -> None:
    async def story() -> None:
        async with Scenario(ECHO) as scenario:
            await _go(scenario)
            await scenario.agent_speaking(60)
            scenario.turn_taking.speech_started()
            await asyncio.sleep(0.5)
            scenario.turn_taking.interim(words)
            assert not scenario.transport.paused
            await asyncio.sleep(0.4)
            scenario.turn_taking.final(words)
            await scenario.agent_finished()
            assert scenario.turns_of("banker") == [OWN]
            assert scenario.turns_of("user") == ["go"]

    run(story())
