"""A Redis that the service cannot use ends the start in one line; one that is away does not."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from banker.server.redis import redis_mistakes
from tests.servers import (
    ROOT,
    LossyProxy,
    RedisClusterServers,
    RedisSentinel,
    RedisServer,
    config_environment,
    free_port,
    write_config,
)

TIMEOUT_S = 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def sentinel(server: RedisServer) -> Iterator[RedisSentinel]:
    sentinel = RedisSentinel(server)
    yield sentinel
    sentinel.close()


def mistake(url: str) -> str:
    """The one line about this Redis, without its beginning and without the password."""
    (line,) = redis_mistakes(url, TIMEOUT_S)
    assert line.startswith("environment: BANKER_REDIS_URL: ")
    assert "hush" not in line
    return line.removeprefix("environment: BANKER_REDIS_URL: ")


def test_a_server_and_a_cluster_are_told_apart(server: RedisServer, redis_cluster: RedisClusterServers) -> None:
    node = redis_cluster.nodes[0]
    assert redis_mistakes(server.url, TIMEOUT_S) == redis_mistakes(redis_cluster.url, TIMEOUT_S) == []
    assert "write redis+cluster://" in mistake(f"redis://127.0.0.1:{node.port}/0")
    assert "write redis://" in mistake(f"redis+cluster://127.0.0.1:{server.port}")


def test_a_server_and_a_sentinel_are_told_apart(server: RedisServer, sentinel: RedisSentinel) -> None:
    assert redis_mistakes(sentinel.url, TIMEOUT_S) == []
    assert "write redis+sentinel://" in mistake(f"redis://127.0.0.1:{sentinel.port}")
    assert "write redis://" in mistake(f"redis+sentinel://127.0.0.1:{server.port}/bank")
    assert "does not watch 'shop' but bank" in mistake(f"redis+sentinel://127.0.0.1:{sentinel.port}/shop")


def test_a_replica_is_refused(server: RedisServer) -> None:
    replica = RedisServer("--replicaof", "127.0.0.1", str(server.port))
    try:
        assert "this is a replica" in mistake(replica.url)
    finally:
        replica.close()


def test_a_redis_that_is_too_old_is_refused(server: RedisServer) -> None:
    version = re.search(r"redis_version:\d", server.cli("info", "server"))
    assert version is not None
    proxy = LossyProxy(server.port, forged=(version[0].encode(), b"redis_version:5"))
    try:
        assert "is too old; use 6.2 or newer" in mistake(f"redis://127.0.0.1:{proxy.port}/0")
    finally:
        proxy.close()


def test_a_wrong_password_and_a_narrow_acl_are_refused(server: RedisServer) -> None:
    assert "password is wrong" in mistake(f"redis://:hush@127.0.0.1:{server.port}/0")
    for user, rules in (
        ("shop", "~shop:* &* +@all"),
        ("deaf", "~* resetchannels +@all"),
        ("reader", "~* &* +@read +@connection +info"),
    ):
        server.cli("acl", "setuser", user, "on", ">hush", *rules.split())
        assert "is too narrow" in mistake(f"redis://{user}:hush@127.0.0.1:{server.port}/0")


def test_a_certificate_that_nobody_vouches_for_is_refused(redis_tls: RedisServer) -> None:
    assert redis_mistakes(redis_tls.url, TIMEOUT_S) == []
    assert "ssl_ca_certs" in mistake(f"rediss://localhost:{redis_tls.port}/0")


@pytest.mark.parametrize("scheme", ["redis", "redis+sentinel", "redis+cluster"])
def test_a_redis_that_is_away_does_not_stop_the_start(scheme: str) -> None:
    assert redis_mistakes(f"{scheme}://127.0.0.1:{free_port()}/" + ("bank" if "sentinel" in scheme else ""), 1.0) == []


def test_gunicorn_ends_with_the_line_alone(tmp_path: Path, redis_cluster: RedisClusterServers) -> None:
    url = f"redis://127.0.0.1:{redis_cluster.nodes[0].port}/0"
    environ = {"BANKER_CONFIG": str(write_config(tmp_path)), "BANKER_REDIS_URL": url, "PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "app:app"],
        cwd=ROOT,
        env=config_environment() | environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    (line,) = (line for line in done.stderr.splitlines() if "] Starting gunicorn " not in line)
    assert line == ("environment: BANKER_REDIS_URL: this is a Redis Cluster; write redis+cluster://host:6379")
