"""The `evaluate` command measures understanding and reports faults of the list in one line."""

import json
from pathlib import Path

import pytest
from flask import Flask

from banker.agents.scripted.skills.model import Understood
from banker.agents.scripted.skills.skill_files import load_skills
from banker.cli import evaluation
from banker.config.loading import load
from banker.extension import Banker
from banker.tools.base import Caller

LIST = b"label\tutterance\r\nfreeze_card\tblock it\r\n\r\nlost_card|freeze_card\tit is gone\r\nnone\tblock the road\n"


def understand(text: str) -> Understood:
    return Understood((("freeze_card", 0.9), ("none", 0.1)), "wish", 0.3 if "gone" in text else 1.0)


def test_each_utterance_is_evaluated() -> None:
    skills = load_skills(None, ())
    rows = evaluation.read_labelled(LIST, "list")
    findings = evaluation.evaluate(rows, understand, skills, ["freeze_card"])
    assert [(f.label, f.found, f.tool, f.correct) for f in findings] == [
        ("freeze_card", "freeze_card", "freeze_card", True),
        ("lost_card|freeze_card", "freeze_card", None, True),  # it is not a wish
        ("none", "freeze_card", "freeze_card", False),
    ]
    assert evaluation.report(findings, skills)[-4:] == [
        "correct: 2 of 3 (66.7%)",
        "  none mistaken for freeze_card: 1",
        "unasked tools: 1 (33.3%)",
        "  freeze_card: block the road",
    ]
    assert evaluation.as_json(findings)[0] == {
        "utterance": "block it", "label": "freeze_card", "found": "freeze_card", "score": 0.9, "tool": "freeze_card",
    }  # fmt: skip
    assert evaluation.evaluate(rows, understand, skills, [])[0].tool is None


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
        evaluation.read_labelled(content, "list")
    assert str(error.value) == fix


@pytest.fixture(scope="module")
def app() -> Flask:
    host = Flask("host")
    banker = Banker(host, config=load(environ={"BANKER_DEMO": "1"}))

    @banker.tool
    def get_account_status(caller: Caller) -> dict[str, str]:
        return {}

    return host


def test_the_command_prints_json(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "list.tsv"
    file.write_bytes(b"label\tutterance\nget_account_status\twhat is my balance\nnone\tsing me a song\n")
    result = app.test_cli_runner().invoke(args=["banker", "evaluate", "--tenant", "demo", "--json", str(file)])
    found = json.loads(result.output)
    assert [(each["found"], each["tool"]) for each in found] == [
        ("get_account_status", "get_account_status"),
        ("none", None),
    ]


def test_the_command_reports_what_to_fix(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["banker", "evaluate", "nowhere.tsv"])
    assert (result.exit_code, result.stderr) == (1, "Error: nowhere.tsv: cannot be read: No such file or directory\n")
