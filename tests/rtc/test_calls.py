"""A call: its events channel, its consent, its end, and the worker that owns its session."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import aioice.ice
import pytest

from banker.agents.tenant_agents import TenantAgent, UnavailableAgent
from banker.audit import Audit
from banker.config.loading import load
from banker.errors import ApiError
from banker.identity import EphemeralTokens
from banker.rtc.calls import registry as calls_module
from banker.rtc.facade import MediaFacade
from banker.server.metrics import Metrics
from banker.server.redis import open_redis
from banker.sessions import RedisStore, Sessions
from banker.tools.toolbox import Toolbox
from tests.rtc.facades import CustomerSession, MediaHarness, both_paths, open_sockets_of_peers
from tests.servers import RedisServer, config_environment, wait_until, write_config

pytestmark = both_paths


def errors(customer: CustomerSession) -> list[str]:
    return [event["error"] for event in customer.events.of_type("error")]


# -- the events channel -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("junk", "message"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("[]", "JSON object"),
        ('{"type": 5}', "JSON object"),
        ('{"type": "dance"}', "nknown event type"),
        ('{"type": "consent.grant"}', "version"),
        ('{"type": "consent.grant", "version": 5}', "version"),
        ('{"type": "message.send", "text": "' + "x" * 2001 + '"}', "text"),
        ("[" * 1000, "deep"),
        (b'{"type": "speech.cancel"}', "text"),
        ('{"type": "message.send", "text": "' + "x" * 65_600 + '"}', "64 KiB"),
    ],
)
def test_junk_on_the_channel_is_an_error_and_the_channel_stays_open(
    customer: CustomerSession, junk: str | bytes, message: str
) -> None:
    browser = customer.call()
    browser.run(lambda: browser.channel.send(junk))
    assert message in customer.events.wait_for("error")["message"]
    browser.send({"type": "consent.grant", "version": "v1"})
    customer.events.wait_for("transcript", final=True)


def test_ten_invalid_events_in_a_row_close_the_peer_and_free_its_place(customer: CustomerSession) -> None:
    browser = customer.call()
    for _ in range(9):
        browser.send({"type": "dance"})
    browser.send({"type": "speech.cancel"})  # a valid one in between
    for _ in range(9):
        browser.send({"type": "dance"})
    customer.events.wait_for("error", nth=18)
    assert customer.harness.peers == 1
    browser.send({"type": "dance"})
    browser.wait_gone()
    assert customer.harness.peers == 0
    customer.call()  # and it may come back


def test_other_channels_are_closed_and_the_first_events_channel_stays(customer: CustomerSession) -> None:
    browser = customer.call()
    others = [browser.run(lambda label=label: browser.pc.createDataChannel(label)) for label in ("events", "chat", "")]
    wait_until(lambda: all(other.readyState == "closed" for other in others), what="the others being closed")
    browser.send({"type": "dance"})
    customer.events.wait_for("error")


def test_a_client_that_keeps_opening_channels_is_dropped(customer: CustomerSession) -> None:
    browser = customer.call()
    for _ in range(12):
        browser.run(lambda: browser.pc.createDataChannel("chat"))
    browser.wait_gone()
    assert "data channels" in customer.events.wait_for("error")["message"]
    assert customer.harness.peers == 0


def test_a_closed_channel_may_be_reopened_and_the_socket_takes_over_meanwhile(customer: CustomerSession) -> None:
    browser = customer.call()
    browser.run(browser.channel.close)
    wait_until(lambda: browser.channel.readyState == "closed", what="the channel being closed")
    customer.consent()
    customer.events.wait_for("transcript", final=True)
    browser.open_channel("events")
    customer.events.wait_for("session.ready", nth=3)


@pytest.mark.parametrize("event", [{"type": "speech.cancel"}, {"type": "ping", "n": 1}, "x" * 1000])
def test_a_client_that_floods_the_channel_gets_an_error_and_is_dropped(customer: CustomerSession, event: Any) -> None:
    browser = customer.call()
    message = event if isinstance(event, str) else json.dumps(event)

    def flood() -> None:
        for _ in range(1000):
            browser.channel.send(message)

    browser.run(flood)
    browser.wait_gone()
    assert customer.events.of_type("error")[-1]["error"] in ("too_many_events", "invalid_request")
    assert customer.harness.peers == 0


def test_a_client_that_reads_nothing_is_dropped(customer: CustomerSession) -> None:
    browser = customer.call()
    browser.vanish()
    call = customer.harness.calls._calls[customer.id]

    async def send() -> None:
        for _ in range(40):
            call.transport.send({"type": "error", "error": "x", "message": "y" * 60_000})

    customer.harness.media._worker.call(send(), 5)
    wait_until(lambda: customer.harness.peers == 0, what="the place being free")
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket being closed")


def test_a_long_history_is_cut_to_the_message_size_of_clients(customer: CustomerSession) -> None:
    for turn in range(1, 301):
        customer.harness.store.append_turn(customer.id, {"turn": turn, "role": "user", "text": "é" * 300})
    other = CustomerSession(customer.harness, customer.session)
    customer.harness.media._worker.call(customer.harness.calls._forget(customer.id), 5)
    other.connect()
    history = other.events.wait_for("session.ready")["history"]
    assert history[-1]["turn"] == 300
    assert 50 < len(history) < 100
    assert len(json.dumps(history, ensure_ascii=False).encode()) < 60_000


# -- consent ----------------------------------------------------------------------------------------------------------


def test_nothing_happens_before_consent(customer: CustomerSession) -> None:
    browser = customer.call()
    assert customer.events.wait_for("session.ready")["consent_required"]
    browser.send({"type": "message.send", "text": "How much have I got?"})
    assert customer.events.wait_for("error")["error"] == "consent_required"
    browser.send({"type": "consent.grant", "version": "v0"})
    assert customer.events.wait_for("error", nth=2)["error"] == "consent_outdated"
    browser.send({"type": "message.send", "text": "Hello?"})
    assert customer.events.wait_for("error", nth=3)["error"] == "consent_required"  # the earlier events are handled
    assert "transcript" not in customer.events
    browser.send({"type": "consent.grant", "version": "v1"})
    customer.events.wait_for("transcript", final=True)
    consent = customer.harness.sessions.find(customer.id).consent
    assert consent is not None
    assert consent.version == "v1"


def test_revoked_consent_is_forgotten(customer: CustomerSession) -> None:
    customer.consent()
    customer.events.wait_for("transcript", final=True)
    customer.send({"type": "consent.revoke"})
    assert customer.harness.sessions.find(customer.id).consent is None
    with pytest.raises(ApiError, match=r"consent\.grant"):
        customer.send({"type": "message.send", "text": "hello"})


def test_a_client_without_any_offer_is_greeted_in_text(customer: CustomerSession) -> None:
    customer.consent()
    assert customer.events.wait_for("transcript", final=True)["text"] == "Welcome to the bank of the tests."


# -- the end ----------------------------------------------------------------------------------------------------------


def test_the_end_is_announced_and_stops_the_media_within_a_second(customer: CustomerSession) -> None:
    browser = customer.call()
    began = time.monotonic()
    customer.harness.sessions.end(customer.id)
    customer.events.wait_for("session.ended", reason="ended")
    customer.events.wait_for("bye")
    browser.wait_gone()
    assert time.monotonic() - began < 1
    assert customer.harness.peers == 0
    with pytest.raises(ApiError) as caught:
        customer.offer("v=0")
    assert caught.value.status == 404


def test_a_session_announces_its_expiry_before_and_after(harness: MediaHarness) -> None:
    warned, short = harness.customer(lifetime=60.5), harness.customer(lifetime=1.0)
    browser = short.call()
    assert warned.events.wait_for("session.expiring", 2)["seconds"] == 60
    ended = short.events.wait_for("session.ended", 3)
    assert ended["reason"] == "expired"
    browser.wait_gone(1)
    assert 0 <= time.time() - short.session.expires_at < 1
    wait_until(lambda: harness.sessions.recall(short.id).reason == "expired", what="the store knowing")
    short.close()


def test_expiry_does_not_wait_for_the_store(harness: MediaHarness) -> None:
    short = harness.customer(lifetime=0.5)
    browser = short.call()
    hold = threading.Event()
    with mock.patch.object(harness.sessions, "end", side_effect=lambda *_: hold.wait(5)):
        browser.wait_gone(2)
        hold.set()
    assert time.time() - short.session.expires_at < 1.2
    short.close()


def test_a_session_that_has_ended_is_not_opened(harness: MediaHarness) -> None:
    customer = harness.customer(connect=False)
    harness.sessions.end(customer.id)
    with pytest.raises(ApiError) as caught:
        customer.connect()
    assert caught.value.status == 404
    assert customer.id not in harness.calls._calls


def test_a_vanished_peer_frees_its_place(harness: MediaHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 2)
    customer = harness.customer()
    customer.call().vanish()
    wait_until(lambda: harness.peers == 0, limit=8, what="the place being free")
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket being closed")


def test_a_call_whose_client_stays_away_is_forgotten(harness: MediaHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_module, "LINGER_S", 0.2)
    customer = harness.customer()
    browser = customer.call()
    harness.media.leave(customer.id, customer.events.add)
    browser.send({"type": "dance"})  # the channel works without the socket
    customer.events.wait_for("error")
    browser.close()
    wait_until(lambda: customer.id not in harness.calls._calls, what="the call being forgotten")
    customer.connect()  # the session lives on
    assert customer.events.wait_for("session.ready", nth=3)


def test_a_session_has_one_socket_the_newest(customer: CustomerSession) -> None:
    newer = CustomerSession(customer.harness, customer.session)
    newer.connect()
    customer.events.wait_for("bye")
    newer.consent()
    newer.events.wait_for("transcript", final=True)
    assert "transcript" not in customer.events


def test_late_requests_to_a_closed_facade_start_nothing(make_harness: Callable[..., MediaHarness]) -> None:
    harness = make_harness()
    customer = harness.customer()
    harness.media.close()
    before = {thread.name for thread in threading.enumerate()}
    harness.media.leave(customer.id, customer.events.add)
    with pytest.raises(ApiError) as caught:
        customer.connect()
    assert caught.value.status == 503
    assert {thread.name for thread in threading.enumerate()} <= before


# -- two workers ------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_workers(tmp_path: Path, redis_server: RedisServer, fast_path: bool) -> Iterator[list[Any]]:
    """Two media facades over one Redis, as two gunicorn workers have them."""
    media = {"allow_private_candidates": True, "fast_path": fast_path}
    write_config(tmp_path, {"media": media, "limits": {"calls_per_user": 2}})
    config = load(tmp_path, config_environment())
    tenant_agents = {"bank": TenantAgent(UnavailableAgent(), Toolbox())}
    workers = []
    for _ in range(2):
        sessions = Sessions(RedisStore(open_redis(redis_server.url, 2.0)), EphemeralTokens(config.secret_key))
        worker = MediaFacade(config, sessions, lambda: tenant_agents, Audit(None, Metrics(False)), Metrics(False))
        worker.start()
        workers.append(worker)
    yield workers
    for worker in workers:
        worker.close()
        worker._sessions.store.close()


def test_the_calls_of_a_user_count_on_both_workers(two_workers: list[Any]) -> None:
    tenant = two_workers[0]._config.tenants["bank"]

    def customer_at(worker: Any) -> CustomerSession:
        session, _ = worker._sessions.create(tenant=tenant, user_id="greedy", portal_context={}, claims={})
        customer = CustomerSession(mock.Mock(media=worker), session)
        customer.connect()
        return customer

    first, second = map(customer_at, two_workers)
    first.call()
    second.call()
    for worker in two_workers:
        with pytest.raises(ApiError) as caught:
            customer_at(worker).call()
        assert (caught.value.status, caught.value.error) == (429, "too_many_open")
    two_workers[0].close()  # and its call is over
    customer_at(two_workers[1]).call()


def test_an_offer_at_another_worker_takes_the_session_over(two_workers: list[Any]) -> None:
    one, other = two_workers
    tenant = one._config.tenants["bank"]
    session, _ = one._sessions.create(tenant=tenant, user_id="user-456", portal_context={}, claims={})

    def at(worker: Any) -> CustomerSession:
        customer = CustomerSession(mock.Mock(media=worker), worker._sessions.find(session.session_id))
        customer.connect()
        customer.call()
        return customer

    first = at(one)
    first.browser.send({"type": "consent.grant", "version": "v1"})
    first.events.wait_for("transcript", final=True)
    second = at(other)
    first.browser.wait_gone(2)
    first.events.wait_for("bye")
    assert "session.ended" not in first.events
    assert (len(one._calls.peers), len(other._calls.peers)) == (0, 1)
    ready = second.events.wait_for("session.ready")
    assert not ready["consent_required"]
    assert len(ready["history"]) == 1
    back = at(one)
    second.browser.wait_gone(2)
    one._sessions.end(session.session_id)
    back.browser.wait_gone(1)
    back.events.wait_for("session.ended", reason="ended")
    for customer in (first, second, back):
        customer.close()


def test_the_end_at_one_worker_stops_the_media_at_the_other(two_workers: list[Any]) -> None:
    one, other = two_workers
    tenant = one._config.tenants["bank"]
    session, _ = one._sessions.create(tenant=tenant, user_id="user-456", portal_context={}, claims={})
    customer = CustomerSession(mock.Mock(media=one), session)
    customer.connect()
    customer.call()
    began = time.monotonic()
    other._sessions.end(session.session_id)
    customer.browser.wait_gone()
    assert time.monotonic() - began < 1
    customer.close()
