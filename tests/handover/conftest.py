"""What the tests of the hand-over share: two hosts of the demo bank over one Redis, and browsers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bank import SILENT, bank
from tests.e2e.conftest import browser, playwright, quiet_microphone  # noqa: F401 - fixtures
from tests.servers import Gunicorn, RedisServer

Hosts = tuple[Gunicorn, Gunicorn]


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the books of the bank and its configuration."""
    return tmp_path_factory.mktemp("handover")


@pytest.fixture(scope="session")
def hosts(books: Path, redis_server: RedisServer) -> Iterator[Hosts]:
    """The customer's host and the colleague's, without engines. Both start at once."""
    environ = {**SILENT, "BANKER_REDIS_URL": redis_server.url}
    servers = bank(books, environ=environ, ready=False), bank(books, environ=environ, ready=False)
    yield servers
    for server in servers:
        server.close()
