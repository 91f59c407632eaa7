"""The capacity of the memory store: how much it holds, and what it deletes first."""

from dataclasses import replace

import pytest

from banker.sessions import RETENTION_S, MemoryStore, Session, StoreFull
from tests.sessions.conftest import Clock, a_session


def end(store: MemoryStore, session: Session) -> None:
    store.update(session.session_id, lambda s: replace(s, state="ended", reason="ended"))


def test_a_store_full_of_live_sessions_refuses_another(clock: Clock) -> None:
    store = MemoryStore(3, clock)
    kept = [a_session(clock()) for _ in range(3)]
    for session in kept:
        store.create(session)
    with pytest.raises(StoreFull) as raised:
        store.create(a_session(clock()))
    assert raised.value.status == 503
    assert "Retry-After" in raised.value.headers
    assert [store.get(session.session_id) for session in kept] == kept


def test_the_session_that_ended_first_makes_room_first(clock: Clock) -> None:
    store = MemoryStore(3, clock)
    first, second, third, fourth = (a_session(clock()) for _ in range(4))
    for session in (first, second, third):
        store.create(session)
    end(store, second)
    end(store, first)
    store.create(fourth)
    assert store.get(second.session_id) is None
    assert all(store.get(session.session_id) for session in (first, third, fourth))


def test_an_expired_session_makes_room_before_its_retention_is_over(clock: Clock) -> None:
    store = MemoryStore(2, clock)
    short, long = a_session(clock(), minutes=1), a_session(clock())
    store.create(long)
    store.create(short)
    clock.advance(61)
    assert store.get(short.session_id)
    store.create(a_session(clock()))
    assert store.get(short.session_id) is None
    assert store.get(long.session_id)


def test_expired_sessions_are_deleted_by_later_calls(clock: Clock) -> None:
    store = MemoryStore(1000, clock)
    for _ in range(100):
        session = a_session(clock())
        store.create(session)
        store.append_turn(session.session_id, {"text": "hello"})
    clock.advance(30 * 60 + RETENTION_S)
    for _ in range(10):
        store.create(a_session(clock()))
    assert len(store) == 10


def test_a_store_that_stays_full_does_not_grow(clock: Clock) -> None:
    store = MemoryStore(10, clock)
    for _ in range(1000):
        session = a_session(clock())
        store.create(session)
        end(store, session)
    assert len(store) == 10
    assert len(store._expiries) < 100
    clock.advance(30 * 60 + RETENTION_S)
    for _ in range(10):
        store.get("sess-of-somebody-else")
    assert len(store) == len(store._expiries) == len(store._ended) == 0
