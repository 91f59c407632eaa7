"""What a caller and an operator see while Redis takes no writes, however that came, and that it passes by itself."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.http.test_errors import assert_error
from tests.servers import RedisClusterServers, RedisServer, wait_until

BEGUN, OVER = "Redis takes no commands", "Redis takes commands again"


def demote(server: RedisServer) -> Callable[[], object]:
    server.cli("replicaof", "127.0.0.1", "1")
    return lambda: server.cli("replicaof", "no", "one")


def demand_a_replica(server: RedisServer) -> Callable[[], object]:
    server.cli("config", "set", "min-replicas-to-write", "1")
    return lambda: server.cli("config", "set", "min-replicas-to-write", "0")


def fill_the_memory(server: RedisServer) -> Callable[[], object]:
    server.cli("config", "set", "maxmemory", "1")
    return lambda: server.cli("config", "set", "maxmemory", "0")


def fill_the_disk(server: RedisServer) -> Callable[[], object]:
    """Let a snapshot fail: where its file should be is a folder."""
    obstacle = Path(server.cli("config", "get", "dir").split()[-1]) / "dump.rdb"
    obstacle.mkdir()
    server.cli("config", "set", "save", "3600 1")

    def snapshot(status: str) -> None:
        server.cli("bgsave")
        wait_until(lambda: f"rdb_last_bgsave_status:{status}" in server.cli("info", "persistence"), 30, "the snapshot")

    def mend() -> None:
        obstacle.rmdir()
        snapshot("ok")

    snapshot("err")
    return mend


def load_slowly(server: RedisServer) -> Callable[[], object]:
    """Restart with data, each key of which takes 20 ms to load; the server answers in between."""
    server.cli("eval", "for n = 1, 300 do redis.call('SET', n, string.rep('x', 1e4)) end", "0")
    server.cli("config", "set", "rdbcompression", "no")
    server.cli("save")
    server.stop()
    server.start()
    return lambda: server.cli("config", "set", "key-load-delay", "0")


def lose_a_slot(server: RedisServer) -> Callable[[], object]:
    server.cli("cluster", "delslots", "0")
    wait_until(lambda: "cluster_state:fail" in server.cli("cluster", "info"), what="the cluster being down")
    return lambda: server.cli("cluster", "addslots", "0")


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, RedisServer]]:
    """One server, and the only node of a cluster."""
    with contextlib.ExitStack() as stack:
        one = RedisServer("--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024")
        cluster = RedisClusterServers()
        stack.callback(one.close)
        stack.callback(cluster.close)
        yield {"one": one, "cluster": cluster.nodes[0]}


@pytest.mark.parametrize(
    ("cause", "kind", "break_it"),
    [
        ("readonly", "one", demote),
        ("noreplicas", "one", demand_a_replica),
        ("oom", "one", fill_the_memory),
        ("misconf", "one", fill_the_disk),
        ("loading", "one", load_slowly),
        ("clusterdown", "cluster", lose_a_slot),
    ],
)
def test_writes_that_fail_are_a_503_with_the_cause_until_they_succeed_again(
    cause: str,
    kind: str,
    break_it: Callable[[RedisServer], Callable[[], object]],
    start: Callable[..., object],
    servers: dict[str, RedisServer],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = servers[kind]
    service = start(redis_url=server.url)
    session = service.session()
    service.banker.start()
    assert service.call("GET", "/health/ready").status_code == 200
    mend = break_it(server)
    try:
        ready = service.call("GET", "/health/ready")
        assert_error(ready, 503)
        assert ready.json["message"] == f"The session store takes no writes: {cause}."
        for answer in (
            ready,
            service.create(),
            service.refresh(session["session_id"], service.token()),
            service.end(session["session_id"], service.token()),
            service.post("/v1/sessions", "guess", {}),
        ):
            assert_error(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
            assert str(server.port) not in answer.text
        assert service.call("GET", "/health").status_code == 200
        (line,) = (record.getMessage() for record in caplog.records if BEGUN in record.getMessage())
        assert f"({cause})" in line
        assert OVER not in caplog.text
    finally:
        mend()
    wait_until(lambda: service.call("GET", "/health/ready").status_code == 200, limit=60, what="being ready again")
    assert service.create().status_code == 201
    assert service.refresh(session["session_id"], service.token()).status_code in (200, 404)  # a restart forgets
    wait_until(lambda: service.create().status_code == 201 and OVER in caplog.text, limit=60, what="the end in the log")
    assert sum(OVER in record.getMessage() for record in caplog.records) == 1
