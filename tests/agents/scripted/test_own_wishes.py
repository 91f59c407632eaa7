"""A bank's own tool is found by what its declaration says, where examples are few."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from banker.agents.scripted.agent import ScriptedAgent
from banker.agents.scripted.skills.skill_files import Skill
from banker.tools.toolbox import Toolbox
from tests.agents.scripted.talk import NOW, ByKeyword, Conversation

OWN = {
    skill.name: skill
    for skill in (
        Skill("feed_animal", "feed_animal", "pay for the food of an animal"),
        Skill("set_alerts", "set_alerts", "switch alerts on or off"),
        Skill("check_tree", "check_tree", "show how tall your tree is"),
        Skill("pay_bill", "pay_bill", "pay a bill", not_here="No bills here."),
    )
}


@dataclass(frozen=True)
class Similar:
    """Finds one of the bank's own tools similar, and perhaps a packaged skill likely."""

    skill: str
    similarity: float
    packaged: str = ""
    act: str = "wish"

    def understand(self, text: str) -> ByKeyword:
        ranking = ((self.packaged, 0.9), ("none", 0.1)) if self.packaged else (("none", 1.0),)
        return ByKeyword(ranking, self.act, 0.9 if self.act == "wish" else 0.1, ((self.skill, self.similarity),))


def zoo_bank() -> Toolbox:
    toolbox = Toolbox()

    @toolbox.tool(confirm=True)
    def feed_animal(caller, animal: Literal["otter", "owl"], amount: Decimal) -> dict:
        """Pay for the food of an animal."""
        return {}

    @toolbox.tool(confirm=True)
    def set_alerts(caller, enabled: bool) -> dict:
        """Switch alerts on or off."""
        return {}

    @toolbox.tool
    def check_tree(caller) -> dict:
        """Show how tall your tree is."""
        return {"metres": 12}

    return toolbox


def talk(understander: Similar) -> Conversation:
    conversation = Conversation(toolbox=zoo_bank())
    conversation.agent = ScriptedAgent(OWN, understander, now=lambda: NOW)
    return conversation


def test_all_arguments_make_up_for_few_similar_words() -> None:
    bank = talk(Similar("feed_animal", 0.40))
    bank.say("20 dollars for the otter")
    assert bank.asks == "feed_animal"
    bank.say("yes")
    assert bank.calls == [("feed_animal", {"animal": "otter", "amount": "20"}, "ok")]


def test_a_tool_without_its_arguments_is_offered_and_not_proposed() -> None:
    bank = talk(Similar("feed_animal", 0.50))
    assert bank.say("something for the otter") == "Would you like me to pay for the food of an animal?"
    assert bank.asks == ""


def test_words_with_little_in_common_lead_nowhere() -> None:
    bank = talk(Similar("feed_animal", 0.30))
    bank.say("20 dollars for the otter")
    assert (bank.asks, bank.forms) == ("", [])


def test_a_bank_tool_goes_before_a_packaged_skill_whose_tool_is_missing() -> None:
    bank = talk(Similar("feed_animal", 0.45, packaged="pay_bill"))
    bank.say("pay 20 dollars for the owl")
    assert bank.asks == "feed_animal"
    assert talk(Similar("feed_animal", 0.50, packaged="pay_bill")).say("pay the vet's bill") == "No bills here."


def test_a_tool_that_changes_nothing_is_called_where_the_words_are_about_it() -> None:
    bank = talk(Similar("check_tree", 0.60))
    bank.say("did my tree grow")
    assert [name for name, *_ in bank.calls] == ["check_tree"]
    assert (
        talk(Similar("check_tree", 0.46)).say("did my tree grow") == "Would you like me to show how tall your tree is?"
    )


def test_something_is_switched_as_the_wish_says() -> None:
    for text, act, enabled in (
        ("alerts please", "wish", True),
        ("turn off the alerts", "denied", False),
        ("I want alerts on", "wish", True),
    ):
        bank = talk(Similar("set_alerts", 0.70, act=act))
        bank.say(text)
        assert bank.question is not None, text
        assert bank.question.arguments == {"enabled": enabled}, text


def test_a_question_about_a_switch_proposes_nothing() -> None:
    for text, act in (("are alerts safe", "wish"), ("don't turn off the alerts", "denied")):
        bank = talk(Similar("set_alerts", 0.70, act=act))
        bank.say(text)
        assert bank.asks == "", text
