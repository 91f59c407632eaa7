"""Servers that several tests share; each starts when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.servers import RedisClusterServers, RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisClusterServers]:
    """Three nodes, which refuse a script with keys of several slots."""
    cluster = RedisClusterServers(masters=3)
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def redis_tls() -> Iterator[RedisServer]:
    server = RedisServer(tls=True)
    yield server
    server.close()
