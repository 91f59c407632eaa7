"""The banker's own sound in the user's microphone, 20 dB softer and 120 ms late: real voice, real ear, real words."""

import pytest

from banker.settings import Speech
from banker.speech import Recogniser, load_recogniser
from tests.media.ears import run
from tests.media.scene import TICK_BYTES, Scene
from tests.speech.sounds import pause, say

REPLIES = {
    f"Question {number}.": tuple(text.split("|"))
    for number, text in enumerate(
        (
            "I'd rather not say that.",
            "Your checking account has a good balance.",
            "We open at nine.|We close at five.",
            "That card is blocked.",
            "The new one comes by mail.",
            "Which account do you mean?",
            "All of your accounts are in order.",
            "There are no fees for that.",
            "I can open a ticket for you.",
            "Our branch is at the harbour.",
            "Transfers take a day.",
            "Nothing was booked today.",
            "Please bring your passport.",
            "A colleague will call you back.",
            "Savings earn a little interest.",
            "Of course, with pleasure.",
            "The limit is the same for both.",
            "It was paid on Monday.",
            "Everything is as it was.",
            "You can do that online.",
        )
    )
}
LONG = "Long."
ANSWER = (
    "Your checking account and your savings account are both active and in good order.",
    "Our branches in the centre and at the harbour are open from nine to five.",
)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    loaded = load_recogniser(Speech())
    assert loaded is not None
    return loaded


@pytest.mark.parametrize("half", [0, 1])
def test_its_own_sound_interrupts_nothing_in_twenty_replies(recogniser: Recogniser, half: int) -> None:
    questions = list(REPLIES)[half::2]

    async def go() -> None:
        async with Scene(recogniser, REPLIES) as scene:
            for number, question in enumerate(questions, 1):
                await scene.ask(question)
                for _ in range(50 * 15):
                    await scene.pass_tick(echo=True)
                    if len(scene.turns("banker")) == number:
                        break
                for _ in range(50):  # a second of silence
                    await scene.pass_tick(echo=True)
            assert [turn["text"] for turn in scene.turns("user")] == questions
            assert [turn["text"] for turn in scene.turns("banker")] == [" ".join(REPLIES[one]) for one in questions]
            assert not any("interrupted" in turn for turn in scene.turns("banker"))

    run(go())


@pytest.mark.parametrize("word", ["Stop!", "What about my credit card?"])
def test_a_real_word_over_its_own_sound_still_does(recogniser: Recogniser, word: str) -> None:
    async def go() -> None:
        async with Scene(recogniser, {LONG: ANSWER}) as scene:
            await scene.ask(LONG)
            said = pause(3) + say(word)
            held = None
            for tick in range(50 * 12):
                await scene.pass_tick(said[tick * TICK_BYTES : (tick + 1) * TICK_BYTES], echo=True)
                if held is None and tick > 150 and scene.held:
                    held = tick / 50 - 3
                if scene.turns("banker"):
                    break
            assert held is not None and held < 0.3
            assert scene.turns("banker")[0]["interrupted"]

    run(go())
