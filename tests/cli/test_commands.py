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


def test_check_reports_a_valid_configuration_and_asks_for_the_numbers_to_call(bank, folder):
    done = flask("banker", "check", environ=bank)
    missing = [line for line in done.stdout.splitlines() if line.startswith("note: ")]
    assert ["safety.emergency_number" in missing[0], "safety.fraud_number" in missing[1], len(missing)] == [
        True,
        True,
        2,
    ]
    with (folder / "tenants" / "bank.toml").open("a") as file:
        file.write('\n[safety]\nemergency_number = "911"\nfraud_number = "555 0100"\n')
    done = flask("banker", "check", environ=bank)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok: 1 tenant(s): bank\n", "")


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


def test_check_validates_avatar_pictures(bank, folder):
    (folder / "tenants" / "bank.toml").write_text('avatar = "own"\n' + BANK)
    own = folder / "avatars" / "own"
    own.mkdir(parents=True)
    (own / "manifest.toml").write_text('size = 64\nmouths = [["a.png"], ["b.png"]]\n')
    done = flask("banker", "check", environ=bank)
    assert done.returncode == 1
    assert f"{own}/manifest.toml: idle: " in done.stderr and "Traceback" not in done.stderr


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
        (["--tenant", "nobody", "--user", "u"], "there is no tenant 'nobody'; there are: bank"),
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


def test_help_lists_the_commands(bank):
    done = flask("banker", "--help", environ=bank)
    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in ("audit", "chat", "check", "evaluate", "test", "token"))
