"""redis-py repeats a command whose answer is lost with the connection: it takes effect once all the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from banker.audit.chain import Seal
from banker.audit.redis_trail import HEAD, STREAM, RedisTrail, read_stream
from banker.audit.verify import verify
from banker.config.tenant import Tenant
from banker.server.redis import open_redis
from banker.sessions import RedisStore, Session, Sessions
from tests.audit.trails import KEY, event
from tests.servers import LossyProxy, RedisServer
from tests.sessions.conftest import Clock, FakeTokens


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[LossyProxy]:
    proxy = LossyProxy(redis_server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def store(proxy: LossyProxy, clock: Clock) -> Iterator[RedisStore]:
    store = RedisStore(open_redis(f"redis://127.0.0.1:{proxy.port}/0", 2.0), 2.0, clock)
    yield store
    store.close()


@pytest.fixture
def losing_its_answer(proxy: LossyProxy) -> Callable[[Callable[[], object]], object]:
    """Makes a call whose first answer is lost."""

    def call(work: Callable[[], object]) -> object:
        proxy.lose_answer()
        result = work()
        assert proxy.has_lost_it
        return result

    return call


Losing = Callable[[Callable[[], object]], object]


def test_a_session_is_created(store: RedisStore, session: Session, losing_its_answer: Losing) -> None:
    losing_its_answer(lambda: store.create(session))
    assert store.get(session.session_id) == session


def test_a_change_is_made_once(store: RedisStore, proxy: LossyProxy, session: Session, clock: Clock) -> None:
    store.create(replace(session, pending={"call_id": "call-1"}))
    sessions = Sessions(store, FakeTokens(clock), clock)
    sessions.activate(session.session_id, "host/1")  # from now on the server knows the script
    runs = []

    def take(found: Session) -> Session:
        runs.append(found)
        proxy.lose_answer()  # that of the write
        return replace(found, pending=None)

    assert store.update(session.session_id, take) is not None
    assert proxy.has_lost_it
    assert len(runs) == 1


def test_one_of_two_writers_of_the_same_record_wins(store: RedisStore, session: Session, clock: Clock) -> None:
    store.create(replace(session, pending={"call_id": "call-1"}))
    sessions = Sessions(store, FakeTokens(clock), clock)
    taken = []

    def take_after_another(found: Session) -> Session:
        if not taken:
            taken.append(sessions.take_pending(session.session_id, "call-1"))
        taken.append(found.pending)
        return replace(found, pending=None)

    store.update(session.session_id, take_after_another)
    assert taken == [{"call_id": "call-1"}, {"call_id": "call-1"}, None]


def test_a_refresh_returns_the_token_that_is_valid(
    store: RedisStore, tenant: Tenant, clock: Clock, losing_its_answer: Losing
) -> None:
    sessions = Sessions(store, FakeTokens(clock), clock)
    session, _ = sessions.create(tenant=tenant, user_id="user-456", portal_context={}, claims={})
    sessions.activate(session.session_id, "host/1")
    refreshed = losing_its_answer(lambda: sessions.refresh(session.session_id, session.token_id)[0])
    assert sessions.find(session.session_id) == refreshed


def test_a_turn_is_stored_once(store: RedisStore, session: Session, losing_its_answer: Losing) -> None:
    store.create(session)
    turns = [{"turn": number, "text": "Hello"} for number in range(3)]
    store.append_turn(session.session_id, turns[0])
    for turn in turns[1:]:
        losing_its_answer(lambda t=turn: store.append_turn(session.session_id, t))
    assert store.turns(session.session_id) == turns


def test_an_audit_entry_is_written_once(
    proxy: LossyProxy, redis_server: RedisServer, losing_its_answer: Losing
) -> None:
    redis_server.cli("del", STREAM, HEAD)
    client = open_redis(f"redis://127.0.0.1:{proxy.port}/0", 2.0)
    trail = RedisTrail(client, Seal(KEY))
    trail.append(event())
    losing_its_answer(lambda: trail.append(event("session.ended")))
    trail.append(event())
    lines, head = read_stream(client)
    assert len(lines) == 3
    assert verify(lines, head, Seal(KEY)).problem is None
    redis_server.cli("del", STREAM, HEAD)
    client.close()
