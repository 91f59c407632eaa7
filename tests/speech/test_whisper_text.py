"""What is done to a recognised text before it is passed on."""

import pytest

from banker.speech.asr.prompt import listening_prompt
from banker.speech.asr.whisper import _once, _repeats_the_prompt


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("Right, I'm off. Right, I'm off.", "Right, I'm off."),
        ("Yes. yes", "Yes."),
        ("No, not that one.", "No, not that one."),
        ("four four seven", "four four seven"),
        ("Stop", "Stop"),
    ],
)
def test_a_sentence_that_is_there_twice_is_passed_on_once(text: str, once: str) -> None:
    assert _once(text) == once


def test_only_a_longer_piece_of_the_prompt_is_an_echo_of_it() -> None:
    prompt = listening_prompt(["Everyday Checking"])
    assert _repeats_the_prompt("A customer of a bank talks with a banker.", prompt)
    assert not _repeats_the_prompt("a debit card", prompt)
    assert not _repeats_the_prompt("What is the balance of a checking account?", prompt)
