"""One user has a few calls at a time, on all workers together; others find room whatever one user does."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from banker.errors import ApiError
from banker.rtc.calls import user_calls
from banker.sessions import SessionStore, StoreUnavailable
from tests.rtc.facades import CustomerSession, MediaHarness
from tests.servers import wait_until

THREE = {"limits": {"calls_per_user": 3}, "media": {"allow_private_candidates": True}}


@pytest.fixture
def harness(make_harness: Callable[..., MediaHarness]) -> MediaHarness:
    """A worker that allows each user three calls."""
    return make_harness(service=THREE)


def offer(customer: CustomerSession) -> ApiError | None:
    """Offer a peer that need not connect; returns the error, if there is one."""
    try:
        customer.call(wait=False)
    except ApiError as error:
        return error
    return None


def is_refused(customer: CustomerSession) -> bool:
    error = offer(customer)
    return error is not None and (error.status, error.error) == (429, "too_many_open")


def claims(store: SessionStore, customer: CustomerSession, worker: str) -> bool:
    return store.claim_call(customer.session, worker, 3, 60)


def test_a_fourth_call_of_a_user_is_refused_and_goes_on_in_text(harness: MediaHarness) -> None:
    customers = [harness.customer() for _ in range(4)]
    assert [offer(customer) for customer in customers[:3]] == [None] * 3
    error = offer(customers[3])
    assert error is not None
    assert (error.status, error.error) == (429, "too_many_open")
    assert int(error.headers["Retry-After"]) > 0
    assert error.headers["X-RateLimit-Limit"] == "3"
    customers[3].send({"type": "ping", "n": 1})
    customers[3].events.wait_for("pong", n=1)
    assert harness.peers == 3
    assert 'banker_rejections_total{cause="user_share"} 1.0' in harness.metrics.exposition()[0].decode()


def test_another_user_is_not_affected(harness: MediaHarness) -> None:
    greedy = [harness.customer() for _ in range(3)]
    assert not any(map(is_refused, greedy))
    tenant = harness.config.tenants["bank"]
    session, _ = harness.sessions.create(tenant=tenant, user_id="modest", portal_context={}, claims={})
    modest = CustomerSession(harness, session)
    modest.connect()
    assert offer(modest) is None


def test_a_new_offer_of_a_session_that_has_a_call_is_answered(harness: MediaHarness) -> None:
    customers = [harness.customer() for _ in range(3)]
    assert [offer(customer) for customer in (*customers, *customers)] == [None] * 6


@pytest.mark.parametrize("end", ["hang_up", "end", "drop"])
def test_the_end_of_a_call_makes_room(harness: MediaHarness, end: str) -> None:
    first, *others, waiting = (harness.customer() for _ in range(4))
    assert not any(map(is_refused, (first, *others)))
    match end:
        case "hang_up":
            harness.media.hang_up(first.id)
        case "end":
            harness.sessions.end(first.id)
        case "drop":
            call = harness.calls._calls[first.id]
            call._loop.call_soon_threadsafe(call.transport.peer.drop, "vanished")
    wait_until(lambda: claims(harness.store, waiting, "any"), what="the place being free")


def test_an_offer_that_cannot_be_answered_takes_no_place(harness: MediaHarness) -> None:
    broken = harness.customer()
    for _ in range(3):
        with pytest.raises(ApiError):
            broken.offer("v=0\r\na=fingerprint:x\r\nm=nonsense\r\n")
    assert not any(is_refused(harness.customer()) for _ in range(3))


def test_an_offer_that_finds_no_room_takes_no_place(make_harness: Callable[..., MediaHarness]) -> None:
    full = {"limits": {"calls_per_user": 2}, "media": {"max_peers": 1, "allow_private_candidates": True}}
    harness = make_harness(service=full)
    errors = [offer(harness.customer()) for _ in range(4)]
    assert [error and error.status for error in errors] == [None, 503, 503, 503]


def test_calls_of_other_workers_count(harness: MediaHarness) -> None:
    elsewhere = [harness.customer(connect=False) for _ in range(3)]
    assert all(claims(harness.store, customer, "another worker") for customer in elsewhere)
    assert is_refused(harness.customer())
    elsewhere[0].connect()
    assert offer(elsewhere[0]) is None  # its session moves here


def test_a_session_that_has_ended_does_not_count_although_its_worker_died(harness: MediaHarness) -> None:
    elsewhere = [harness.customer(connect=False) for _ in range(3)]
    assert all(claims(harness.store, customer, "a dead worker") for customer in elsewhere)
    harness.sessions.activate(elsewhere[0].id, "a dead worker")
    harness.sessions.end(elsewhere[0].id)
    assert offer(harness.customer()) is None


def test_a_call_that_goes_on_stays_counted(harness: MediaHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_calls, "CLAIM_S", 0.05)
    customer = harness.customer()
    assert offer(customer) is None
    strangers = [replace(customer.session, session_id=customer.id + str(n)) for n in range(3)]
    wait_until(lambda: harness.store.claim_call(strangers[0], "w", 1, 60), what="the claim having run out")
    harness.store.release_call(strangers[0], "w")
    monkeypatch.setattr(user_calls, "CLAIM_S", 60)
    harness.media._worker.call(harness.calls._user_calls.renew(), 5)
    assert not harness.store.claim_call(strangers[0], "w", 1, 60)


def test_without_the_store_the_calls_of_this_worker_count(
    harness: MediaHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = [harness.customer() for _ in range(4)]

    def fail(*_: object) -> bool:
        raise StoreUnavailable

    monkeypatch.setattr(harness.store, "claim_call", fail)
    assert [is_refused(customer) for customer in customers] == [False, False, False, True]
