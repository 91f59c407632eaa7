"""The Redis client of a process: the URLs that it takes, and how it meets servers that fail."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import redis
from redis.cluster import RedisCluster

from banker.server.redis import RedisUrlError, open_redis
from tests.servers import RedisClusterServers, RedisSentinel, RedisServer, free_port, wait_until


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    server = RedisServer()
    yield server
    server.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgres://127.0.0.1", "must start with redis://"),
        ("postgres+sentinel://127.0.0.1/bank", "must start with redis://"),
        ("redis+sentry://127.0.0.1", "must start with redis://"),
        ("redis://:hush@", "must name a host"),
        ("redis://[::1", "an IPv6 address"),
        ("redis://:hush@127.0.0.1:x", "a port that is not a number"),
        ("redis://127.0.0.1:70000", "a port that is not a number"),
        ("redis://:hush@127.0.0.1,127.0.0.2", "write redis+sentinel:// or redis+cluster://"),
        ("redis://127.0.0.1/bank", "must end in a database number"),
        ("redis://:hu#sh@127.0.0.1", "write # as %23"),
        ("redis+sentinel://127.0.0.1", "the name of the service"),
        ("redis+sentinel:///bank", "must name a host"),
        ("redis+sentinel://127.0.0.1:x/bank", "a port that is not a number"),
        ("redis+cluster://127.0.0.1,,", "must name a host"),
        ("redis+cluster://127.0.0.1/1", "no numbered databases"),
        ("redis+cluster://127.0.0.1?db=1", "no numbered databases"),
        ("redis://127.0.0.1?db=first", "a value of the wrong type"),
        ("redis://:hush@127.0.0.1?socket_timeout=5", "unknown option 'socket_timeout'"),
        ("redis+cluster://127.0.0.1?read_from_replicas=1", "unknown option 'read_from_replicas'"),
        ("redis://127.0.0.1?ssl_cert_reqs=none", "needs TLS: write rediss"),
        ("rediss://127.0.0.1?ssl_cert_reqs=maybe", "must be one of: none, optional, required"),
        ("rediss+cluster://127.0.0.1?ssl_ca_certs=/nothing/here", "/nothing/here cannot be read"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused_with_the_reason_and_without_the_password(url: str, reason: str) -> None:
    with pytest.raises(RedisUrlError) as raised:
        open_redis(url, 1.0)
    assert reason in str(raised.value)
    assert "hu" not in str(raised.value)


def test_a_server_is_reached_by_tcp_tls_and_its_socket(redis_tls: RedisServer) -> None:
    server = RedisServer("--unixsocket", "redis.sock", "--requirepass", "pass@word")
    try:
        socket_path = (
            server.cli("--no-auth-warning", "-a", "pass@word", "config", "get", "dir").split()[-1] + "/redis.sock"
        )
        for url in (
            f"redis://:pass%40word@127.0.0.1:{server.port}/1",
            f"unix://{socket_path}?db=1&password=pass@word",
        ):
            client = open_redis(url, 2.0)
            assert client.incr("visits")
        assert client.get("visits") == b"2"
        assert open_redis(redis_tls.url, 2.0).ping()
    finally:
        server.close()


def test_sentinel_and_its_master_have_users_of_their_own(server: RedisServer) -> None:
    sentinel = RedisSentinel(server)
    try:
        server.cli("config", "set", "requirepass", "the-master's")
        sentinel.cli("sentinel", "set", "bank", "auth-pass", "the-master's")
        sentinel.cli("acl", "setuser", "watcher", "on", ">the-sentinel's", "+@all")
        sentinel.cli("acl", "setuser", "default", "off")
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}"
        own = "sentinel_username=watcher&sentinel_password=the-sentinel's"
        client = open_redis(f"redis+sentinel://:the-master's@{hosts}/bank?db=3&{own}", 2.0)
        client.set("name", "Zoë")
        assert client.connection_pool.get_connection().db == 3
        for url in (f"redis+sentinel://:the-master's@{hosts}/bank", f"redis+sentinel://{hosts}/bank?{own}"):
            with pytest.raises(redis.RedisError):
                open_redis(url, 2.0).ping()
    finally:
        sentinel.close()


@pytest.mark.parametrize("scheme", ["redis", "redis+sentinel", "redis+cluster"])
def test_nothing_connects_before_the_first_command_which_fails_at_once(scheme: str) -> None:
    client = open_redis(f"{scheme}://127.0.0.1:{free_port()}/" + ("bank" if "sentinel" in scheme else ""), 2.0)
    script = client.register_script("return 1")
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(redis.RedisError):
            script(keys=["x"])
    assert time.monotonic() - began < 1.0
    client.close()


def test_a_cluster_that_was_down_is_found_later() -> None:
    cluster = RedisClusterServers()
    try:
        cluster.nodes[0].stop()
        client = open_redis(cluster.url, 2.0)
        with pytest.raises(redis.ConnectionError):
            client.get("x")
        cluster.nodes[0].start()
        wait_until(lambda: answers(client), limit=20, what="the cluster being ready")
        assert isinstance(client, RedisCluster)
    finally:
        cluster.close()


def answers(client: RedisCluster) -> bool:
    try:
        client.get("x")
    except redis.RedisError:
        return False
    return True


@pytest.mark.parametrize("kind", ["one", "sentinel", "cluster"])
def test_a_silent_server_is_given_up_after_the_timeout(kind: str, server: RedisServer) -> None:
    servers: dict[str, RedisServer | RedisSentinel | RedisClusterServers] = {"one": server}
    servers |= {"sentinel": RedisSentinel(server)} if kind == "sentinel" else {}
    servers |= {"cluster": RedisClusterServers()} if kind == "cluster" else {}
    client = open_redis(servers[kind].url, 0.5)
    client.get("x")
    frozen = servers["cluster"] if kind == "cluster" else server
    assert not isinstance(frozen, RedisSentinel)
    with frozen.frozen():
        began = time.monotonic()
        with pytest.raises(redis.RedisError):
            client.get("x")
        assert 0.4 < time.monotonic() - began < 10  # redis-py by itself would wait for ever
    for one in servers.values():
        one.close()


def test_a_connection_that_the_server_closed_is_replaced_before_its_use(server: RedisServer) -> None:
    client = open_redis(server.url, 2.0)
    number = client.client_id()
    server.cli("client", "kill", "id", str(number))
    assert client.set("number", 1)
    assert client.client_id() != number


def test_a_script_that_the_server_has_forgotten_is_sent_again(redis_cluster: RedisClusterServers) -> None:
    client = open_redis(redis_cluster.url, 2.0)
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    client.delete("number")
    assert add(keys=["number"], args=[2]) == 2
    for node in redis_cluster.nodes:
        node.cli("script", "flush")
    assert add(keys=["number"], args=[3]) == 5


@pytest.mark.parametrize("fixture", ["redis_server", "redis_cluster"])
def test_a_fork_has_connections_of_its_own(fixture: str, request: pytest.FixtureRequest) -> None:
    client = open_redis(request.getfixturevalue(fixture).url, 2.0)
    client.get("x")
    number = identify_connection(client)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(identify_connection(client)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        assert int(answer.read()) != number
    assert os.waitpid(child, 0)[1] == 0
    assert identify_connection(client) == number


def identify_connection(client: redis.Redis | RedisCluster) -> int:
    """The id of the connection to the node of the key x."""
    if isinstance(client, RedisCluster):
        return int(client.client_id(target_nodes=client.get_node_from_key("x")))
    return int(client.client_id())


def test_configuration_without_redis_does_not_import_it() -> None:
    program = "import sys, banker.extension; assert 'redis' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
