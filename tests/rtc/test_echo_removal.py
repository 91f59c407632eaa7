"""The agent's voice in the user's microphone, 20 dB softer and 120 ms late, with the real engines."""

from pathlib import Path

import pytest

from tests.rtc.virtual_call import VirtualCall, talk
from tests.speech.sounds import VOICES, say

REPLIES = {
    f"Question {number}.": tuple(text.split("|"))
    for number, text in enumerate(
        (
            "I'd rather not say that.",
            "Your checking account has a good balance.",
            "We open early.|We close late.",
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
    "Our branches in the centre and at the harbour are open on every working day.",
)


ECHO = 0.1


@pytest.mark.parametrize("half", [0, 1])
def test_echo_interrupts_none_of_twenty_replies(tmp_path: Path, half: int) -> None:
    questions = list(REPLIES)[half::2]

    async def story(call: VirtualCall) -> None:
        call.handset.echo = ECHO
        for question in questions:
            shown = len(call.of_type("state"))
            await call.type(question)
            await call.speaking(0.5)
            await call.quiet()
            assert [state["state"] for state in call.of_type("state")[shown:]] == ["thinking", "speaking", "listening"]
        assert call.turns("user") == questions
        assert call.turns("banker")[1:] == [" ".join(REPLIES[one]) for one in questions]
        assert not call.of_type("transcript", interrupted=True)

    talk(tmp_path, story, REPLIES)


@pytest.mark.parametrize(
    ("word", "after"),
    [*[("Stop!", after) for after in (0.3, 0.7, 1.6, 2.9, 4.1)], ("What about my credit card?", 1.6)],
)
def test_a_word_over_the_agents_echo_interrupts_it(tmp_path: Path, word: str, after: float) -> None:
    """The agent gives way to every voice, and for good if the word is recognised, which depends on the processor."""

    async def story(call: VirtualCall) -> None:
        call.handset.echo = ECHO
        for number, voice in enumerate(VOICES, 2):
            await call.type(LONG)
            await call.speaking(after)
            spoken = await call.say(say(word, voice))
            assert not call.handset.loud(spoken.began + 0.3, spoken.ended)
            await call.until(lambda: len(call.turns("banker")) >= number, 20)  # noqa: B023
            await call.quiet()
        assert len(call.of_type("transcript", interrupted=True)) >= 2, call.bank.recognised

    talk(tmp_path, story, {LONG: ANSWER})
