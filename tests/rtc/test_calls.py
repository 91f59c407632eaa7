"""A session in the room: its events channel, its consent, its end, and who holds it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import aioice.ice
import pytest

from banker.agents.registry import TenantAgent, UnavailableAgent
from banker.audit import Audit
from banker.config.loading import load
from banker.errors import ApiError
from banker.identity import EphemeralTokens
from banker.rtc import calls as calls_module
from banker.rtc.facade import MediaFacade
from banker.server.metrics import Metrics
from banker.server.redis_client import open_redis
from banker.sessions import RedisStore, Sessions
from banker.tools.toolbox import Toolbox
from tests.rtc.facades import Room, TurnContext, both_paths, open_sockets_of_peers
from tests.servers import RedisServer, config_environment, wait_until, write_config

pytestmark = both_paths


def errors(talk: TurnContext) -> list[str]:
    return [event["error"] for event in talk.events.of_type("error")]


# -- the events channel -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("junk", "told"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("[]", "JSON object"),
        ('{"type": 5}', "JSON object"),
        ('{"type": "dance"}', "no event of this type"),
        ('{"type": "consent.grant"}', "version"),
        ('{"type": "consent.grant", "version": 5}', "version"),
        ('{"type": "message.send", "text": "' + "x" * 2001 + '"}', "text"),
        ("[" * 1000, "deep"),
        (b'{"type": "speech.cancel"}', "text"),
        ('{"type": "message.send", "text": "' + "x" * 65_600 + '"}', "64 KiB"),
    ],
)
def test_junk_on_the_channel_is_told_and_the_channel_lives(talk: TurnContext, junk: str | bytes, told: str) -> None:
    browser = talk.call()
    browser.run(lambda: browser.channel.send(junk))
    assert told in talk.events.wait_for("error")["message"]
    browser.send({"type": "consent.grant", "version": "v1"})
    talk.events.wait_for("transcript", final=True)


def test_ten_wrong_events_in_a_row_end_the_peer_and_free_its_place(talk: TurnContext) -> None:
    browser = talk.call()
    for _ in range(9):
        browser.send({"type": "dance"})
    browser.send({"type": "speech.cancel"})  # a right one in between
    for _ in range(9):
        browser.send({"type": "dance"})
    talk.events.wait_for("error", nth=18)
    assert talk.room.peers == 1
    browser.send({"type": "dance"})
    browser.wait_gone()
    assert talk.room.peers == 0
    talk.call()  # and it may come back


def test_other_channels_are_closed_and_the_first_events_channel_stays(talk: TurnContext) -> None:
    browser = talk.call()
    others = [browser.run(lambda label=label: browser.pc.createDataChannel(label)) for label in ("events", "chat", "")]
    wait_until(lambda: all(other.readyState == "closed" for other in others), what="the others being closed")
    browser.send({"type": "dance"})
    talk.events.wait_for("error")


def test_whoever_opens_channel_after_channel_is_hung_up_on(talk: TurnContext) -> None:
    browser = talk.call()
    for _ in range(12):
        browser.run(lambda: browser.pc.createDataChannel("chat"))
    browser.wait_gone()
    assert talk.room.peers == 0


def test_a_closed_channel_may_be_opened_again_and_the_socket_carries_on_meanwhile(talk: TurnContext) -> None:
    browser = talk.call()
    browser.run(browser.channel.close)
    wait_until(lambda: browser.channel.readyState == "closed", what="the channel being closed")
    talk.consent()
    talk.events.wait_for("transcript", final=True)
    browser.open_channel("events")
    talk.events.wait_for("session.ready", nth=3)


def test_a_flood_of_events_is_hung_up_on(talk: TurnContext) -> None:
    browser = talk.call()

    def flood() -> None:
        for _ in range(300):
            browser.channel.send('{"type": "speech.cancel"}')

    browser.run(flood)
    browser.wait_gone()
    assert talk.room.peers == 0


def test_a_client_that_reads_nothing_is_hung_up_on(talk: TurnContext) -> None:
    browser = talk.call()
    browser.vanish()
    call = talk.room.calls._calls[talk.id]

    async def send() -> None:
        for _ in range(40):
            call.send({"type": "error", "error": "x", "message": "y" * 60_000})

    talk.room.media._worker.call(send(), 5)
    wait_until(lambda: talk.room.peers == 0, what="the place being free")
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket being closed")


def test_a_long_history_is_cut_to_what_a_client_takes(talk: TurnContext) -> None:
    for turn in range(1, 301):
        talk.room.store.append_turn(talk.id, {"turn": turn, "role": "user", "text": "é" * 300})
    other = TurnContext(talk.room, talk.session)
    talk.room.media._worker.call(talk.room.calls._forget(talk.id), 5)
    other.connect()
    history = other.events.wait_for("session.ready")["history"]
    assert history[-1]["turn"] == 300
    assert 50 < len(history) < 100
    assert len(json.dumps(history, ensure_ascii=False).encode()) < 60_000


# -- consent ----------------------------------------------------------------------------------------------------------


def test_nothing_is_said_or_done_before_consent(talk: TurnContext) -> None:
    browser = talk.call()
    assert talk.events.wait_for("session.ready")["consent_required"]
    browser.send({"type": "message.send", "text": "How much have I got?"})
    assert talk.events.wait_for("error")["error"] == "consent_required"
    browser.send({"type": "consent.grant", "version": "v0"})
    assert talk.events.wait_for("error", nth=2)["error"] == "consent_outdated"
    browser.send({"type": "message.send", "text": "Hello?"})
    assert talk.events.wait_for("error", nth=3)["error"] == "consent_required"  # it has worked off what came before
    assert "transcript" not in talk.events
    browser.send({"type": "consent.grant", "version": "v1"})
    talk.events.wait_for("transcript", final=True)
    consent = talk.room.sessions.find(talk.id).consent
    assert consent is not None
    assert consent.version == "v1"


def test_revoked_consent_is_forgotten(talk: TurnContext) -> None:
    talk.consent()
    talk.events.wait_for("transcript", final=True)
    talk.send({"type": "consent.revoke"})
    assert talk.room.sessions.find(talk.id).consent is None
    with pytest.raises(ApiError, match=r"consent\.grant"):
        talk.send({"type": "message.send", "text": "hello"})


def test_a_client_without_any_offer_is_greeted_in_text(talk: TurnContext) -> None:
    talk.consent()
    assert talk.events.wait_for("transcript", final=True)["text"] == "Welcome to the bank of the tests."


# -- the end ----------------------------------------------------------------------------------------------------------


def test_the_end_is_told_and_stops_the_media_within_a_second(talk: TurnContext) -> None:
    browser = talk.call()
    began = time.monotonic()
    talk.room.sessions.end(talk.id)
    talk.events.wait_for("session.ended", reason="ended")
    talk.events.wait_for("bye")
    browser.wait_gone()
    assert time.monotonic() - began < 1
    assert talk.room.peers == 0
    with pytest.raises(ApiError) as caught:
        talk.offer("v=0")
    assert caught.value.status == 404


def test_a_session_tells_that_it_will_expire_and_that_it_has(room: Room) -> None:
    warned, short = room.talk(lifetime=60.5), room.talk(lifetime=1.0)
    browser = short.call()
    assert warned.events.wait_for("session.expiring", 2)["seconds"] == 60
    ended = short.events.wait_for("session.ended", 3)
    assert ended["reason"] == "expired"
    browser.wait_gone(1)
    assert 0 <= time.time() - short.session.expires_at < 1
    wait_until(lambda: room.sessions.recall(short.id).reason == "expired", what="the store knowing")
    short.close()


def test_expiry_does_not_wait_for_the_store(room: Room) -> None:
    short = room.talk(lifetime=0.5)
    browser = short.call()
    hold = threading.Event()
    with mock.patch.object(room.sessions, "end", side_effect=lambda *_: hold.wait(5)):
        browser.wait_gone(2)
        hold.set()
    assert time.time() - short.session.expires_at < 1.2
    short.close()


def test_a_session_that_ended_before_its_socket_came_is_not_opened(room: Room) -> None:
    talk = room.talk(connect=False)
    room.sessions.end(talk.id)
    with pytest.raises(ApiError) as caught:
        talk.connect()
    assert caught.value.status == 404
    assert talk.id not in room.calls._calls


def test_a_vanished_peer_frees_its_place(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 2)
    talk = room.talk()
    talk.call().vanish()
    wait_until(lambda: room.peers == 0, limit=8, what="the place being free")
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket being closed")


def test_a_call_that_nobody_comes_back_to_is_forgotten(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_module, "LINGER_S", 0.2)
    talk = room.talk()
    browser = talk.call()
    room.media.leave(talk.id, talk.events.add)
    browser.send({"type": "dance"})  # the channel carries on without the socket
    talk.events.wait_for("error")
    browser.close()
    wait_until(lambda: talk.id not in room.calls._calls, what="the call being forgotten")
    talk.connect()  # the session lives on
    assert talk.events.wait_for("session.ready", nth=3)


def test_a_session_has_one_socket_the_newest(talk: TurnContext) -> None:
    newer = TurnContext(talk.room, talk.session)
    newer.connect()
    talk.events.wait_for("bye")
    newer.consent()
    newer.events.wait_for("transcript", final=True)
    assert "transcript" not in talk.events


def test_what_comes_late_to_a_closed_room_starts_nothing(make_room: Callable[..., Room]) -> None:
    room = make_room()
    talk = room.talk()
    room.media.close()
    before = {thread.name for thread in threading.enumerate()}
    room.media.leave(talk.id, talk.events.add)
    with pytest.raises(ApiError) as caught:
        talk.connect()
    assert caught.value.status == 503
    assert {thread.name for thread in threading.enumerate()} <= before


# -- two workers ------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_workers(tmp_path: Path, redis_server: RedisServer, fast_path: bool) -> Iterator[list[Any]]:
    """Two rooms over one Redis, as two gunicorn workers have them."""
    write_config(tmp_path, {"media": {"allow_private_candidates": True, "fast_path": fast_path}})
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


def test_an_offer_at_another_worker_takes_the_session_along(two_workers: list[Any]) -> None:
    one, other = two_workers
    tenant = one._config.tenants["bank"]
    session, _ = one._sessions.create(tenant=tenant, user_id="user-456", portal_context={}, claims={})

    def at(worker: Any) -> TurnContext:
        talk = TurnContext(mock.Mock(media=worker), worker._sessions.find(session.session_id))
        talk.connect()
        talk.call()
        return talk

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
    for talk in (first, second, back):
        talk.close()


def test_the_end_at_one_worker_stops_the_media_at_the_other(two_workers: list[Any]) -> None:
    one, other = two_workers
    tenant = one._config.tenants["bank"]
    session, _ = one._sessions.create(tenant=tenant, user_id="user-456", portal_context={}, claims={})
    talk = TurnContext(mock.Mock(media=one), session)
    talk.connect()
    talk.call()
    began = time.monotonic()
    other._sessions.end(session.session_id)
    talk.browser.wait_gone()
    assert time.monotonic() - began < 1
    talk.close()
