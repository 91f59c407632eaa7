"""The store in Redis: expiry by the server, outages, TLS, and a server that is full or silent."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis

from banker.server.redis import open_redis
from banker.sessions import RedisStore, Session, SessionEnded, StoreFull, StoreUnavailable, new_session_id
from tests.servers import RedisServer, free_port, wait_until
from tests.sessions.conftest import Clock


def open_store(url: str, timeout: float, clock: Callable[[], float] = time.time) -> RedisStore:
    return RedisStore(open_redis(url, timeout), timeout, clock)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def store(server: RedisServer, clock: Clock) -> Iterator[RedisStore]:
    store = open_store(server.url, 0.5, clock)
    yield store
    store.close()


def test_sessions_and_turns_are_deleted_five_minutes_after_their_expiry(
    store: RedisStore, server: RedisServer, session: Session, clock: Clock
) -> None:
    store.create(session)
    clock.advance(60)
    store.append_turn(session.session_id, {"text": "hello"})
    store.update(session.session_id, lambda s: replace(s, state="ended", reason="ended"))
    store.append_turn(session.session_id, {"text": "goodbye"})

    client = redis.Redis.from_url(server.url)
    (of_user,) = client.keys("*:sessions")
    assert 35 * 60_000 < client.pttl(of_user) <= (24 * 60 + 5) * 60_000
    keys = [key for key in client.scan_iter() if key != of_user]
    assert sorted(keys) == [f"banker:{{{session.session_id}}}:{part}".encode() for part in ("session", "turns")]
    for key in keys:
        assert 34 * 60_000 - 2000 < client.pttl(key) <= 34 * 60_000


def test_creating_is_one_round_trip_and_nothing_scans(store: RedisStore, server: RedisServer, session: Session) -> None:
    store.create(replace(session, session_id=new_session_id()))  # connects
    client = redis.Redis.from_url(server.url)
    client.config_resetstat()
    store.create(session)
    commands = set(client.info("commandstats")) - {"cmdstat_config|resetstat", "cmdstat_info"}
    assert commands == {"cmdstat_zadd", "cmdstat_zremrangebyscore", "cmdstat_expire", "cmdstat_set"}


def test_an_outage_is_reported_at_once_and_ends_with_the_servers_return(
    store: RedisStore, server: RedisServer, session: Session
) -> None:
    store.create(session)
    server.stop()
    began = time.monotonic()
    calls = [
        store.check,
        lambda: store.create(session),
        lambda: store.get(session.session_id),
        lambda: store.update(session.session_id, lambda s: s),
        lambda: store.append_turn(session.session_id, {}),
        lambda: store.turns(session.session_id),
        lambda: store.announce(SessionEnded(session.session_id, "ended")),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
    assert time.monotonic() - began < 1.0

    server.start()
    store.check()
    store.create(session)
    assert store.get(session.session_id) == session


def test_a_silent_server_blocks_for_the_timeout_and_no_longer(store: RedisStore, server: RedisServer) -> None:
    store.check()
    with server.frozen():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.get("sess-of-somebody-else")
        assert 0.4 < time.monotonic() - began < 0.8
    store.check()


def test_a_subscription_survives_a_restart_and_reports_the_gap(store: RedisStore, server: RedisServer) -> None:
    received: list[str] = []
    gaps: list[str] = []
    store.watch(lambda notice: received.append(notice.session_id), lambda: gaps.append("gap"))
    server.stop()
    server.start()
    wait_until(lambda: gaps, what="a call of on_gap")
    store.announce(SessionEnded("sess-1", "ended"))
    wait_until(lambda: received == ["sess-1"], limit=1.0, what="receiving the notice")
    assert gaps == ["gap"]


def test_a_subscription_leaves_a_server_that_falls_silent(
    server: RedisServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(server.url, 0.2, clock)
    received: list[str] = []
    gaps: list[str] = []
    store.watch(lambda notice: received.append(notice.session_id), lambda: gaps.append("gap"))
    with server.frozen():
        wait_until(lambda: "Lost the subscription" in caplog.text, what="leaving the silent server")
    wait_until(lambda: gaps, what="a call of on_gap")
    store.announce(SessionEnded("sess-1", "ended"))
    wait_until(lambda: received, limit=1.0, what="receiving the notice")
    store.close()


def test_an_idle_subscription_stays_with_a_server_that_answers(server: RedisServer, clock: Clock) -> None:
    store = open_store(server.url, 0.1, clock)
    gaps: list[str] = []
    store.watch(lambda notice: None, lambda: gaps.append("gap"))
    client = redis.Redis.from_url(server.url)

    def pings() -> int:
        return int(client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"])

    wait_until(lambda: pings() >= 3, what="three pings of the subscription")
    assert gaps == []
    store.close()


def test_watching_may_begin_while_the_server_is_down(store: RedisStore, server: RedisServer) -> None:
    server.stop()
    received: list[str] = []
    gaps: list[str] = []
    store.watch(lambda notice: received.append(notice.session_id), lambda: gaps.append("gap"))
    server.start()
    wait_until(lambda: gaps, what="a call of on_gap")
    store.announce(SessionEnded("sess-1", "ended"))
    wait_until(lambda: received, limit=1.0, what="receiving the notice")


def test_a_gap_whose_callback_failed_is_reported_again(store: RedisStore, server: RedisServer) -> None:
    gaps: list[str] = []

    def gap() -> None:
        gaps.append("gap")
        if len(gaps) == 1:
            raise StoreUnavailable

    store.watch(lambda notice: None, gap)
    server.stop()
    server.start()
    wait_until(lambda: len(gaps) == 2, what="two calls of on_gap")


def test_a_server_without_memory_left_is_a_full_store(session: Session) -> None:
    server = RedisServer("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    store = open_store(server.url, 2.0)
    with pytest.raises(StoreFull):
        store.create(session)
    store.close()
    server.close()


def test_a_wrong_password_is_unavailable_and_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    server = RedisServer("--requirepass", "the-right-one")
    store = open_store(server.url.replace("redis://", "redis://:the-wrong-one@"), 2.0)
    with pytest.raises(StoreUnavailable) as raised:
        store.check()
    assert "the-wrong-one" not in caplog.text + str(raised.value) + repr(raised.value.__cause__)
    assert "Redis takes no commands" in caplog.text
    open_store(server.url.replace("redis://", "redis://:the-right-one@"), 2.0).check()
    server.close()


def test_a_tls_server_with_an_unknown_certificate_is_refused(redis_tls: RedisServer) -> None:
    with pytest.raises(StoreUnavailable):
        open_store(f"rediss://localhost:{redis_tls.port}", 2.0).check()
    open_store(f"rediss://localhost:{redis_tls.port}?ssl_cert_reqs=none&ssl_check_hostname=false", 2.0).check()


def test_creating_a_store_does_not_connect() -> None:
    store = open_store(f"redis://127.0.0.1:{free_port()}", 2.0)
    with pytest.raises(StoreUnavailable):
        store.check()
    store.close()


def test_a_host_without_redis_does_not_import_it() -> None:
    program = "import sys, banker.sessions as s; assert 'redis' not in sys.modules; s.RedisStore"
    subprocess.run([sys.executable, "-c", program], check=True)
