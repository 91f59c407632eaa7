"""The demo bank's database, as new for each test, and its tools."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from banker import Banker
from banker.config.settings import Config, ServerSettings, SpeechSettings
from banker.config.tenant import ConfigBlock, IdentitySettings, PolicySettings, Tenant
from banker.rtc.facade import MediaFacade
from banker.tools.toolbox import Toolbox
from examples.bank import Bank, create_bank, install


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


@pytest.fixture
def bank(database: Path) -> Bank:
    return Bank(database)


@pytest.fixture
def visit(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FlaskClient]]:
    """Return a function that makes a visitor of the bank's pages: `visit(trusted_proxies=1)`."""
    monkeypatch.setattr(MediaFacade, "prepare", lambda self, tenant: None)
    bankers: list[Banker] = []

    def visitor(per_minute: int = 3, trusted_proxies: int = 0) -> FlaskClient:
        identity = IdentitySettings(issuer="https://demo.example", algorithms=("HS256",), secret=b"d" * 32)
        block = ConfigBlock(policy=PolicySettings(rate_limit_per_minute=per_minute))
        tenants = {"demo": Tenant(tenant_id="demo", identity=identity, config=block)}
        server = ServerSettings(trusted_proxies=trusted_proxies)
        config = Config(secret_key=b"k" * 32, tenants=tenants, speech=SpeechSettings("none"), server=server)
        bankers.append(Banker(config=config))
        return create_bank(bankers[-1], bank, url_prefix="/", tenant_id="demo").test_client()

    yield visitor
    for banker in bankers:
        banker.close()


@pytest.fixture
def client(visit: Callable[..., FlaskClient]) -> FlaskClient:
    return visit()
