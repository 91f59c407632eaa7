"""Questions differ from requests, answers and values by their form."""

import pytest

from banker.text.en.questions import can_answer, is_question


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


@pytest.mark.parametrize(
    ("question", "answers", "does_not"),
    [
        ("and how long does that take", "It takes 2 working days.", "It is free."),
        ("when is it paid", "It is added on the 28th of each month.", "You need your ID."),
        ("does it cost anything", "Nothing is charged.", "It takes 2 days."),
        ("how much can I take out", "You can withdraw up to $500.", "Please come to a branch."),
    ],
)
def test_a_sentence_answers_only_what_is_asked_for(question: str, answers: str, does_not: str) -> None:
    assert can_answer(answers, question)
    assert not can_answer(does_not, question)


def test_any_sentence_may_answer_another_question() -> None:
    assert can_answer("Please come to a branch.", "do I have to come in")
