"""What the tests of the hand-over share: two hosts of the demo bank over one Redis, and browsers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.bank import SILENT, bank
from tests.e2e.conftest import browser, playwright, quiet_microphone  # noqa: F401 - fixtures
from tests.servers import Gunicorn, RedisServer, wait_until

Hosts = tuple[Gunicorn, Gunicorn]
METRICS_TOKEN = "a-metrics-token-of-32-bytes-or-more"


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the books of the bank and its configuration."""
    return tmp_path_factory.mktemp("handover")


@pytest.fixture(scope="session")
def hosts(books: Path, redis_server: RedisServer) -> Iterator[Hosts]:
    """The customer's host and the colleague's, without engines.

    The second one has the staff of another bank, too, and its media runs on aiortc's public API.
    """
    environ = {**SILENT, "BANKER_REDIS_URL": redis_server.url}
    environ |= {"BANKER_METRICS__ENABLED": "true", "BANKER_METRICS_TOKEN": METRICS_TOKEN}
    slow = {**environ, "BANKER_MEDIA__FAST_PATH": "false"}
    servers = (
        bank(books, environ=environ, ready=False),
        bank(books, environ=slow, ready=False, app="tests.apps:two_banks()"),
    )
    for server in servers:
        ready = f"{server.url}/health/ready"
        wait_until(lambda ready=ready: requests.get(ready, timeout=60).ok, 120, "the host being ready")
    yield servers
    for server in servers:
        server.close()
