"""Run the commands as a user does: `flask banker …` in the project's folder."""

import os
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from banker.config.loading import load
from banker.config.tenant_files import DEMO_SECRET
from banker.identity import Verifier

ROOT = Path(__file__).resolve().parents[2]
BANK = """
tenant_id = "bank"
[identity]
issuer = "https://bank.example"
algorithms = ["HS256"]
secret_env = "BANK_SECRET"
"""
DEMO = {"BANKER_DEMO": "1"}


def flask(*arguments, environ, stdin=""):
    """Run `flask` with `environ` as the only settings of the service in the environment."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(("BANKER_", "DEMO_", "FLASK_"))}
    return subprocess.run(
        [sys.executable, "-m", "flask", *arguments],
        cwd=ROOT,
        env={**inherited, **environ},
        capture_output=True,
        input=stdin,
        text=True,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "bank.toml").write_text(BANK)
    return tmp_path


@pytest.fixture
def bank(folder):
    return {"BANKER_CONFIG": str(folder), "BANKER_SECRET_KEY": "k" * 32, "BANK_SECRET": "s" * 32}


SPANISH = '[speech]\nlanguage = "es"\n'
NUMBERS = '\n[safety]\nemergency_number = "911"\nfraud_number = "555 0100"\n'
HOST = """
from flask import Flask
from banker import Banker

app = Flask("host")
banker = Banker(app)

@banker.tool
def get_account_status(caller): return {}

@banker.tool
def frobnicate(caller): return {}

@banker.tool
def order_pizza(caller):
    "Order a pizza."
    return {}
