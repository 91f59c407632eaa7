"""The demo bank's tools over a database that does not exist yet."""

from pathlib import Path

import pytest

from banker.tools.toolbox import Toolbox
from examples.bank import Bank, install


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books" / "bank.sqlite3"


@pytest.fixture
def toolbox(path: Path) -> Toolbox:
    toolbox = Toolbox()
    install(toolbox, path, tenant_id="demo")
    return toolbox


@pytest.fixture
def books(path: Path) -> Bank:
    """The database that the tools use."""
    return Bank(path)
