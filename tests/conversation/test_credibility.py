"""Which recognised words are believed: by how many they are, and by what is expected now."""

import asyncio

import pytest

from banker.conversation.turns.credibility import Credibility
from banker.speech import Recognition, Segment
from tests.conversation.scenario import Scenario, now, run

UNSURE = (-1.6, 0.3)


def recognised(text: str, log_probability: float, no_speech: float, *, familiar: bool = False) -> Recognition:
    return Recognition((Segment(text, no_speech, log_probability, familiar=familiar),))


@pytest.mark.parametrize("text", ["Stop.", "Wait.", "Hold on, please.", "No.", "Nope.", "Yes."])
def test_pleas_and_a_plain_yes_or_no_are_believed_when_the_recogniser_is_unsure(text: str) -> None:
    for has_asked in (True, False):
        assert Credibility(over_agent=False, has_asked=has_asked).credible(recognised(text, *UNSURE)) == text


@pytest.mark.parametrize("text", ["Agent.", "Dana Miller.", "The blue one."])
def test_a_few_words_are_believed_as_an_answer_to_a_question_only(text: str) -> None:
    assert Credibility(over_agent=False, has_asked=True).credible(recognised(text, *UNSURE)) == text
    assert Credibility(over_agent=False, has_asked=False).credible(recognised(text, *UNSURE)) == ""
    assert Credibility(over_agent=True, has_asked=True).credible(recognised(text, *UNSURE)) == ""


def test_a_word_that_customers_use_is_believed_without_a_question() -> None:
    assert Credibility(over_agent=False, has_asked=False).credible(recognised("savings", *UNSURE, familiar=True))


@pytest.mark.parametrize("heard", [recognised("Okay.", -2.2, 0.7), recognised("I think I'm going to.", -1.6, 0.3)])
def test_what_noise_becomes_is_never_believed(heard: Recognition) -> None:
    for over_agent, has_asked in ((False, False), (False, True), (True, False), (True, True)):
        assert Credibility(over_agent, has_asked).credible(heard) == ""


async def _answer(scenario: Scenario, heard: Recognition) -> list[str]:
    """Say something short that the recogniser hears as this, and return what the agent says to it."""
    before = len(scenario.turns_of("banker"))
    await scenario.start_speech()
    assert scenario.turn_taking.credible_text(heard) == ""
    scenario.turn_taking.no_words()
    await scenario.agent_finished()
    return scenario.turns_of("banker")[before:]


def test_a_short_sound_that_is_not_understood_is_asked_about_while_a_question_is_open() -> None:
    async def story() -> None:
        async with Scenario({"pay": ["From which account?"], "thanks": ["You are welcome."]}) as scenario:
            texts = scenario.tenant.texts
            mumbled, coughed = recognised("Ravens.", -2.3, 0.3), recognised("Hey.", -2.4, 0.6)
            hummed = recognised("Mmm.", -2.3, 0.3)
            await scenario.ask("thanks")
            await scenario.agent_finished()
            assert await _answer(scenario, mumbled) == []
            await scenario.ask("pay")
            await scenario.agent_finished()
            assert await _answer(scenario, coughed) == await _answer(scenario, hummed) == []
            assert await _answer(scenario, mumbled) == [texts.did_not_catch]

    run(story())


def test_mumbling_is_asked_about_twice_and_does_not_keep_the_conversation_alive() -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            began, texts = now(), scenario.tenant.texts
            while not scenario.idle_since and now() < began + 600:
                await scenario.make_noise(2.5)
                await asyncio.sleep(17)
            said = scenario.turns_of("banker")
            assert said.count(texts.did_not_catch) == 2
            assert texts.idle_goodbye in said

    run(story())
