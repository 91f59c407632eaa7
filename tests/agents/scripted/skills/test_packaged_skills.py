"""The packaged skills suit the demo bank's tools, and their examples are none of the sentences that measure them."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from string import Formatter
from typing import Any

import pytest

from banker.agents.scripted.skills.examples import act_examples, denied_then_wished, none_examples
from banker.agents.scripted.skills.skill_files import load_skills
from banker.tools.base import Caller
from banker.tools.toolbox import Toolbox
from examples.bank.tools import install
from tests.servers import ROOT

SKILLS = load_skills(None, ())
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "get_account_status": {},
    "list_transactions": {"limit": 3},
    "get_spending": {},
    "dispute_charge": {"transaction": "the first choice", "reason": "I did not buy this"},
    "list_payees": {},
    "transfer_money": {"to_account": "acc-790", "amount": "5"},
    "exchange_rate": {"currency": "EUR"},
    "list_cards": {},
    "freeze_card": {"card": "card-4417"},
    "unfreeze_card": {"card": "card-4417"},
    "replace_card": {"card": "card-8802", "reason": "damaged"},
    "create_ticket": {"subject": "a fee"},
    "change_address": {"street": "7 Elm Street", "city": "Springfield", "postcode": "62704"},
    "find_branch": {},
    "book_appointment": {"topic": "a loan", "branch": "branch-1", "when": "the first day"},
}
PLACEHOLDERS = [(skill.name, key) for skill in SKILLS.values() if skill.tool in ARGUMENTS for key in ("says", "each")]


def next_working_day() -> date:
    return next(day for ahead in range(2, 6) if (day := date.today() + timedelta(ahead)).weekday() < 5)


def words(sentence: str) -> str:
    return sentence.lower().strip(" .,;:!?")


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    toolbox = Toolbox()
    install(toolbox, tmp_path_factory.mktemp("bank") / "bank.sqlite3")
    return toolbox


@pytest.fixture(scope="module")
def results(toolbox: Toolbox) -> Mapping[str, Any]:
    """What each of the bank's tools returns."""
    caller, names = Caller("demo", "demo-customer"), tuple(ARGUMENTS)

    async def call(name: str) -> Any:
        given = dict(ARGUMENTS[name])
        if "transaction" in given:
            given["transaction"] = (await toolbox.choices(caller, name, "transaction", names))[0].value
        if "when" in given:
            given["when"] = f"{next_working_day()}T10:00:00"
        result = await toolbox.run(caller, name, given, names)
        assert result.status == "ok", (name, result)
        return result.value

    async def call_all() -> Mapping[str, Any]:
        return {name: await call(name) for name in names}

    return asyncio.run(call_all())


def test_every_tool_of_the_bank_is_called_here(toolbox: Toolbox) -> None:
    assert {spec.name for spec in toolbox.specs(tuple(ARGUMENTS))} == set(ARGUMENTS)


@pytest.mark.parametrize(("skill", "key"), PLACEHOLDERS)
def test_a_results_text_names_what_the_tool_returns(skill: str, key: str, results: Mapping[str, Any]) -> None:
    tool = str(SKILLS[skill].tool)
    value = results[tool]
    rows = [row for item in value.values() if isinstance(item, list) for row in item]
    known = {*ARGUMENTS[tool], *value, *(rows[0] if key == "each" and rows else ())}
    template = getattr(SKILLS[skill], key) or ""
    assert {name for _, name, _, _ in Formatter().parse(template) if name} <= known


def test_a_question_is_about_an_argument_of_the_tool(toolbox: Toolbox) -> None:
    parameters = {spec.name: set(spec.parameter_types) for spec in toolbox.specs(tuple(ARGUMENTS))}
    asked = {(skill.tool, name) for skill in SKILLS.values() for name in skill.ask if skill.tool in parameters}
    assert [(tool, name) for tool, name in sorted(asked) if name not in parameters[str(tool)]] == []


def test_skills_are_many_and_have_examples_of_several_kinds() -> None:
    assert len(SKILLS) >= 25
    for skill in SKILLS.values():
        lengths = [len(example.split()) for example in skill.examples]
        assert len(lengths) >= 15, skill.name
        assert min(lengths) <= 3 and max(lengths) >= 7, skill.name


def test_no_example_is_a_sentence_of_the_lists_that_measure_understanding() -> None:
    lists = (ROOT / "bench" / "lists").rglob("*.tsv")
    measured = {words(line.split("\t")[-1]) for file in lists for line in file.read_text().splitlines()}
    examples = [example for skill in SKILLS.values() for example in skill.examples]
    examples += [*none_examples(), *(text for _, text in [*denied_then_wished(), *act_examples()])]
    assert [example for example in examples if words(example) in measured] == []
