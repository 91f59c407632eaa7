"""The wishes that are found in a turn are served, the urgent one first."""

from banker.agents.scripted.wishes import MAX_JOINTS, WishFinder, ways_to_split
from tests.agents.scripted.talk import SKILLS, KeywordModel

FINDER = WishFinder(SKILLS, KeywordModel().understand)


def test_urgent_wishes_come_first() -> None:
    found = FINDER.find("please transfer 5 dollars and then freeze my visa")
    assert [(wish.skill, wish.text) for wish in found.wishes] == [
        ("freeze_card", "freeze my visa"),
        ("transfer_money", "please transfer 5 dollars"),
    ]


def test_a_wish_among_other_sentences_is_found() -> None:
    found = FINDER.find("I have a long story. It is about cats. Please transfer 5 dollars.")
    assert [wish.skill for wish in found.wishes] == ["transfer_money"]


def test_a_long_story_is_split_at_few_places() -> None:
    ways = ways_to_split("and then she said so, " * 200)
    assert 0 < len(ways) <= MAX_JOINTS + MAX_JOINTS * (MAX_JOINTS - 1) // 2
