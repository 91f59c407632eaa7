"""Skills come from the package, from a bank's folder and from its tools; a mistake in a file is one line."""

from pathlib import Path

import pytest

from banker.agents.scripted.skills.examples import act_examples, denied_then_wished, none_examples
from banker.agents.scripted.skills.skill_files import SkillFileError, load_skills
from banker.tools.base import Choice, ParameterType, ToolSpec

USUAL = {
    "get_account_status", "list_transactions", "get_spending", "transfer_money", "list_payees", "pay_bill",
    "freeze_card", "unfreeze_card", "lost_card", "replace_card", "change_pin", "set_card_limit", "dispute_charge",
    "get_refund", "create_ticket", "get_statement", "change_address", "find_branch", "book_appointment",
    "exchange_rate", "apply_for_loan", "talk_to_human", "list_cards", "get_fees",
}  # fmt: skip


def tool(name: str, description: str = "", **options: object) -> ToolSpec:
    return ToolSpec(name, description, {}, False, **options)  # type: ignore[arg-type]


def test_the_package_has_skills_for_the_usual_tools_of_a_bank() -> None:
    skills = load_skills(None, ())
    assert set(skills) >= USUAL
    for skill in skills.values():
        assert len(skill.examples) >= 12, skill.name
        assert skill.title[0].islower(), skill.name  # it completes "I can't … here"
        assert skill.not_here, skill.name
    assert [name for name, skill in skills.items() if skill.urgent and skill.tool == "freeze_card"] == [
        "freeze_card",
        "lost_card",
    ]


def test_no_sentence_has_two_labels() -> None:
    examples = [(text.lower(), name) for name, skill in load_skills(None, ()).items() for text in skill.examples]
    labelled = [*examples, *((text.lower(), name) for name, text in denied_then_wished())]
    labelled += [(text.lower(), "none") for text in none_examples()]
    labelled += [(text.lower(), act) for act, text in act_examples()]
    seen: dict[str, str] = {}
    assert [(text, seen[text], label) for text, label in labelled if seen.setdefault(text, label) != label] == []


def test_a_file_of_the_bank_replaces_keys_and_adds_examples(tmp_path: Path) -> None:
    (tmp_path / "freeze_card.toml").write_text(
        'not_here = "Please call 555 0100."\nexamples = ["put my card to sleep"]\n[ask]\ncard = "Which one?"\n'
    )
    (tmp_path / "safe_box.toml").write_text(
        'title = "rent a safe deposit box"\nexamples = """\nI need a safe\na deposit box please\n"""\n'
        'answer = "Boxes are rented at the main branch."\n'
    )
    skills = load_skills(tmp_path, ())
    frozen = skills["freeze_card"]
    assert (frozen.not_here, frozen.ask["card"], frozen.tool) == ("Please call 555 0100.", "Which one?", "freeze_card")
    assert {"put my card to sleep", "freeze my card"} <= set(frozen.examples)
    assert skills["safe_box"].examples == ("I need a safe", "a deposit box please")
    assert skills["safe_box"].answer == "Boxes are rented at the main branch."


def test_a_tool_adds_to_the_skill_of_its_name() -> None:
    own = tool("transfer_money", examples=("shoot some cash over",), ask={"amount": "How many?"}, says="Sent {id}.")
    skill = load_skills(None, [own])["transfer_money"]
    assert {"shoot some cash over", "transfer money"} <= set(skill.examples)
    assert (skill.ask["amount"], skill.says) == ("How many?", "Sent {id}.")
    assert skill.ask["to_account"] == "Where should the money go?"


def test_a_tool_without_a_skill_file_becomes_a_skill() -> None:
    skill = load_skills(None, [tool("water_plants", "Water the plants of a branch. Once a day.")])["water_plants"]
    assert (skill.tool, skill.title) == ("water_plants", "water the plants of a branch")
    assert {"water plants", "water the plants of a branch"} <= set(skill.examples)


@pytest.mark.parametrize(
    ("name", "content", "mistake"),
    [
        ("x.toml", "title = ", "x.toml: is not valid TOML: "),
        ("x.toml", 'examples = ["hi"]', "x.toml: title: is missing"),
        ("x.toml", 'title = "x"', "x.toml: examples: is missing"),
        ("x.toml", 'title = "x"\nexamples = [""]', "x.toml: examples: must have sentences of 1 to 300 characters"),
        ("x.toml", 'title = "x"\nexamples = 3', "x.toml: examples: must be a list in brackets"),
        ("x.toml", 'title = "x"\nexamples = ["a"]\nsay = "y"', "x.toml: say: there is no such key"),
        ("x.toml", 'title = "x"\nexamples = ["a"]\nurgent = 1', "x.toml: urgent: must be true or false"),
        ("x.toml", 'title = "x"\nexamples = ["a"]\nsays = "{"', "x.toml: says: must have 1 to 600 characters, with"),
        ("x.toml", 'title = "x"\nexamples = ["a"]\n[ask]\na = ""', "x.toml: ask: has an empty question"),
        ("X Y.toml", 'title = "x"\nexamples = ["a"]', "X Y.toml: the name must have 1 to 64 characters of a-z 0-9 _"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_fix(tmp_path: Path, name: str, content: str, mistake: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SkillFileError) as error:
        load_skills(tmp_path, ())
    assert str(error.value).startswith(f"{tmp_path}/{mistake}")
    assert "\n" not in str(error.value)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("title = 3")
    (tmp_path / "b.toml").write_text("oops")
    with pytest.raises(SkillFileError) as error:
        load_skills(tmp_path, ())
    assert len(str(error.value).splitlines()) == 3


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SkillFileError, match="the folder does not exist"):
        load_skills(tmp_path / "nowhere", ())


def test_an_own_tool_is_learned_by_what_it_is_about() -> None:
    types = {
        "size": ParameterType("choice", True, (Choice("small", ("small",)), Choice("large", ("large",)))),
        "insured": ParameterType("boolean", True),
    }
    own = load_skills(None, [tool("rent_locker", "Rent a locker at a branch.", parameter_types=types)])["rent_locker"]
    assert {
        "locker please", "I need locker at a branch", "rent a locker at a branch, large", "turn off locker"
    } <= set(own.examples)  # fmt: skip
