"""The `evaluate` command measures what the banker does with first utterances, and reports faults of the list."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from banker.agents.scripted.skills.skill_files import load_skills
from banker.cli.evaluation.first_turn import FirstTurn
from banker.cli.evaluation.labelled import read_labelled
from banker.cli.evaluation.report import as_json, evaluate, report
from banker.config.loading import load
from banker.extension import Banker
from banker.tools.base import Caller

LIST = (
    b"label\tutterance\r\nfreeze_card\tblock it\r\n\r\nlost_card|get_refund\tit is gone\r\nnone\tblock the road\n"
    b"scam\the wants a code\ncard-arrival\tmy card\n"
)
TURNS = {
    "block it": FirstTurn("freeze_card", 0.9, ("freeze_card",)),
    "it is gone": FirstTurn("lost_card", 0.41, offered=("lost_card",)),
    "block the road": FirstTurn("freeze_card", 0.7, ("freeze_card",)),
    "he wants a code": FirstTurn("scam", 0.8, ("create_ticket",)),
    "my card": FirstTurn("card-linking", 0.6, offered=("card-linking", "card-arrival")),
}


def test_each_utterance_is_evaluated() -> None:
    findings = evaluate(read_labelled(LIST, "list"), TURNS.__getitem__)
    assert [(f.correct, f.served_at_once) for f in findings] == [
        (True, True), (True, False), (False, False), (True, True), (True, False),
    ]  # fmt: skip
    assert report(findings, load_skills(None, ()))[-4:] == [
        "correct: 4 of 5 (80.0%), 2 of them without a question",
        "  none mistaken for freeze_card: 1",
        "unasked tools: 1 (20.0%)",
        "  freeze_card: block the road",
    ]
    assert as_json(findings)[:2] == [
        {
            "utterance": "block it", "label": "freeze_card", "found": "freeze_card", "score": 0.9,
            "tool": "freeze_card", "offered": [],
        },
        {
            "utterance": "it is gone", "label": "lost_card|get_refund", "found": "lost_card", "score": 0.41,
            "tool": None, "offered": ["lost_card"],
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (b"", "list: line 1: the header must be label<TAB>utterance"),
        (b"label\tutterance\n", "list: has no utterances; add lines of label<TAB>utterance"),
        (b"label\tutterance\nnone hi\n", "list: line 2: has no tab between label and utterance"),
        (b"label\tutterance\n\nnone\t \n", "list: line 3: the utterance is missing"),
        (b"label\tutterance\n\thi\n", "list: line 2: the label is missing"),
        (b"label\tutterance\nnone\tgr\xfc\xdf\n", "list: line 2: is not UTF-8; save the file as UTF-8"),
    ],
)
def test_an_invalid_file_is_reported_in_one_line(content: bytes, fix: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        read_labelled(content, "list")
    assert str(error.value) == fix


TOOLS_CALLED: list[str] = []


@pytest.fixture(scope="module")
def app() -> Flask:
    host = Flask("host")
    banker = Banker(host, config=load(environ={"BANKER_DEMO": "1"}))

    @banker.tool
    def get_account_status(caller: Caller) -> dict[str, str]:
        TOOLS_CALLED.append("get_account_status")
        return {}

    @banker.tool(confirm=True)
    def freeze_card(caller: Caller, card: str) -> dict[str, str]:
        TOOLS_CALLED.append("freeze_card")
        return {}

    return host


Evaluate = Callable[[str], list[Mapping[str, Any]]]


@pytest.fixture
def evaluated(app: Flask, tmp_path: Path) -> Evaluate:
    def run(*utterances: str) -> list[Mapping[str, Any]]:
        file = tmp_path / "list.tsv"
        file.write_text("label\tutterance\n" + "".join(f"none\t{utterance}\n" for utterance in utterances))
        result = app.test_cli_runner().invoke(args=["banker", "evaluate", "--tenant", "demo", "--json", str(file)])
        found: list[Mapping[str, Any]] = json.loads(result.output)
        return found

    return run


def test_the_command_prints_what_the_banker_would_do(evaluated: Evaluate) -> None:
    found = evaluated("what is my balance", "freeze my card", "what is the boiling point of tin", "yes", "hello")
    assert [(each["found"], each["tool"]) for each in found] == [
        ("get_account_status", "get_account_status"),
        ("freeze_card", "freeze_card"),
        ("none", None),
        ("none", None),
        ("greeting", None),
    ]
    assert TOOLS_CALLED == []


def test_pages_and_safety_topics_are_found_as_in_a_conversation(evaluated: Evaluate) -> None:
    page, safety, recording = evaluated(
        "how long does a transfer take", "I want to kill myself", "are you recording this call"
    )
    assert (page["found"], page["tool"]) == ("transfer-timing", None)
    assert (safety["found"], safety["tool"], safety["offered"]) == ("self_harm", None, [])  # there is no ticket tool
    assert recording["found"] == "recording"


def test_of_two_wishes_the_urgent_one_is_found(evaluated: Evaluate) -> None:
    (both,) = evaluated("tell me my balance and then freeze my card")
    assert (both["found"], both["tool"]) == ("freeze_card", "freeze_card")


def test_the_command_reports_what_to_fix(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["banker", "evaluate", "nowhere.tsv"])
    assert (result.exit_code, result.stderr) == (1, "Error: nowhere.tsv: cannot be read: No such file or directory\n")
