"""Servers that several tests share; each starts when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.servers import Certificate, RedisClusterServers, RedisServer, self_signed_certificate


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
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def redis_tls(certificate: Certificate) -> Iterator[RedisServer]:
    server = RedisServer(certificate=certificate)
    yield server
    server.close()
