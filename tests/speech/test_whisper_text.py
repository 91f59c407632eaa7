"""How the recogniser cleans up a text and reads its digits."""

import pytest

from banker.speech.asr.prompt import recognition_prompt
from banker.speech.asr.whisper import (
    _count_digits,
    _repeats_prompt,
    _with_doubled_digits,
    _without_repetition,
    _words_beside_digits,
)


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
def test_a_repeated_sentence_is_kept_once(text: str, once: str) -> None:
    assert _without_repetition(text) == once


def test_only_four_or_more_words_repeat_the_prompt() -> None:
    prompt = recognition_prompt(["Everyday Checking"])
    assert _repeats_prompt("A customer of a bank talks with a banker.", prompt)
    assert not _repeats_prompt("a debit card", prompt)
    assert not _repeats_prompt("What is the balance of a checking account?", prompt)


def test_digits_are_counted_in_figures_and_in_words() -> None:
    assert _count_digits("My number is 471. Two-3-5-9.") == 7
    assert _count_digits("Nobody won the second round.") == 0


def test_words_beside_digits_tell_whether_two_texts_differ_only_in_a_number() -> None:
    assert _words_beside_digits("My number is 471. Two-3-5-9.") == _words_beside_digits("my number is 4, 7, 1, 1")
    assert _words_beside_digits("It is flight 380 to Boston.") != _words_beside_digits("It is flight 3, 8, 2.")


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        (["My number is 4, 7, 1, 2.", "My number is 4, 7, 1, 1, 2."], 1),
        (["My number is 4, 7, 1, 1, 2.", "My number is 4, 7, 1, 1, 1, 2."], 0),
        (["My number is 4, 7, 1, 2.", "My number is 4, 7, 1, 2, 8."], 0),
        (["My number is 4, 7, 7.", "Her number is 4, 4, 7, 7."], 0),
    ],
)
def test_of_texts_that_differ_in_doubled_digits_the_longest_is_chosen(texts: list[str], chosen: int) -> None:
    assert _with_doubled_digits(texts, 0) == chosen
