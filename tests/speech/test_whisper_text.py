"""How the recogniser cleans up a text."""

import pytest

from banker.speech.asr.prompt import recognition_prompt
from banker.speech.asr.whisper import _repeats_prompt, _without_repetition


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("Right, I'm off. Right, I'm off.", "Right, I'm off."),
        ("Yes. yes", "Yes."),
        ("No, not that one.", "No, not that one."),
        ("four four seven", "four four seven"),
        ("Stop", "Stop"),
        ("savings. Savings savings, savings savings", "savings."),
        ("7 7 7 7 7", "7 7 7 7 7"),
    ],
)
def test_a_repeated_sentence_is_kept_once(text: str, once: str) -> None:
    assert _without_repetition(text) == once


def test_only_four_or_more_words_repeat_the_prompt() -> None:
    prompt = recognition_prompt(["Everyday Checking"])
    assert _repeats_prompt("A customer of a bank talks with a banker.", prompt)
    assert not _repeats_prompt("a debit card", prompt)
    assert not _repeats_prompt("What is the balance of a checking account?", prompt)