"""


def test_check_reports_a_valid_configuration(bank, folder):
    (folder / "tenants" / "bank.toml").write_text(BANK + NUMBERS)
    done = flask("banker", "check", environ=bank)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok: 1 tenant(s): bank\n", "")


def test_check_asks_for_the_numbers_to_call_outside_demo_mode(bank, folder):
    done = flask("banker", "check", environ=bank)
    where = f"{folder}/tenants/bank.toml: safety"
    missing = [f"{where}.{name}_number: is missing; set the number to call" for name in ("emergency", "fraud")]
    assert (done.returncode, done.stderr.removeprefix("Error: ").splitlines()) == (1, missing)
    done = flask("banker", "check", environ={**bank, "BANKER_DEMO": "1"})
    assert done.returncode == 0, done.stderr


def test_check_names_tools_that_are_missing_and_tools_that_nobody_can_ask_for(bank, folder, tmp_path):
    (tmp_path / "host.py").write_text(HOST)
    allowed = '\n[config]\nallowed_tools = ["get_account_status", "frobnicate", "order_pizza", "pay_rent"]\n'
    (folder / "tenants" / "bank.toml").write_text(BANK + NUMBERS + allowed)
    done = flask("--app", str(tmp_path / "host.py"), "banker", "check", environ=bank)
    assert (done.returncode, done.stdout) == (1, "")
    missing, unreached = done.stderr.removeprefix("Error: ").splitlines()
    assert missing.startswith(f"{folder}/tenants/bank.toml: config.allowed_tools: ") and "'pay_rent'" in missing
    assert unreached.startswith("tool frobnicate: examples: ") and f"{folder}/skills/frobnicate.toml" in unreached
    (folder / "skills").mkdir()
    (folder / "skills" / "frobnicate.toml").write_text(
        'title = "frobnicate"\ntool = "frobnicate"\nexamples = ["please frobnicate", "frobnicate it"]\n'
    )
    (folder / "tenants" / "bank.toml").write_text(BANK + NUMBERS + allowed.replace(', "pay_rent"', ""))
    done = flask("--app", str(tmp_path / "host.py"), "banker", "check", environ=bank)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "content", "line"),
    [
        ("skills/pay_rent.toml", 'title = "pay the rent"\nexamples = []\n', "skills/pay_rent.toml: examples"),
        ("knowledge/bank/cards.md", "# Cards\n\n## Lost\n\n- a list\n", "knowledge/bank/cards.md: line 5"),
        ("tenants/other.toml", BANK.replace("bank", "other") + SPANISH, "tenants/other.toml: speech.language"),
    ],
)
def test_a_mistake_in_a_skill_a_page_or_a_language_stops_the_start(bank, folder, file, content, line):
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(content)
    for command in (["banker", "check"], ["routes"]):
        done = flask(*command, environ={**bank, "OTHER_SECRET": "t" * 32})
        assert done.returncode == 1, done.stdout
        assert done.stderr.removeprefix("Error: ").startswith(f"{folder}/{line}: "), done.stderr
        assert "Traceback" not in done.stderr


def test_check_reports_every_mistake_at_once_and_fails(bank, folder):
    (folder / "banker.toml").write_text("[limits]\ntenant_per_minute = 0\n")
    (folder / "tenants" / "other.toml").write_text(BANK)
    done = flask("banker", "check", environ={**bank, "BANKER_SECRET_KEY": "short"})
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.replace(f"{folder}/", "").rpartition(": ")[0] for line in lines] == [
        "banker.toml: limits.tenant_per_minute",
        "tenants/other.toml: tenant_id",
        "tenants/other.toml: identity.issuer",
        "environment: BANKER_SECRET_KEY",
    ]


def test_check_validates_avatar_pictures_and_the_storage(bank, folder):
    (folder / "tenants" / "bank.toml").write_text('avatar = "own"\n' + BANK)
    own = folder / "avatars" / "own"
    own.mkdir(parents=True)
    (own / "manifest.toml").write_text('size = 64\nmouths = [["a.png"], ["b.png"]]\n')
    done = flask("banker", "check", environ=bank | {"BANKER_AUDIT__FILE": str(own / "manifest.toml" / "audit.jsonl")})
    assert done.returncode == 1
    assert f"{own}/manifest.toml: idle: " in done.stderr and "Traceback" not in done.stderr
    assert f"cannot be written: {own}/manifest.toml is not a folder" in done.stderr


@pytest.mark.parametrize(
    "changed",
    [
        {"BANKER_SECRET_KEY": ""},
        {"BANK_SECRET": DEMO_SECRET},
        {"BANKER_CONFIG": "nowhere"},
        {"BANKER_REDIS_URL": "redis://["},
        {"BANKER_REDIS_URL": "redis://x/0?socket_timeout=soon"},
        {"BANKER_LIMIT__X": "1"},
    ],
)
def test_an_error_at_start_up_is_one_line_without_a_traceback(bank, changed):
    done = flask("banker", "check", environ={**bank, **changed})
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.count(": ") >= 1 and "Traceback" not in line


def test_token_prints_a_token_that_the_service_accepts(bank):
    done = flask("banker", "token", "--tenant", "bank", "--user", "user-1", "--minutes", "5", environ=bank)
    assert (done.returncode, done.stderr) == (0, "")
    (token,) = done.stdout.splitlines()
    bearer = Verifier(load(bank["BANKER_CONFIG"], bank)).bearer(token)
    assert (bearer.tenant.tenant_id, bearer.subject, bearer.acts_for_users) == ("bank", "user-1", False)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 300


def test_token_for_a_back_end_acts_for_users(bank):
    done = flask("banker", "token", "--tenant", "bank", "--user", "portal", "--service", environ=bank)
    assert Verifier(load(bank["BANKER_CONFIG"], bank)).bearer(done.stdout.strip()).acts_for_users


def test_token_works_for_the_demo_without_configuration():
    done = flask("banker", "token", "--tenant", "demo", "--user", "user-1", environ=DEMO)
    assert done.returncode == 0, done.stderr
    jwt.decode(done.stdout.strip(), DEMO_SECRET, ["HS256"], audience="virtual-banker")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tenant", "nobody", "--user", "u"], "unknown tenant 'nobody'; known ones: bank"),
        (["--tenant", "bank", "--user", ""], "the subject must be 1 to 128 characters"),
        (["--tenant", "bank", "--user", "x" * 129], "the subject must be 1 to 128 characters"),
        (["--tenant", "bank"], "Missing option '--user'"),
        (["--tenant", "bank", "--user", "u", "--minutes", "0"], "0 is not in the range"),
        (["--tenant", "bank", "--user", "u", "--minutes", "x"], "not a valid integer"),
    ],
)
def test_a_token_that_cannot_be_minted_is_one_error_line(bank, arguments, message):
    done = flask("banker", "token", *arguments, environ=bank)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tenant_with_a_private_key_cannot_mint(bank, folder, tmp_path):
    (folder / "tenants" / "bank.toml").write_text(
        BANK.replace("HS256", "RS256").replace('secret_env = "BANK_SECRET"', 'jwks_url = "https://bank.example/jwks"')
    )
    done = flask("banker", "token", "--tenant", "bank", "--user", "u", environ=bank)
    assert done.returncode == 1
    assert "private key that only the bank has" in done.stderr


def test_chat_answers_each_line_of_standard_input():
    done = flask("banker", "chat", "--tenant", "demo", environ=DEMO, stdin="hello\nthank you\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("banker> ") >= 2


NAMES = ("audit", "chat", "check", "end", "evaluate", "sessions", "test", "token")


def test_help_lists_the_commands(bank):
    done = flask("banker", "--help", environ=bank)
    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in NAMES)
