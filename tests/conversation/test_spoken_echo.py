"""The agent's own words are recognised in a transcript."""

import pytest

from banker.conversation.turns.spoken_echo import SpokenEcho
from banker.text.languages import package

SAID = "Your checking account has a balance of one thousand two hundred dollars."


def echo_of(spoken: str, fraction: float) -> SpokenEcho:
    """This fraction of a sentence was played at 0 s, and nothing since."""
    echo = SpokenEcho(lambda: 0.0, package("en"))
    for n in range(1, 101):
        echo.played(spoken, fraction * n / 100)
    return echo


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Your checking account has a balance of $1,200.", True),
        ("your chicken account has a ballance of one thousand", True),
        ("has a balance", True),
        ("What about my savings account?", False),
        ("I want to talk to a human", False),
        ("checking account", False),  # two words are anybody's
        ("no", False),
        ("stop", False),
        ("dollars has balance account", False),  # its words, but not its order
    ],
)
def test_the_agents_own_words_are_recognised(text: str, own: bool) -> None:
    assert echo_of(SAID, 1.0).matches(text, 0.5) is own


def test_only_words_that_were_played_recently_match() -> None:
    echo = echo_of(SAID, 0.3)
    assert echo.matches("Your checking account", 0.5)
    assert not echo.matches("one thousand two hundred dollars", 0.5)
    assert not echo.matches("Your checking account", 2.0)
