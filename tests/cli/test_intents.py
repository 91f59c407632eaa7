"""The `intents` command evaluates a list of labelled utterances and reports faults of the list in one line."""

import json
from pathlib import Path

import pytest
from flask import Flask

from banker.agents import registry as tenant_agents
from banker.cli import intent_evaluation
from banker.cli.commands import commands
from banker.config.loading import load
from banker.config.settings import Config
from tests.agents.scripted.talks import Found, by_keyword

LIST = (
    b"intent\tutterance\r\naccount_status\tmy balance\r\n\r\n"
    b"human|lost_card\tI lost my card\r\ngreeting\tperhaps a ticket\n"
)


def test_each_utterance_is_evaluated() -> None:
    results = intent_evaluation.evaluate(intent_evaluation.read_cases(LIST, "list"), by_keyword, ["create_ticket"])
    assert [(f.expected, f.intent, f.tool, f.correct) for f in results] == [
        ("account_status", "account_status", None, True),
        ("human|lost_card", "lost_card", "create_ticket", True),
        ("greeting", "open_ticket", None, False),  # the confidence is low: the agent asks instead of calling a tool
    ]
    assert intent_evaluation.accuracy(results) == pytest.approx(2 / 3)
    assert intent_evaluation.confusions(results) == [("greeting", "open_ticket", 1)]
    assert intent_evaluation.report(results)[-2:] == [
        "correct: 2 of 3 (66.7%)",
        "  greeting mistaken for open_ticket: 1",
    ]
    assert intent_evaluation.as_json(results)[0] == {
        "utterance": "my balance", "expected": "account_status", "intent": "account_status", "score": 0.9, "tool": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (b"", "list: line 1: the header must be intent<TAB>utterance"),
        (b"utterance\tintent\nhi\tgreeting\n", "list: line 1: the header must be intent<TAB>utterance"),
        (b"intent\tutterance\n", "list: has no utterances; add lines of intent<TAB>utterance"),
        (b"intent\tutterance\ngreeting hi\n", "list: line 2: has no tab between intent and utterance"),
        (b"intent\tutterance\n\ngreeting\t \n", "list: line 3: the utterance is missing"),
        (b"intent\tutterance\ngreeting\tgr\xfc\xdf\n", "list: line 2: is not UTF-8; save the file as UTF-8"),
        (b"intent\tutterance\ngreeting|hi\thello\n", "list: line 2: there is no intent 'hi'; there are: "),
        (b"intent\tutterance\n|greeting\thello\n", "list: line 2: there is no intent ''; there are: "),
    ],
)
def test_an_invalid_file_is_reported_in_one_line(content: bytes, fix: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        intent_evaluation.read_cases(content, "list")
    assert str(error.value).startswith(fix)
    assert "\n" not in str(error.value)


def test_a_byte_order_mark_is_accepted() -> None:
    assert intent_evaluation.read_cases(b"\xef\xbb\xbfintent\tutterance\nthanks\tta", "list") == [
        intent_evaluation.Case("thanks", "ta")
    ]


@pytest.fixture
def demo() -> Config:
    return load(environ={"BANKER_DEMO": "1"})


def test_the_command_prints_json(demo: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_agents, "train_recogniser", lambda examples: by_keyword)
    file = tmp_path / "list.tsv"
    file.write_bytes(LIST)
    runner = Flask("host").test_cli_runner()
    result = runner.invoke(commands(demo), ["intents", "--tenant", "demo", "--json", str(file)])
    assert [found["tool"] for found in json.loads(result.output)] == ["get_account_status", "create_ticket", None]
    result = runner.invoke(commands(demo), ["intents", "--tenant", "demo", "-"], input=LIST)
    assert "correct: 2 of 3 (66.7%)" in result.output


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (["--tenant", "demo", "nowhere.tsv"], "nowhere.tsv: cannot be read: No such file or directory"),
        (["--tenant", "nobody", "-"], "there is no tenant 'nobody'; there are: demo"),
        (["--tenant", "demo", "-"], "standard input: line 1: the header must be intent<TAB>utterance"),
    ],
)
def test_the_command_reports_what_to_fix(demo: Config, arguments: list[str], fix: str) -> None:
    result = Flask("host").test_cli_runner().invoke(commands(demo), ["intents", *arguments], input=b"")
    assert (result.exit_code, result.stderr) == (1, f"Error: {fix}\n")


def test_a_doubtful_recognition_leads_to_no_tool() -> None:
    (result,) = intent_evaluation.evaluate(
        [intent_evaluation.Case("human", "x")], lambda text: Found("human", doubtful=True), ["create_ticket"]
    )
    assert result.tool is None
