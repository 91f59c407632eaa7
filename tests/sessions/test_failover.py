"""A fail-over, as one Redis, Sentinel and Cluster have it: held connections fail, and nothing has to be restarted."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis

from banker.audit.chain import Seal
from banker.audit.redis_trail import HEAD, RedisTrail, read_stream
from banker.audit.verify import verify
from banker.server.redis import RedisClient, open_redis
from banker.sessions import RedisStore, Session, SessionEnded, SessionStore, StoreUnavailable
from tests.audit.trails import KEY, event
from tests.servers import RedisClusterServers, RedisSentinel, RedisServer, wait_until
from tests.sessions.conftest import a_session, at_once

THREADS = 4
TIMEOUT_S = 15.0
"""On a busy machine a server may take seconds to answer; what fails here is refused and takes no time."""
OpenStore = Callable[[RedisClient], RedisStore]


@pytest.fixture
def servers() -> Iterator[list[RedisServer]]:
    """A master and its replica, in step."""
    master = RedisServer()
    replica = RedisServer("--replicaof", "127.0.0.1", str(master.port))
    wait_until(lambda: is_in_step(replica), limit=60, what="the replica following its master")
    yield [master, replica]
    for server in (master, replica):
        server.close()


@pytest.fixture
def sentinel(servers: list[RedisServer]) -> Iterator[RedisSentinel]:
    sentinel = RedisSentinel(servers[0])
    wait_until(lambda: sentinel.replicas() == 1, limit=60, what="Sentinel knowing the replica")
    yield sentinel
    sentinel.close()


@pytest.fixture
def open_store() -> Iterator[OpenStore]:
    """Opens stores, and closes them."""
    with contextlib.ExitStack() as stack:
        yield lambda client: stack.enter_context(contextlib.closing(RedisStore(client, TIMEOUT_S)))


def is_in_step(replica: RedisServer) -> bool:
    return "master_link_status:up" in replica.cli("info", "replication")


def demote(server: RedisServer, master: RedisServer) -> None:
    server.cli("replicaof", "127.0.0.1", str(master.port))
    wait_until(lambda: is_in_step(server), limit=60, what="the demoted master following its successor")


def hold_connections(client: RedisClient) -> None:
    """Leave several idle connections in the pool."""
    at_once(THREADS, lambda _: client.eval("for n = 1, 3e6 do end return 1", 1, "x"))


def takes_writes(store: SessionStore, session: Session) -> bool:
    try:
        store.check()
        store.create(session)
        store.append_turn(session.session_id, {"turn": 1})
    except StoreUnavailable:
        return False
    return store.get(session.session_id) == session


def finds(store: SessionStore, session: Session) -> bool:
    with contextlib.suppress(StoreUnavailable):
        return store.get(session.session_id) == session
    return False


def test_a_demoted_master_is_not_ready_and_serves_again_once_promoted(
    servers: list[RedisServer], open_store: OpenStore, session: Session
) -> None:
    master, other = servers
    client = open_redis(master.url, TIMEOUT_S)
    store, trail = open_store(client), RedisTrail(client, Seal(KEY), TIMEOUT_S)
    hold_connections(client)
    store.create(session)
    trail.append(event())
    wait_until(lambda: other.cli("exists", HEAD) == "1", limit=60, what="the replica having the audit trail")
    other.cli("replicaof", "no", "one")
    demote(master, other)
    for call in (
        store.check,
        lambda: store.create(a_session(session.created_at)),
        lambda: store.update(session.session_id, lambda s: replace(s, state="active")),
        lambda: store.append_turn(session.session_id, {"turn": 1}),
        lambda: trail.append(event()),
    ):
        with pytest.raises((StoreUnavailable, redis.RedisError)):
            call()

    master.cli("replicaof", "no", "one")
    assert all(at_once(2 * THREADS, lambda n: takes_writes(store, a_session(session.created_at))))
    trail.append(event())
    assert verify(*read_stream(client), Seal(KEY)).problem is None


def test_a_write_to_a_demoted_master_is_repeated_at_the_master_that_sentinel_names(
    servers: list[RedisServer],
    sentinel: RedisSentinel,
    open_store: OpenStore,
    session: Session,
) -> None:
    master, other = servers
    client = open_redis(sentinel.url, TIMEOUT_S)
    store, trail = open_store(client), RedisTrail(client, Seal(KEY), TIMEOUT_S)
    trail.append(event())
    hold_connections(client)
    other.cli("replicaof", "no", "one")
    sentinel.watch(other)
    demote(master, other)
    trail.append(event())
    assert all(at_once(2 * THREADS, lambda _: takes_writes(store, a_session(session.created_at))))
    assert verify(*read_stream(client), Seal(KEY)).problem is None


def test_sentinel_replaces_a_master_that_died(
    servers: list[RedisServer],
    sentinel: RedisSentinel,
    open_store: OpenStore,
    session: Session,
) -> None:
    client = open_redis(sentinel.url, TIMEOUT_S)
    store, elsewhere = open_store(client), open_store(open_redis(sentinel.url, TIMEOUT_S))
    received, gaps = [], []
    store.watch(received.append, lambda: gaps.append("gap"))
    assert takes_writes(store, session)
    wait_until(lambda: servers[1].cli("keys", "*:session"), limit=60, what="the replica having the session")
    servers[0].stop()
    with pytest.raises(StoreUnavailable):
        store.check()
    other_session = a_session(session.created_at)
    wait_until(lambda: takes_writes(store, other_session), limit=60, what="writes at the new master")
    wait_until(lambda: finds(store, session), limit=60, what="the session at the new master")
    wait_until(lambda: gaps, limit=60, what="a call of on_gap")
    elsewhere.announce(SessionEnded("sess-1", "ended"))
    wait_until(lambda: received == [SessionEnded("sess-1", "ended")], limit=60, what="receiving the notice")


def test_a_cluster_replaces_a_master_that_died(open_store: OpenStore, session: Session) -> None:
    cluster = RedisClusterServers(masters=3, replicas=1)
    try:
        store, elsewhere = (open_store(open_redis(cluster.url, TIMEOUT_S)) for _ in range(2))
        received, gaps = [], []
        store.watch(received.append, lambda: gaps.append("gap"))
        sessions = [a_session(session.created_at) for _ in range(30)]
        assert all(takes_writes(store, one) for one in sessions)
        cluster.nodes[0].stop()
        others = [a_session(session.created_at) for _ in range(30)]
        for one in others:
            wait_until(lambda s=one: takes_writes(store, s), limit=60, what="writes in all slots")
        assert [store.get(one.session_id) for one in sessions] == sessions

        def is_received() -> bool:
            with contextlib.suppress(StoreUnavailable):
                elsewhere.announce(SessionEnded("sess-1", "ended"))
            return bool(received)

        wait_until(is_received, limit=60, what="receiving a notice")
        assert set(received) == {SessionEnded("sess-1", "ended")}
    finally:
        cluster.close()


def test_a_server_that_loads_its_data_is_unavailable_until_it_has(open_store: OpenStore, session: Session) -> None:
    # Each of 150 keys takes 20 ms, and the server answers between them.
    server = RedisServer("--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024")
    try:
        store = open_store(open_redis(server.url, TIMEOUT_S))
        assert takes_writes(store, session)
        server.cli("eval", "for n = 1, 150 do redis.call('SET', n, string.rep('x', 1e4)) end", "0")
        server.cli("config", "set", "rdbcompression", "no")
        server.cli("save")
        server.stop()
        server.start()
        assert "loading:1" in server.cli("info", "persistence")
        with pytest.raises(StoreUnavailable) as raised:
            store.check()
        assert isinstance(raised.value.__cause__, redis.BusyLoadingError)
        server.cli("config", "set", "key-load-delay", "0")
        wait_until(lambda: takes_writes(store, session), limit=60, what="the data being loaded")
    finally:
        server.close()
