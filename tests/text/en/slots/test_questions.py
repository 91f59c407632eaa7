"""Questions differ from requests, answers and values by their form."""

import pytest

from banker.text.en.slots.questions import is_question


@pytest.mark.parametrize(
    "text",
    [
        "hmm wait, is there a fee for that",
        "and when will he get it",
        "wait what happens to my cards when I move",
        "whats my balance",
        "fine. whats my checking balance",
        "does it arrive today?",
        "do i need to bring anything",
        "can you at least tell me how much i owe",
        "tomorrow?",
        "for how long",
    ],
)
def test_these_ask_something(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "can you make it 50?",
        "do it",
        "will do",
        "I never ate there",
        "what a mess",
        "would like to transfer",
        "5 Elm Street",
    ],
)
def test_these_do_not(text: str) -> None:
    assert not is_question(text)
