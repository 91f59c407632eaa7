"""Whether something is wanted on or off."""

import pytest

from banker.text.en.assent import answer
from banker.text.en.on_off import find_switch, leaves_open, switch_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("switch the alerts on", True),
        ("please turn my paper statements back on", True),
        ("activate it", True),
        ("alerts on please", True),
        ("put the night mode on", True),
        ("turn it off", False),
        ("disable alerts on my account", False),
        ("I don't want paper statements any more", False),
        ("stop the paper statements", False),
        ("switch alerts on or off", None),
        ("don't turn it off", None),
        ("book it on Monday", None),
        ("my alerts on my account", None),
        ("are my alerts off", None),
    ],
)
def test_a_wish_says_in_which_direction_something_is_switched(text: str, expected: bool | None) -> None:
    assert find_switch(text) is expected


def test_a_question_or_a_change_leaves_the_direction_open() -> None:
    assert leaves_open("is night mode safe")
    assert leaves_open("change my alert settings")
    assert not leaves_open("night mode please")


def test_a_yes_may_name_the_direction() -> None:
    on, off = switch_words({"enabled": True, "card": "card-1"}), switch_words({"enabled": False})
    assert answer("yes, switch it on", on) == "yes"
    assert answer("yes, switch it off", on) is None
    assert answer("yes, turn it off", off) == "yes"
    assert switch_words({"amount": 1}) == ""
