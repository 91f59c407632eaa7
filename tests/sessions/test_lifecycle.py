"""The life cycle of a session, over every store."""

from collections.abc import Callable

import pytest

from banker.config.tenant import Tenant
from banker.errors import ApiError
from banker.sessions import Consent, Session, SessionEnded, SessionNotice, Sessions, SessionStore, new_session_id
from tests.servers import wait_until
from tests.sessions.conftest import Clock, FakeTokens, at_once


@pytest.fixture
def session_id(sessions: Sessions, tenant: Tenant) -> str:
    return created(sessions, tenant).session_id


def created(sessions: Sessions, tenant: Tenant) -> Session:
    session, _ = sessions.create(
        tenant=tenant, user_id="user-456", portal_context={"route": "/account"}, claims={"sub": "user-456"}
    )
    return session


def not_found(call: Callable[[], object]) -> bool:
    with pytest.raises(ApiError) as raised:
        call()
    return (raised.value.status, raised.value.error) == (404, "session_not_found")


def test_a_new_session_lives_as_long_as_the_tenant_allows(sessions: Sessions, tenant: Tenant, clock: Clock) -> None:
    session, token = sessions.create(tenant=tenant, user_id="user-456", portal_context={}, claims={})
    assert sessions.find(session.session_id) == session
    assert (session.tenant_id, session.user_id, session.state) == ("tenant-123", "user-456", "created")
    assert session.expires_at == clock() + 30 * 60
    assert token.token_id == session.token_id
    assert token.expires_at == clock() + 300


def test_ids_are_long_and_unique(sessions: Sessions, tenant: Tenant) -> None:
    ids = {created(sessions, tenant).session_id for _ in range(20)}
    assert len(ids) == 20
    assert all(session_id.startswith("sess-") and len(session_id) >= 29 for session_id in ids)


def test_unknown_expired_and_ended_sessions_are_not_found(sessions: Sessions, tenant: Tenant, clock: Clock) -> None:
    ended, expired = created(sessions, tenant).session_id, created(sessions, tenant).session_id
    sessions.end(ended)
    calls: list[Callable[[str], object]] = [
        sessions.find,
        lambda session_id: sessions.activate(session_id, "host/1"),
        sessions.revoke_consent,
        lambda session_id: sessions.refresh(session_id, None),
        lambda session_id: sessions.grant_consent(session_id, "1"),
        lambda session_id: sessions.set_pending(session_id, {}),
    ]
    assert all(not_found(lambda c=call: c(ended)) for call in calls)
    clock.advance(30 * 60)
    assert all(not_found(lambda c=call: c(expired)) for call in calls)
    assert all(not_found(lambda c=call: c("sess-abc123")) for call in calls)


@pytest.mark.parametrize(
    "odd", ["", "sess-", "sess-\udce9" + "a" * 24, "}" * 30, "sess-" + "a" * 24 + "\n", "x" * 9999]
)
def test_a_malformed_id_is_not_found(sessions: Sessions, odd: str) -> None:
    assert not_found(lambda: sessions.find(odd))
    assert not_found(lambda: sessions.recall(odd))
    assert not_found(lambda: sessions.end(odd))


def test_refreshing_invalidates_the_older_token(sessions: Sessions, tenant: Tenant) -> None:
    session = created(sessions, tenant)
    refreshed, token = sessions.refresh(session.session_id, session.token_id)
    assert refreshed.token_id == token.token_id != session.token_id
    assert sessions.find(session.session_id) == refreshed
    with pytest.raises(ApiError) as raised:
        sessions.refresh(session.session_id, session.token_id)
    assert raised.value.status == 401


def test_the_portal_replaces_any_token(sessions: Sessions, tenant: Tenant) -> None:
    session = created(sessions, tenant)
    sessions.refresh(session.session_id, session.token_id)
    refreshed, token = sessions.refresh(session.session_id, None)
    assert sessions.find(session.session_id).token_id == token.token_id == refreshed.token_id


def test_a_token_never_outlives_its_session(sessions: Sessions, tenant: Tenant, clock: Clock) -> None:
    session = created(sessions, tenant)
    clock.advance(29 * 60)
    _, token = sessions.refresh(session.session_id, None)
    assert token.expires_at == session.expires_at


def test_one_of_eight_concurrent_refreshes_with_the_same_token_wins(sessions: Sessions, tenant: Tenant) -> None:
    session = created(sessions, tenant)
    results = at_once(8, lambda _: sessions.refresh(session.session_id, session.token_id))
    winners = [result for result in results if isinstance(result, tuple)]
    assert len(winners) == 1
    assert [result.status for result in results if isinstance(result, ApiError)] == [401] * 7
    assert sessions.find(session.session_id).token_id == winners[0][1].token_id


