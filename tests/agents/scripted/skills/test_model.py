"""The packaged model finds skills and speech acts, and learns a bank's own skills without changing the others."""

import pytest

from banker.agents.scripted.skills.decision import NextStep, decide
from banker.agents.scripted.skills.loading import LoadedSkills, load_understanding
from banker.agents.scripted.skills.model import Understood, digest, read_weights
from banker.agents.scripted.skills.training_data import packaged_examples
from banker.tools.base import ToolSpec


@pytest.fixture(scope="module")
def packaged() -> LoadedSkills:
    return load_understanding(None, ())


def test_the_weights_were_learned_from_the_packaged_examples() -> None:
    changed = [
        skill for skill, texts in packaged_examples().items() if read_weights().digests.get(skill) != digest(texts)
    ]
    assert changed == [], "run python -m banker.agents.scripted.skills.training"


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("Could you freeze the debit card that I keep for emergencies?", "freeze_card"),
        ("send eighty dollars over to my savings account", "transfer_money"),
        ("how much did I spend on books this month", "get_spending"),
        ("my balance", "get_account_status"),
        ("I'd like an appointment to talk about a mortgage", "book_appointment"),
        ("what is the exchange rate of the yen", "exchange_rate"),
        ("we've moved, please change our address", "change_address"),
    ],
)
def test_a_wish_leads_to_its_skill(packaged: LoadedSkills, text: str, skill: str) -> None:
    understood = packaged.model.understand(text)
    assert (decide(understood).step, decide(understood).skill) == (NextStep.ACT, skill)
    assert understood.act == "wish"


@pytest.mark.parametrize("text", ["please don't freeze my card", "how tall is the Eiffel Tower", "", "?!", "x" * 9000])
def test_other_sentences_lead_to_nothing(packaged: LoadedSkills, text: str) -> None:
    assert decide(packaged.model.understand(text)).step in (NextStep.NONE, NextStep.NOT_WISHED)


def test_probabilities_are_ranked_and_sum_to_one(packaged: LoadedSkills) -> None:
    ranking = packaged.model.understand("I want to send money").ranking
    values = [probability for _, probability in ranking]
    assert values == sorted(values, reverse=True)
    assert sum(values) == pytest.approx(1, abs=1e-3)
    assert {name for name, _ in ranking} == {*packaged.skills, "none"}


def test_a_skill_of_the_bank_is_learned_and_the_others_stay(packaged: LoadedSkills) -> None:
    tool = ToolSpec("adopt_tree", "Adopt a tree in the bank's forest.", {}, True, examples=("I want to adopt a tree",))
    own = load_understanding(None, [tool])
    assert own.model.understand("could I adopt one of the trees in your forest").ranking[0][0] == "adopt_tree"
    for text in ("freeze my card", "transfer 20 dollars to Anna"):
        assert own.model.understand(text).ranking[0][0] == packaged.model.understand(text).ranking[0][0]


@pytest.mark.parametrize(
    ("ranking", "p_wish", "step", "second"),
    [
        ((("freeze_card", 0.9), ("none", 0.1)), 1.0, NextStep.ACT, ""),
        ((("freeze_card", 0.9), ("none", 0.1)), 0.4, NextStep.NOT_WISHED, ""),
        ((("freeze_card", 0.4), ("lost_card", 0.3), ("none", 0.3)), 1.0, NextStep.ASK, "lost_card"),
        ((("none", 0.7), ("freeze_card", 0.3)), 1.0, NextStep.ASK, ""),
        ((("none", 0.9), ("freeze_card", 0.1)), 1.0, NextStep.NONE, ""),
        ((("none", 1.0),), 1.0, NextStep.NONE, ""),
    ],
)
def test_a_doubtful_skill_is_offered_and_not_acted_on(
    ranking: tuple[tuple[str, float], ...], p_wish: float, step: NextStep, second: str
) -> None:
    decision = decide(Understood(ranking, "wish", p_wish))
    assert (decision.step, decision.second) == (step, second)


def test_skills_with_one_tool_do_not_compete() -> None:
    understood = Understood((("freeze_card", 0.45), ("lost_card", 0.44), ("none", 0.11)), "wish", 1.0)
    assert decide(understood).step is NextStep.ASK
    decision = decide(understood, {"freeze_card": "freeze", "lost_card": "freeze"})
    assert (decision.step, decision.skill, decision.score) == (NextStep.ACT, "freeze_card", pytest.approx(0.89))


def test_a_tool_of_the_bank_serves_the_packaged_skill_that_it_is_meant_for() -> None:
    tools = [
        ToolSpec("raise_limit", "Raise the limit of a card.", {}, True),
        ToolSpec("create_standing_order", "Set up a standing order to a payee.", {}, True),
        ToolSpec("cancel_direct_debit", "Cancel a direct debit.", {}, True),
        ToolSpec("adopt_tree", "Adopt a tree in the bank's forest.", {}, True),
    ]
    own = load_understanding(None, tools)
    assert {"set_card_limit", "set_up_recurring_payment"}.isdisjoint(own.skills)
    assert "freeze_card" in own.skills
    for text, skill in (
        ("please give my credit card a higher limit", "raise_limit"),
        ("a new standing order of 850 for my landlord please", "create_standing_order"),
        ("please cancel the direct debit of my gym", "cancel_direct_debit"),
    ):
        assert own.model.understand(text).ranking[0][0] == skill
