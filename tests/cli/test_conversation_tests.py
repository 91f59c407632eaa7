"""Play talks as a bank's developer does: `flask banker test FILE.toml`."""

import re
from decimal import Decimal

import pytest

from banker.cli.conversation_tests.player import FinishedCall, TurnOutcome, differences
from banker.cli.conversation_tests.talk_files import ExpectedCall, TalkTurn, read_talks
from banker.tools.toolbox import Toolbox
from tests.cli.test_commands import DEMO, ROOT, flask

TALKS = [str(ROOT / "examples" / "bank" / "talks" / name) for name in ("closing.toml", "secrets.toml")]
"""`tests/examples/test_bank_talks.py` plays all of them."""


@pytest.fixture
def toolbox():
    toolbox = Toolbox()

    @toolbox.tool
    def pay(caller, amount: Decimal, to: str = ""):
        """Pay somebody."""

    return toolbox


def found(toolbox, outcome, **expected):
    return list(differences(TalkTurn("hello", **expected), outcome, toolbox))


def test_talks_that_pass_are_counted(tmp_path):
    done = flask("banker", "test", *TALKS, environ={**DEMO, "BANK_DATABASE": str(tmp_path / "bank.sqlite3")})
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("ok: 6 talks")


def test_what_differs_is_printed_with_the_turn_and_the_command_fails(tmp_path):
    talk = tmp_path / "talk.toml"
    talk.write_text(
        '[[talk]]\nname = "balance"\n[[talk.turn]]\ncustomer = "hello"\nasks = "create_ticket"\n'
        'says = ["xyzzy"]\nnever = ["."]\ntools = [{ tool = "get_account_status" }]\n'
    )
    done = flask("banker", "test", str(talk), environ={**DEMO, "BANK_DATABASE": str(tmp_path / "bank.sqlite3")})
    assert done.returncode == 1
    assert "1 of 1 turns in 1 talks differ" in done.stderr
    assert "1. customer> hello" in done.stdout
    for line in ("tools: expected get_account_status(), but none", "asks: expected create_ticket", "says: ", "never: "):
        assert line in done.stdout


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "talk: is missing"),
        ("talk = 3", "talk: "),
        ('[[talk]]\nname = "x"\n', "talk.0.turn: is missing"),
        ('[[talk]]\nname = "x"\n[[talk.turn]]\ncustomer = "a"\nsay = ["a"]\n', "talk.0.turn.0.say: there is no such"),
        ('[[talk]]\nname = "x"\n[[talk.turn]]\ncustomer = "a"\nsays = ["("]\n', "says: must be regular expressions"),
        ("[[talk", "is not TOML"),
    ],
)
def test_a_mistake_in_a_file_is_one_line_with_file_key_and_fix(tmp_path, text, mistake):
    path = tmp_path / "talk.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(f"{path}: ")) as error:
        read_talks(path)
    assert mistake in str(error.value)


def test_an_unknown_tenant_is_named(tmp_path):
    path = tmp_path / "talk.toml"
    path.write_text('[[talk]]\nname = "x"\ntenant = "other"\n[[talk.turn]]\ncustomer = "a"\n')
    done = flask("banker", "test", str(path), environ=DEMO)
    assert done.returncode == 1
    assert "unknown tenant 'other'" in done.stderr


def test_arguments_are_compared_as_the_tool_gets_them(toolbox):
    outcome = TurnOutcome((FinishedCall("pay", {"amount": "15.00", "to": "Ann"}, "ok"),), "", "Done.")
    assert not found(toolbox, outcome, tools=(ExpectedCall("pay", {"amount": "15"}),), asks="", says=("Done",))
    assert not found(toolbox, outcome, tools=(ExpectedCall("pay", {"amount": 15}),))
    assert found(toolbox, outcome, tools=(ExpectedCall("pay", {"amount": "50"}),))
    assert found(toolbox, outcome, tools=())
    assert not found(toolbox, outcome)


def test_an_argument_that_was_not_given_differs(toolbox):
    outcome = TurnOutcome((FinishedCall("pay", {"amount": "15.00"}, "ok"),), "", "Done.")
    assert found(toolbox, outcome, tools=(ExpectedCall("pay", {"to": "Ann"}),))