def test_eight_concurrent_refreshes_of_the_portal_leave_one_valid_token(sessions: Sessions, tenant: Tenant) -> None:
    session = created(sessions, tenant)
    results = at_once(8, lambda _: sessions.refresh(session.session_id, None))
    token_ids = [result[1].token_id for result in results if isinstance(result, tuple)]
    assert len(set(token_ids)) == 8
    assert token_ids.count(sessions.find(session.session_id).token_id) == 1


def test_ending_again_succeeds_and_the_first_reason_stays(sessions: Sessions, session_id: str, clock: Clock) -> None:
    assert sessions.end(session_id, "operator").state == "ended"
    assert sessions.end(session_id).reason == "operator"
    clock.advance(30 * 60 + 299)
    assert sessions.end(session_id).reason == "operator"
    assert sessions.recall(session_id).reason == "operator"
    clock.advance(1)
    assert not_found(lambda: sessions.end(session_id))


def test_an_expired_session_can_be_ended_and_stays_expired(sessions: Sessions, session_id: str, clock: Clock) -> None:
    clock.advance(30 * 60)
    ended = sessions.end(session_id)
    assert (ended.state, ended.reason) == ("ended", "expired")


def test_an_end_is_announced_each_time_and_reported_to_on_end_once(
    store: SessionStore, tenant: Tenant, clock: Clock
) -> None:
    ended: list[Session] = []
    received: list[SessionNotice] = []
    sessions = Sessions(store, FakeTokens(clock), clock, ended.append)
    session_id = created(sessions, tenant).session_id
    store.watch(received.append, lambda: None)
    sessions.end(session_id, "idle")
    sessions.end(session_id, "ended")
    wait_until(lambda: len(received) == 2, limit=1.0, what="receiving both notices")
    assert received == [SessionEnded(session_id, "idle")] * 2
    assert [(session.session_id, session.reason) for session in ended] == [(session_id, "idle")]


def test_eight_ends_at_once_are_reported_to_on_end_once(store: SessionStore, tenant: Tenant, clock: Clock) -> None:
    ended: list[Session] = []
    sessions = Sessions(store, FakeTokens(clock), clock, ended.append)
    session_id = created(sessions, tenant).session_id
    results = at_once(8, lambda _: sessions.end(session_id))
    assert all(isinstance(result, Session) for result in results)
    assert len(ended) == 1


def test_a_session_becomes_active_at_the_worker_that_took_it_up_last(sessions: Sessions, session_id: str) -> None:
    for worker in ("host/1", "host/2", "host/2"):
        active = sessions.activate(session_id, worker)
        assert (active.state, active.worker) == ("active", worker)
        assert active == sessions.find(session_id)


def test_consent_is_kept_with_version_and_time_until_it_is_revoked(
    sessions: Sessions, session_id: str, clock: Clock
) -> None:
    clock.advance(10)
    sessions.grant_consent(session_id, "2")
    assert sessions.find(session_id).consent == Consent("2", clock())
    sessions.revoke_consent(session_id)
    assert sessions.find(session_id).consent is None


def test_an_unanswered_confirmation_is_kept_until_answered_or_ended(sessions: Sessions, session_id: str) -> None:
    question = {"call_id": "call-1", "tool": "create_ticket", "arguments": {"subject": "card"}}
    sessions.set_pending(session_id, question)
    assert sessions.find(session_id).pending == question
    sessions.set_pending(session_id, None)
    assert sessions.find(session_id).pending is None
    sessions.set_pending(session_id, question)
    assert sessions.end(session_id).pending is None


def test_all_live_sessions_of_a_user_end_together(sessions: Sessions, tenant: Tenant) -> None:
    user_id = new_session_id()  # Redis is shared with other tests
    mine = [sessions.create(tenant=tenant, user_id=user_id, portal_context={}, claims={})[0] for _ in range(3)]
    other, _ = sessions.create(tenant=tenant, user_id="somebody-else", portal_context={}, claims={})
    sessions.end(mine[0].session_id)
    assert sessions.end_all(tenant.tenant_id, user_id) == 2
    for session in mine:
        assert not_found(lambda session=session: sessions.find(session.session_id))  # type: ignore[misc]
    assert sessions.find(other.session_id) == other
    assert sessions.end_all(tenant.tenant_id, user_id) == 0
