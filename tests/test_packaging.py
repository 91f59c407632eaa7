"""Installed with pip into an environment of its own, and used by a host in another folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOST = '''
from flask import Flask

from banker import Banker, Caller

app = Flask(__name__)
banker = Banker(app)


@banker.tool
def get_account_status(caller: Caller, account_id: str = "acc-1") -> dict[str, str]:
    """The balance and state of one account."""
    return {"account_id": account_id, "balance": "12.34", "currency": "USD", "user": caller.user_id}


@app.post("/banker-session")
def banker_session() -> tuple[dict[str, object], int]:
    return banker.create_session(user_id="dana"), 201
'''
USE = """
import json
from pathlib import Path
import banker
from banker.rtc.video.avatar import Avatar
from host import app, banker as service
client = app.test_client()
answer = client.post("/banker-session").json
avatar = Avatar.load(service.config.folder / "avatars" / "default", answer["config"]["theme"]["primaryColor"])
print(json.dumps({
    "home": banker.__file__,
    "health": client.get("/banker/health").json,
    "script": client.get("/banker/widget/widget.js").status_code,
    "greeting": answer["config"]["greeting"],
    "picture": len(avatar.frame(avatar.name("idle"))),
}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with host.py, and `venv`: the package as pip builds it, beside what the tests have installed.

    Nothing is fetched: the environment of the tests lends its packages, the tools that build among them.
    """
    folder = tmp_path_factory.mktemp("host")
    sources = folder / "sources"
    for name in ("banker", "config"):
        shutil.copytree(ROOT / name, sources / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, sources)
    run("-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    offline = ("--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation")
    run("-m", "pip", "install", "-q", *offline, "--target", site, sources, cwd=folder)
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"))
    shutil.rmtree(sources)
    (folder / "host.py").write_text(HOST)
    return folder


def run(
    *arguments: object, cwd: Path, python: object = sys.executable, status: int = 0, given: str = "", demo: str = "1"
) -> str:
    """What a Python prints, its errors too where it shall fail; of the banker's environment it has `BANKER_DEMO`."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("BANKER_", "FLASK_", "PYTHON"))}
    environ["BANKER_DEMO"] = demo
    command = [str(part) for part in (python, *arguments)]
    done = subprocess.run(command, cwd=cwd, env=environ, input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stdout + done.stderr


def test_a_host_has_the_service_the_widget_a_demo_tenant_and_a_face(folder: Path) -> None:
    found = json.loads(run("-c", USE, cwd=folder, python=folder / "venv/bin/python"))
    assert Path(found["home"]).is_relative_to(folder)
    assert found["health"] == {"status": "healthy"}
    assert found["script"] == 200
    assert found["greeting"].startswith("Hello, and welcome to Demo Bank.")
    assert found["picture"] > 1000


def test_the_commands_are_the_hosts(folder: Path) -> None:
    flask = ("-m", "flask", "--app", "host", "banker")
    python = folder / "venv/bin/python"
    assert run(*flask, "check", cwd=folder, python=python) == "ok: 1 tenant(s): demo\n"
    assert run(*flask, "token", "--tenant", "demo", "--user", "dana", cwd=folder, python=python).count(".") == 2
    talk = run(*flask, "chat", "--tenant", "demo", cwd=folder, python=python, given="what is my balance?\n")
    assert "$12.34" in talk


def test_gunicorn_finds_the_settings_of_the_package(folder: Path) -> None:
    gunicorn = ("-m", "gunicorn", "-c", "python:banker.server.gunicorn")
    printed = run(*gunicorn, "--print-config", "host:app", cwd=folder, python=folder / "venv/bin/python")
    settings = dict(line.split(" = ", 1) for line in printed.splitlines() if " = " in line)
    settings = {name.strip(): text.strip() for name, text in settings.items()}
    assert (settings["threads"], settings["graceful_timeout"]) == ("40", "20")
    assert "BankerWorker" in settings["worker_class"]


def test_a_host_without_a_configuration_learns_what_it_needs(folder: Path) -> None:
    check = ("-m", "flask", "--app", "host", "banker", "check")
    printed = run(*check, cwd=folder, python=folder / "venv/bin/python", status=1, demo="")
    assert "set BANKER_CONFIG" in printed
    assert "BANKER_SECRET_KEY: is missing" in printed
    assert "Traceback" not in printed


def test_a_type_checker_sees_the_types(folder: Path) -> None:
    wrong = "from host import banker\n\nbanker.create_session(user_id=None)\n"
    (folder / "wrong.py").write_text(wrong)
    mypy = ("-m", "mypy", "--strict", "--python-executable", folder / "venv/bin/python")
    printed = run(*mypy, "host.py", "wrong.py", cwd=folder, status=1)
    assert printed.splitlines()[-1].startswith("Found 1 error in 1 file")
    assert (
        'wrong.py:3: error: Argument "user_id" to "create_session" of "Banker" has incompatible type "None"' in printed
    )
