"""Which hypothesis has all digits of a dictated number."""

import pytest

from banker.speech.asr.dictation import Hypothesis, better, count_digits, with_lost_digits


def test_digits_are_counted_in_figures_and_in_words() -> None:
    assert count_digits("My number is 471. Two-3-5-9.") == 7
    assert count_digits("Nobody won the second round.") == 0


@pytest.mark.parametrize(
    ("plain", "dictated"),
    [
        ("My number is 471. Two-3-5-9.", "my number is 4, 7, 1, 1, 2, 3, 5, 9"),
        ("My number is 471, two three five times.", "My number is 4, 7, 1, 1, 2, 3, 5, 9."),
        ("My number is 41, I've made. 6834.", "My number is 4, 1, 5, 8, 6, 8, 3, 4."),
    ],
)
def test_a_number_that_was_taken_for_words_is_found_again(plain: str, dictated: str) -> None:
    one, two = Hypothesis(plain, -0.5, 14), Hypothesis(dictated, -0.1, 20)
    assert better(one, two) is two


@pytest.mark.parametrize(
    ("plain", "dictated", "log_likelihood"),
    [
        ("It is flight 380 to Boston.", "It is flight 3, 8, 2.", -2.0),
        ("My number is 4711. Call me back.", "My number is 4, 7, 1, 1.", -2.0),
        ("I sent 450 dollars to my son.", "I sent 4, 5, 0, 2 dollars, my son.", -9.0),
        ("My number is 4711.", "Her number is 4, 7, 1, 1.", -2.0),
    ],
)
def test_words_are_not_given_up_for_digits(plain: str, dictated: str, log_likelihood: float) -> None:
    one, two = Hypothesis(plain, -5.0), Hypothesis(dictated, log_likelihood)
    assert better(one, two) is one


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        ((("My number is 4, 7, 1, 2.", -1.0), ("My number is 4, 7, 1, 1, 2.", -8.0)), 1),
        ((("My number is 4, 7, 1, 1, 2.", -1.0), ("My number is 4, 7, 1, 1, 1, 2.", -1.5)), 0),
        ((("My number is 8, 0, 2, 9.", -1.0), ("My number is 9, 8, 0, 2, 9.", -2.9)), 1),
        ((("My number is 4, 7, 1, 2.", -1.0), ("My number is 4, 7, 1, 2, 8.", -4.0)), 0),
        ((("My number is 4, 7, 1, 2.", -1.0), ("My number is 4, 7, 2, 1, 2, 8.", -1.5)), 1),
        ((("My number is 4, 7, 1, 2.", -1.0), ("My number is 4, 7, 2, 8, 5.", -1.5)), 0),
        ((("My number is 4, 7, 1.", -1.0), ("My number is 4, 7, 1. 4, 7, 1.", -2.0)), 0),
        ((("My number is 4, 7, 7.", -1.0), ("Her number is 4, 4, 7, 7.", -1.5)), 0),
    ],
)
def test_a_hypothesis_with_digits_that_the_likeliest_one_lost_is_chosen(
    texts: tuple[tuple[str, float], ...], chosen: int
) -> None:
    hypotheses = [Hypothesis(*each) for each in texts]
    assert with_lost_digits(hypotheses, hypotheses[0]) is hypotheses[chosen]
