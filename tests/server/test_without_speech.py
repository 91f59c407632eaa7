"""With the packages of requirements.txt alone the demo serves text and says that it neither speaks nor hears."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.client import Customer
from tests.e2e.bank import bank
from tests.servers import ROOT, Gunicorn

pytestmark = pytest.mark.timeout(300)  # on a new machine the packages have to be fetched first

REQUIREMENTS = ROOT / "requirements.txt"
NAMES = "import importlib.metadata as m; print(*sorted(d.metadata['Name'] for d in m.distributions()))"


def supported_versions() -> list[str]:
    """Return the versions of Python that pyproject.toml names, the oldest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = [re.search(r"Python :: (3\.\d+)$", classifier) for classifier in project["classifiers"]]
    return [match[1] for match in found if match]


def interpreter(version: str) -> str | None:
    """Return a Python of this version: the tests' own, one on the PATH, or one of pyenv's, whose shims may refuse."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [Path(sys.executable).parent, *map(Path, os.get_exec_path()), *sorted(pyenv.glob("versions/*/bin"))]
    for path in (folder / f"python{version}" for folder in folders):
        if shutil.which(path) and subprocess.run([path, "-c", "import venv"], capture_output=True).returncode == 0:
            return str(path)
    return None


def interpreters() -> dict[str, str]:
    """Return the oldest supported Python and the newest that this machine has, by version."""
    found = {version: path for version in supported_versions() if (path := interpreter(version))}
    return {version: found[version] for version in (min(found, key=minor), max(found, key=minor))}


def minor(version: str) -> int:
    return int(version.partition(".")[2])


PYTHONS = interpreters()


@pytest.fixture(scope="module", params=PYTHONS.values(), ids=PYTHONS.keys())
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment in which requirements.txt is installed and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([request.param, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-compile", "--require-hashes", "-r", REQUIREMENTS], check=True)
    return python


@pytest.fixture(scope="module")
def service(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """The demo, whose configuration asks for every engine, under gunicorn."""
    server = bank(tmp_path_factory.mktemp("demo"), python=python)
    yield server
    server.close()


@pytest.fixture
def customer(service: Gunicorn) -> Iterator[Customer]:
    """Dana, who has signed in at the bank's page and has a session."""
    page = requests.Session()
    form = re.search(r'name="csrf_token" value="(\w+)"', page.get(f"{service.url}/login", timeout=10).text)
    assert form is not None
    signed_in = {"login": "dana", "password": "demo", "csrf_token": form[1]}
    accounts = page.post(f"{service.url}/login", data=signed_in, timeout=10)
    token = re.search(r'csrf-token="(\w+)"', accounts.text)
    assert token is not None
    answer = page.post(f"{service.url}/banker-session", headers={"X-CSRF-Token": token[1]}, timeout=10)
    assert answer.status_code == 201
    with Customer(service.url, tenant="demo", user="demo-customer") as customer:
        customer.session = answer.json()
        customer.connect()
        yield customer


def assert_answers_honestly(customer: Customer) -> None:
    ready = customer.events.wait_for("session.ready")
    assert (ready["voice"], ready["hearing"]) == (False, False)
    customer.consent(ready["consent_version"])
    customer.events.wait_for("transcript", role="banker", final=True)
    customer.send({"type": "message.send", "text": "What is my balance?"})
    customer.events.wait_for("transcript", role="user", text="What is my balance?", final=True)
    answer = customer.events.wait_for("transcript", role="banker", final=True, nth=2)
    assert answer["text"].startswith("I'm sorry, I can't answer questions at the moment.")


def test_only_what_requirements_txt_names_can_be_imported(python: Path) -> None:
    installed = subprocess.run([python, "-c", NAMES], check=True, capture_output=True, text=True).stdout.split()
    named = re.findall(r"^([\w.-]+)==", REQUIREMENTS.read_text(), re.MULTILINE)
    assert {normal(name) for name in installed} <= {normal(name) for name in named}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_a_conversation_in_text_over_the_websocket(customer: Customer) -> None:
    assert_answers_honestly(customer)


def test_a_conversation_in_text_over_the_data_channel(customer: Customer) -> None:
    customer.call(video=True)
    assert_answers_honestly(customer)


def test_the_log_names_the_extra_to_install(service: Gunicorn) -> None:
    assert service.log.count("install the extra [speech]") == 3
    assert "Traceback" not in service.log
