"""Servers that several tests share, each started by the first test that asks for it, and the order of the files."""

from collections.abc import Iterator

import pytest

from tests.servers import Certificate, RedisClusterServers, RedisServer, self_signed_certificate

WAITING = ("clients", "e2e", "handover")
"""Folders of tests that mostly wait for browsers and for voices. The others mostly compute."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait among those that compute, so that waiting leaves no core idle.

    They are through when a fifth of the others is left, so that no long one is the last.
    """
    files = list(dict.fromkeys(item.path for item in items))
    waiting = [file for file in files if file.parent.name in WAITING]
    computing = [file for file in files if file.parent.name not in WAITING]
    places = {file: 0.8 * at / len(waiting) for at, file in enumerate(waiting)}
    places |= {file: at / len(computing) for at, file in enumerate(computing)}
    items.sort(key=lambda item: places[item.path])


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
