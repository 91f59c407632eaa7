"""Sounds over the banker's voice: what is believed, how long the voice waits, and where an echo hides in it."""

import asyncio

import pytest

from banker.conversation.turns.turn_taking import RESUME_SECONDS
from banker.speech import Recognition, Segment
from tests.conversation.stage import Script, Stage, now, play
from tests.conversation.test_turn_taking import LONG, SCRIPT


def test_a_slow_recogniser_keeps_the_voice_waiting_for_speech_and_not_for_a_cough() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("balance")
            began = now()
            await stage._begin()
            await stage._sound(2.5)
            await asyncio.sleep(5)  # for the recogniser
            assert not [at for at, _ in stage.voice.aloud if at > began + 0.3]
            stage.segmenter.final("What about savings?")
            await stage.quiet()
            assert stage.agent.asked == ["balance", "What about savings?"]
            await stage.ask("balance")
            began = now()
            await stage._begin()
            await stage._sound(0.4)
            await stage.until(stage.voice.sounds, 2.5)
            assert RESUME_SECONDS <= now() - began < 2.5
            stage.segmenter.final("Stop.")  # the voice goes on, and still gives way
            await stage.quiet()
            assert stage.books.kept[-2]["interrupted"]

    play(scene())


def test_speech_that_never_becomes_words_does_not_hold_the_voice_for_good() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("balance")
            await stage._begin()
            await stage._sound(2.5)
            await stage.until(stage.voice.sounds, 10)
            await stage.quiet()
            assert stage.said("banker") == [LONG]
            assert not any("interrupted" in turn for turn in stage.books.kept)

    play(scene())


def recognised(text: str, no_speech: float = 0.05, log_probability: float = -0.3) -> Recognition:
    return Recognition((Segment(text, no_speech, log_probability),))


async def _go(stage: Stage) -> None:
    """A second later the user asks for the long answer."""
    await asyncio.sleep(1)
    await stage.talk.receive({"type": "message.send", "text": "go"})


@pytest.mark.parametrize(
    ("heard", "believed"),
    [
        (recognised("What about savings?"), True),
        (recognised("We'll check.", 0.3, -1.1), False),  # a fragment, guessed
        (recognised("Thank you for watching.", 0.64, -0.77), False),  # made of noise
        (recognised("Stop.", 0.45, -1.1), True),
        (recognised("That's enough.", 0.59, -0.77), False),
    ],
)
def test_over_the_voice_only_words_without_much_doubt_count(heard: Recognition, believed: bool) -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            assert stage.segmenter.credible_text(heard) == heard.text
            await stage.ask("balance")
            stage.segmenter.speech_started()
            assert stage.segmenter.credible_text(heard) == (heard.text if believed else "")

    play(scene())


def test_a_doubtful_yes_is_an_answer_while_a_question_is_being_said() -> None:
    async def scene() -> None:
        doubtful = recognised("Yes.", 0.45, -1.0)
        async with Stage(SCRIPT) as stage:
            await stage.ask("balance")
            stage.segmenter.speech_started()
            assert stage.segmenter.credible_text(doubtful) == ""
            stage.segmenter.no_words()
            await stage.quiet()
            await stage.talk.receive({"type": "message.send", "text": "ticket"})
            await stage.until(lambda: "Shall I" in str(stage.voice.of_type("transcript")[-1]))
            stage.segmenter.speech_started()
            assert stage.segmenter.credible_text(doubtful) == "Yes."

    play(scene())


OWN = "I'd rather not say that, but our branches are open and your card is in good order, as far as I can see."
ECHO: dict[str, Script] = {"go": [OWN], "balance": [LONG]}


@pytest.mark.parametrize("words", ["Stop.", "What about savings?", "My card is gone."])
def test_real_words_right_behind_the_beginning_of_the_voice_do(words: str) -> None:
    async def scene() -> None:
        async with Stage(ECHO) as stage:
            await _go(stage)
            await stage.speaking(4)
            await stage.say(words)
            await stage.quiet()
            assert stage.said("user") == ["go", words]
            assert any("interrupted" in turn for turn in stage.books.kept)

    play(scene())


def test_a_voice_that_gave_way_and_is_silenced_is_not_shown_speaking_again() -> None:
    async def scene() -> None:
        async with Stage(ECHO) as stage:
            await stage.ask("go")
            stage.segmenter.speech_started()
            before = len(stage.voice.states())
            assert stage.voice.states()[-1] == "listening"
            await asyncio.sleep(0.5)
            stage.segmenter.final("Stop.")
            await stage.quiet()
            assert stage.said("user") == ["go", "Stop."]
            assert stage.voice.states()[before:] == []

    play(scene())


def test_a_stop_that_was_seen_under_way_is_not_lost_when_the_whole_is_heard_as_an_echo() -> None:
    async def scene() -> None:
        async with Stage(ECHO) as stage:
            for final in ("I'd rather not say that", ""):
                await stage.ask("go")
                stage.segmenter.speech_started()
                await stage.speaking(25)
                stage.segmenter.interim("I'd rather stop say that")
                await asyncio.sleep(0.5)
                assert stage.voice.held
                stage.segmenter.final(final) if final else stage.segmenter.no_words()
                await stage.quiet()
                assert stage.said("user")[-1] == "stop"
                assert stage.books.kept[-2]["interrupted"]

    play(scene())


@pytest.mark.parametrize("words", ["or branches are open and your card", "Our branches are open."])
def test_its_own_words_that_come_back_all_the_same_interrupt_nothing(words: str) -> None:
    async def scene() -> None:
        async with Stage(ECHO) as stage:
            await _go(stage)
            await stage.speaking(60)
            stage.segmenter.speech_started()
            await asyncio.sleep(0.5)
            stage.segmenter.interim(words)
            assert not stage.voice.held
            await asyncio.sleep(0.4)
            stage.segmenter.final(words)
            await stage.quiet()
            assert stage.said("banker") == [OWN]
            assert stage.said("user") == ["go"]

    play(scene())
