"""The list of utterances with which a bank tunes its banker."""

import json
from pathlib import Path

import pytest
from flask import Flask

from banker.agents import registry as tenant_agents
from banker.agents.registry import understanding
from banker.cli import intents_report as tuning
from banker.cli.commands import commands
from banker.config.loading import load
from banker.config.settings import Config
from tests.agents.scripted.talks import Found, by_keyword

LIST = (
    b"intent\tutterance\r\naccount_status\tmy balance\r\n\r\n"
    b"human|lost_card\tI lost my card\r\ngreeting\tperhaps a ticket\n"
)


def test_each_utterance_is_judged() -> None:
    findings = tuning.judge(tuning.read_cases(LIST, "list"), by_keyword, ["create_ticket"])
    assert [(f.expected, f.intent, f.tool, f.right) for f in findings] == [
        ("account_status", "account_status", None, True),
        ("human|lost_card", "lost_card", "create_ticket", True),
        ("greeting", "open_ticket", None, False),  # it is doubtful: the banker asks back
    ]
    assert tuning.share_right(findings) == pytest.approx(2 / 3)
    assert tuning.confusions(findings) == [("greeting", "open_ticket", 1)]
    assert tuning.report(findings)[-2:] == ["right: 2 of 3 (66.7%)", "  greeting taken for open_ticket: 1"]
    assert tuning.as_json(findings)[0] == {
        "utterance": "my balance", "expected": "account_status", "intent": "account_status", "score": 0.9, "tool": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"", "list: line 1: the header must be intent<TAB>utterance"),
        (b"utterance\tintent\nhi\tgreeting\n", "list: line 1: the header must be intent<TAB>utterance"),
        (b"intent\tutterance\n", "list: holds no utterance; add lines of intent<TAB>utterance"),
        (b"intent\tutterance\ngreeting hi\n", "list: line 2: has no tab between intent and utterance"),
        (b"intent\tutterance\n\ngreeting\t \n", "list: line 3: the utterance is missing"),
        (b"intent\tutterance\ngreeting\tgr\xfc\xdf\n", "list: line 2: is not UTF-8; save the file as UTF-8"),
        (b"intent\tutterance\ngreeting|hi\thello\n", "list: line 2: there is no intent 'hi'; there are: "),
        (b"intent\tutterance\n|greeting\thello\n", "list: line 2: there is no intent ''; there are: "),
    ],
)
def test_a_bad_file_is_told_in_one_line(content: bytes, mend: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        tuning.read_cases(content, "list")
    assert str(error.value).startswith(mend)
    assert "\n" not in str(error.value)


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert tuning.read_cases(b"\xef\xbb\xbfintent\tutterance\nthanks\tta", "list") == [tuning.Case("thanks", "ta")]


@pytest.fixture
def demo() -> Config:
    return load(environ={"BANKER_DEMO": "1"})


def test_the_command_prints_json(demo: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_agents, "understanding", lambda examples: by_keyword)
    file = tmp_path / "list.tsv"
    file.write_bytes(LIST)
    runner = Flask("host").test_cli_runner()
    result = runner.invoke(commands(demo), ["intents", "--tenant", "demo", "--json", str(file)])
    assert [found["tool"] for found in json.loads(result.output)] == ["get_account_status", "create_ticket", None]
    result = runner.invoke(commands(demo), ["intents", "--tenant", "demo", "-"], input=LIST)
    assert "right: 2 of 3 (66.7%)" in result.output


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (["--tenant", "demo", "nowhere.tsv"], "nowhere.tsv: cannot be read: No such file or directory"),
        (["--tenant", "nobody", "-"], "there is no tenant 'nobody'; there are: demo"),
        (["--tenant", "demo", "-"], "standard input: line 1: the header must be intent<TAB>utterance"),
    ],
)
def test_the_command_tells_what_to_mend(demo: Config, arguments: list[str], mend: str) -> None:
    result = Flask("host").test_cli_runner().invoke(commands(demo), ["intents", *arguments], input=b"")
    assert (result.exit_code, result.stderr) == (1, f"Error: {mend}\n")


def test_a_banks_own_examples_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    text = (Path(load.__code__.co_filename).parents[2] / "config/tenants/demo.toml").read_text()
    (tmp_path / "tenants/demo.toml").write_text(text + '\n[agent]\nexamples = "mine"\n')
    with pytest.raises(Exception, match=r"demo\.toml: agent\.examples: there is no \.txt file in mine"):
        load(tmp_path, {"BANKER_DEMO": "1"})
    (tmp_path / "tenants/mine").mkdir()
    (tmp_path / "tenants/mine/smalltalk.txt").write_text("do you like cheese\n")
    tenant = load(tmp_path, {"BANKER_DEMO": "1"}).tenants["demo"]
    assert tenant.agent.examples == str(tmp_path / "tenants/mine")


def test_a_banks_own_examples_are_learnt(tmp_path: Path) -> None:
    (tmp_path / "opening_hours.txt").write_text("zorp the flim\n")
    assert understanding(str(tmp_path))("zorp the flim").intent == "opening_hours"
    (tmp_path / "weather.txt").write_text("rain\n")
    with pytest.raises(ValueError, match=r"weather\.txt: there is no such intent"):
        understanding(str(tmp_path))


def test_a_recognition_in_doubt_has_no_tool() -> None:
    (finding,) = tuning.judge(
        [tuning.Case("human", "x")], lambda text: Found("human", doubtful=True), ["create_ticket"]
    )
    assert finding.tool is None
