"""The demo bank's database, as new for each test, and its tools."""

import shutil
from pathlib import Path

import pytest

from banker.tools.toolbox import Toolbox
from examples.bank import Bank, install


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo data. To create one takes a while: passwords are hashed slowly on purpose."""
    path = tmp_path_factory.mktemp("new") / "bank.sqlite3"
    assert Bank(path).accounts("demo-customer")
    return path


@pytest.fixture
def database(tmp_path: Path, new_database: Path) -> Path:
    """A copy of the test's own."""
    return Path(shutil.copy(new_database, tmp_path))


@pytest.fixture
def missing(tmp_path: Path) -> Path:
    """Where there is no database yet, nor its folder."""
    return tmp_path / "books" / "bank.sqlite3"


@pytest.fixture
def toolbox(database: Path) -> Toolbox:
    toolbox = Toolbox()
    install(toolbox, database, tenant_id="demo")
    return toolbox


@pytest.fixture
def books(database: Path) -> Bank:
    """The database that the tools use."""
    return Bank(database)
