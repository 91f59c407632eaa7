"""What every session store promises, for each of them: memory, Redis, Redis Cluster and Redis over TLS."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from banker.sessions import (
    MAX_TURNS,
    RETENTION_S,
    Consent,
    Session,
    SessionEnded,
    SessionMoved,
    SessionNotice,
    SessionStore,
    new_session_id,
)
from tests.servers import wait_until
from tests.sessions.conftest import Clock, a_session, at_once

Open = Callable[[], SessionStore]


def test_a_session_is_returned_as_it_was_stored(open_store: Open, session: Session) -> None:
    complete = replace(
        session, state="active", consent=Consent("2", session.created_at + 1.5), pending={"call_id": "c1", "args": [1]}
    )
    open_store().create(complete)
    assert open_store().get(session.session_id) == complete


def test_an_unknown_session_is_none(store: SessionStore) -> None:
    unknown = new_session_id()
    store.append_turn(unknown, {"text": "hello"})
    assert store.get(unknown) is None
    assert store.update(unknown, lambda s: s) is None
    assert store.turns(unknown) == []


def test_the_sessions_of_a_user_are_found(store: SessionStore, session: Session, clock: Clock) -> None:
    session = replace(session, user_id=new_session_id())  # Redis is shared with other tests
    stranger = "}:{ 'other'" + session.user_id
    others = [
        replace(session, session_id=new_session_id()),
        replace(session, session_id=new_session_id(), user_id=stranger),
        replace(session, session_id=new_session_id(), tenant_id="other"),
    ]
    for each in [session, *others]:
        store.create(each)
    assert set(store.sessions_of(session.tenant_id, session.user_id)) == {session.session_id, others[0].session_id}
    assert store.sessions_of(session.tenant_id, stranger) == [others[1].session_id]
    assert store.sessions_of("other", session.user_id) == [others[2].session_id]
    assert store.sessions_of("nobody", session.user_id) == []


def test_every_session_is_listed_once(store: SessionStore, session: Session) -> None:
    sessions = {replace(session, session_id=new_session_id()).session_id for _ in range(30)}
    for session_id in sessions:
        store.create(replace(session, session_id=session_id))
    listed = [each.session_id for each in store.every() if each.session_id in sessions]  # Redis is shared
    assert sorted(listed) == sorted(sessions)


def test_an_update_stores_and_returns_the_changed_session(open_store: Open, session: Session) -> None:
    store = open_store()
    store.create(session)
    changed = store.update(session.session_id, lambda s: replace(s, state="active"))
    assert changed == replace(session, state="active")
    assert open_store().get(session.session_id) == changed


def test_an_update_that_raises_changes_nothing(store: SessionStore, session: Session) -> None:
    def refuse(_: Session) -> Session:
        raise LookupError("no")

    store.create(session)
    with pytest.raises(LookupError):
        store.update(session.session_id, refuse)
    assert store.get(session.session_id) == session
    assert store.update(session.session_id, lambda s: replace(s, token_id="next")) is not None


def test_a_stored_session_cannot_be_changed_from_outside(store: SessionStore, clock: Clock) -> None:
    context = {"route": "/account"}
    session = replace(a_session(clock()), portal_context=context)
    store.create(session)
    context["route"] = "/elsewhere"
    found = store.get(session.session_id)
    assert found is not None
    assert found.portal_context == {"route": "/account"}


def test_none_of_fifty_concurrent_updates_is_lost(open_store: Open, session: Session) -> None:
    store = open_store()
    store.create(replace(session, pending={"count": 0}))

    def count(s: Session) -> Session:
        assert s.pending is not None
        return replace(s, pending={"count": s.pending["count"] + 1})

    results = at_once(50, lambda _: store.update(session.session_id, count))
    assert all(isinstance(result, Session) for result in results)
    found = open_store().get(session.session_id)
    assert found is not None
    assert found.pending == {"count": 50}


def test_turns_stay_in_the_order_of_speaking(open_store: Open, session: Session) -> None:
    store, elsewhere = open_store(), open_store()
    store.create(session)
    for number in range(6):
        (store if number % 2 else elsewhere).append_turn(session.session_id, {"turn": number, "text": "Grüezi"})
    assert store.turns(session.session_id) == [{"turn": number, "text": "Grüezi"} for number in range(6)]


def test_only_the_latest_five_hundred_turns_are_kept(store: SessionStore, session: Session) -> None:
    store.create(session)
    for number in range(MAX_TURNS + 3):
        store.append_turn(session.session_id, {"turn": number})
    turns = store.turns(session.session_id)
    assert len(turns) == MAX_TURNS == 500
    assert (turns[0], turns[-1]) == ({"turn": 3}, {"turn": 502})


def test_an_expired_session_is_kept_for_five_minutes(store: SessionStore, session: Session, clock: Clock) -> None:
    store.create(session)
    clock.advance(30 * 60 + RETENTION_S - 1)
    found = store.get(session.session_id)
    assert found is not None
    assert not found.is_live(clock())
    clock.advance(1)
    assert store.get(session.session_id) is None
    assert store.update(session.session_id, lambda s: s) is None


def test_notices_reach_another_process_within_a_second_and_in_order(open_store: Open, session: Session) -> None:
    store, elsewhere = open_store(), open_store()
    received: list[tuple[SessionNotice, str]] = []
    gaps: list[str] = []

    def receive(notice: SessionNotice) -> None:
        received.append((notice, threading.current_thread().name))

    notices = [SessionMoved(session.session_id, "worker-2"), SessionEnded(session.session_id, "operator")]
    subscription = elsewhere.watch(receive, lambda: gaps.append("gap"))
    for notice in notices:
        store.announce(notice)
    wait_until(lambda: len(received) == 2, limit=1.0, what="receiving both notices")
    assert received == [(notice, "banker-session-notices") for notice in notices]
    assert gaps == []

    subscription.close()
    store.announce(notices[0])
    assert len(received) == 2
    subscription.close()


def test_a_callback_that_fails_receives_the_next_notice(open_store: Open, session: Session) -> None:
    store = open_store()
    reasons: list[str] = []

    def receive(notice: SessionNotice) -> None:
        assert isinstance(notice, SessionEnded)
        reasons.append(notice.reason)
        raise RuntimeError("the callback is broken")

    store.watch(receive, lambda: None)
    store.announce(SessionEnded(session.session_id, "idle"))
    store.announce(SessionEnded(session.session_id, "ended"))
    wait_until(lambda: reasons == ["idle", "ended"], limit=1.0, what="receiving both notices")


def test_a_callback_may_close_its_own_subscription(open_store: Open, session: Session) -> None:
    store = open_store()
    closed = threading.Event()

    def receive(notice: SessionNotice) -> None:
        subscription.close()
        closed.set()

    subscription = store.watch(receive, lambda: None)
    store.announce(SessionEnded(session.session_id, "ended"))
    assert closed.wait(1.0)


def test_closing_a_store_leaves_no_thread(open_store: Open) -> None:
    store = open_store()
    before = threading.active_count()
    store.watch(lambda notice: None, lambda: None)
    assert threading.active_count() == before + 1
    store.close()
    assert threading.active_count() == before


def test_a_store_used_before_a_fork_works_on_both_sides(open_store: Open, clock: Clock) -> None:
    store = open_store()
    before, after = a_session(clock()), a_session(clock())
    store.create(before)
    child = os.fork()
    if child == 0:
        works = False
        try:
            store.create(after)
            received = threading.Event()
            store.watch(lambda notice: received.set(), lambda: None)
            store.announce(SessionEnded(after.session_id, "ended"))
            works = store.get(before.session_id) == before and received.wait(2.0)
        finally:
            os._exit(0 if works else 1)
    for _ in range(20):
        assert store.get(before.session_id) == before
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_the_check_of_a_working_store_passes(store: SessionStore) -> None:
    store.check()


def test_the_calls_of_a_user_are_counted_over_all_workers(open_store: Open, session: Session, clock: Clock) -> None:
    one, other = open_store(), open_store()
    calls = [replace(session, session_id=new_session_id(), user_id=session.session_id) for _ in range(4)]
    assert [
        store.claim_call(call, "w", 3, 60) for store, call in zip((one, other, one, other), calls, strict=True)
    ] == [
        True,
        True,
        True,
        False,
    ]
    assert other.claim_call(replace(calls[3], user_id="another"), "w", 3, 60)
    assert other.claim_call(calls[0], "a later worker", 3, 60)
    one.release_call(calls[0], "w")  # which it has lost
    assert not other.claim_call(calls[3], "w", 3, 60)
    one.release_call(calls[1], "w")
    assert other.claim_call(calls[3], "w", 3, 60)
    one.release_call(calls[2], None)
    assert other.claim_call(calls[1], "w", 3, 60)


def test_the_calls_of_a_worker_that_died_are_forgotten(store: SessionStore, session: Session, clock: Clock) -> None:
    calls = [replace(session, session_id=new_session_id(), user_id=session.session_id) for _ in range(2)]
    assert store.claim_call(calls[0], "w", 1, 60)
    clock.advance(59)
    assert not store.claim_call(calls[1], "w", 1, 60)
    clock.advance(2)
    assert store.claim_call(calls[1], "w", 1, 60)
