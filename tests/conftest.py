"""Servers that several tests share; each starts when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.servers import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisServer]:
    """One node that owns all slots, and refuses whatever would cross them."""
    server = RedisServer(cluster=True)
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_tls() -> Iterator[RedisServer]:
    server = RedisServer(tls=True)
    yield server
    server.close()
