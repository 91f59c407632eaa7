"""The language model of what customers say."""

import math

import pytest

from banker.agents.tenant_agents import example_utterances
from banker.speech.asr.language_model import VOCABULARY_SIZE, TrigramModel


@pytest.fixture(scope="module")
def words() -> TrigramModel:
    return TrigramModel(example_utterances())


@pytest.mark.parametrize(
    ("said", "misheard"),
    [
        ("I lost my debit card.", "I lost my debit car."),
        ("Forgot my PIN number.", "Forgot my pen number."),
        ("Could you block my card, please?", "Good you block my card, please?"),
        ("Put me through to an agent", "Put me through to an Asian"),
    ],
)
def test_what_customers_say_is_likelier_than_what_sounds_like_it(words: TrigramModel, said: str, misheard: str) -> None:
    assert words.log_probability(said) > words.log_probability(misheard)


def test_case_and_punctuation_make_no_difference(words: TrigramModel) -> None:
    assert words.log_probability("What's my balance?") == words.log_probability("what\u2019s my BALANCE")


@pytest.mark.parametrize("before", [("<s>", "<s>"), ("block", "my"), ("unheard", "my"), ("un", "heard")])
def test_the_probabilities_of_all_next_words_add_up_to_one(before: tuple[str, str]) -> None:
    model = TrigramModel(["Block my card.", "block my account", "my card is lost"])
    heard = ["block", "my", "card", "account", "is", "lost", "</s>"]
    known = sum(model._probability((*before, word)) for word in heard)
    unknown = model._probability((*before, "unheard")) * (VOCABULARY_SIZE - len(heard))
    assert known + unknown == pytest.approx(1)


def test_all_numbers_are_equally_likely_however_they_are_written(words: TrigramModel) -> None:
    one = words.log_probability("My account number is 47112358.")
    assert words.log_probability("My account number is 471, 1, 2, 3, 5, 9.") == one
    assert one > words.log_probability("My account number is 4711235 made.")


def test_unknown_words_are_possible(words: TrigramModel) -> None:
    assert math.isfinite(words.log_probability("Kwantis Orbanka"))
    assert words.log_probability("") < 0
