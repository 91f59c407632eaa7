"""Hand-overs over every store: the queue and its order, one colleague for a talk, waiting times, messages, tokens."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from banker.audit import Audit
from banker.audit.private_trail import AuditEvent
from banker.config.tenant import HandOverSettings, IdentitySettings, Tenant
from banker.errors import ApiError
from banker.handover import Colleague, DeskTalks, HandOverAnswer, HandOverChanges, HandOvers
from banker.handover.attendance import Attendance
from banker.handover.desk_store import DeskStore, MemoryDeskStore, presence
from banker.handover.redis_desk_store import RedisDeskStore
from banker.server.metrics import Metrics
from banker.server.redis import open_redis
from banker.sessions import MemoryStore, RedisStore, Session, Sessions, SessionStore
from tests.servers import wait_until
from tests.sessions.conftest import Clock, FakeTokens, at_once

MARIA, KEN = Colleague("maria", "Maria Rossi", "bank"), Colleague("ken", "Ken Sato", "bank")
STRANGER = Colleague("maria", "Maria Rossi", "other")


class NoHook:
    """A bank without a rule of its own."""

    directs = False

    def direct(self, session: Session, reason: str, urgency: str) -> HandOverAnswer | None:
        return None


def a_tenant(tenant_id: str, **handover: Any) -> Tenant:
    identity = IdentitySettings(issuer=f"https://{tenant_id}.example", algorithms=("HS256",))
    return Tenant(identity=identity, tenant_id=tenant_id, handover=HandOverSettings(**handover))


class World:
    """Two tenants, their sessions and their desks."""

    def __init__(self, store: SessionStore, desk: DeskStore, clock: Clock, **handover: Any) -> None:
        self.clock = clock
        self.tenants = {name: a_tenant(name, **handover) for name in ("bank", "other")}
        self.sessions = Sessions(store, FakeTokens(clock), clock)
        self.desk = desk
        self.trail: list[AuditEvent] = []
        audit = Audit(self, Metrics(False), clock=clock)
        changes = HandOverChanges(self.sessions, desk, audit, Metrics(False))
        self.handovers = HandOvers(self.tenants, changes, NoHook(), has_desk=True)
        self.talks = DeskTalks(changes)

    def append(self, event: AuditEvent) -> None:
        """Take an entry, as an audit trail does."""
        self.trail.append(event)

    def session(self, user: str = "user-1") -> str:
        session, _ = self.sessions.create(tenant=self.tenants["bank"], user_id=user, portal_context={}, claims={})
        self.handovers.talk_began(session)
        return session.session_id

    def free(self, colleague: Colleague = MARIA) -> None:
        self.talks.set_available(colleague, True)

    def queue(self) -> list[str]:
        talks = self.talks.of_tenant("bank")
        return [talk.session_id for talk in talks if talk.handover and talk.handover["state"] == "waiting"]


@pytest.fixture(params=["memory", "redis", "cluster"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    clock = Clock()
    if request.param == "memory":
        yield World(MemoryStore(100, clock), MemoryDeskStore(clock), clock)
        return
    server = request.getfixturevalue({"redis": "redis_server", "cluster": "redis_cluster"}[request.param])
    client = open_redis(server.url, 5.0)
    store = RedisStore(client, 5.0, clock)
    world = World(store, RedisDeskStore(client, clock), clock)
    for listing in ("talks", "queue", "colleagues", "present"):
        for name in world.desk.listed("bank", listing):
            world.desk.delist("bank", listing, name)
    yield world
    world.handovers.attendance.stop()
    store.close()


def refusal(work: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(ApiError) as refused:
        work()
    return refused.value.status, refused.value.error


def test_the_urgent_come_first_and_then_those_who_wait_longest(world: World) -> None:
    world.free()
    one, two, three = world.session(), world.session("user-2"), world.session("user-3")
    assert world.handovers.request(one, "asked for").position == 1
    world.clock.advance(5)
    assert world.handovers.request(two, "asked for").position == 2
    world.clock.advance(5)
    assert world.handovers.request(three, "scam", "urgent").position == 1
    assert world.queue() == [three, one, two]
    assert world.handovers.look(two, is_reachable=True).position == 3
    world.sessions.end(three)
    assert world.handovers.look(two, is_reachable=True).position == 2
    assert world.handovers.cancel(one, "by button") and not world.handovers.cancel(one, "again")
    assert world.queue() == [two]


def test_of_many_colleagues_who_take_a_talk_at_once_one_has_it(world: World) -> None:
    world.free()
    session_id = world.session()
    world.handovers.request(session_id, "asked for")
    colleagues = [Colleague(f"colleague-{number}", f"Colleague {number}", "bank") for number in range(8)]
    results = at_once(8, lambda number: world.talks.take(colleagues[number], session_id))
    refused = [result for result in results if isinstance(result, ApiError)]
    assert len(refused) == 7 and {error.error for error in refused} == {"already_taken"}
    assert refusal(lambda: world.talks.take(STRANGER, session_id)) == (404, "session_not_found")
    winner = colleagues[next(n for n, result in enumerate(results) if not isinstance(result, ApiError))]
    world.talks.take(winner, session_id)  # a repeated request changes nothing
    assert world.queue() == []


def test_a_colleague_reads_and_writes_only_after_the_customer_knows(world: World) -> None:
    world.free()
    session_id = world.session()
    world.handovers.request(session_id, "asked for")
    world.talks.take(MARIA, session_id)
    assert refusal(lambda: world.talks.own(MARIA, session_id)) == (409, "not_joined")
    assert refusal(lambda: world.talks.send(MARIA, session_id, {"type": "say"})) == (409, "not_joined")
    assert refusal(lambda: world.talks.own(KEN, session_id, joined=False)) == (404, "talk_not_found")
    assert world.handovers.joined(session_id)
    for number in range(3):
        world.talks.send(MARIA, session_id, {"type": "say", "text": str(number)})
    first, *rest = world.handovers.look(session_id, is_reachable=True).messages
    assert [message["text"] for _, message in (first, *rest)] == ["0", "1", "2"]
    world.handovers.handled(session_id, first[0])
    assert world.handovers.look(session_id, is_reachable=True).messages == tuple(rest)
    customer = presence(session_id, "customer")
    assert customer in world.desk.listed("bank", "present")
    world.clock.advance(10)
    assert customer not in world.desk.listed("bank", "present"), "the line to the customer is gone"
    world.talks.give_back(MARIA, session_id, "Solved", "A new card")
    assert not world.handovers.joined(session_id)
    told = [(entry.event, entry.details.get("colleague_id"), entry.time) for entry in world.trail]
    at = world.clock() - 10
    assert told[-4:] == [
        ("handover.requested", None, at),
        ("handover.taken", "maria", at),
        ("handover.joined", "maria", at),
        ("handover.returned", "maria", at + 10),
    ]
    assert (world.trail[-1].details["outcome"], world.trail[-1].details["note"]) == ("Solved", "A new card")
    assert world.handovers.request(session_id, "again").position == 1


def test_the_estimate_is_made_of_the_waits_so_far(world: World) -> None:
    world.free()
    desk = world.desk
    before = world.session()
    assert world.handovers.request(before, "asked for").seconds is None or desk.waits("bank")
    world.clock.advance(240)
    world.free()
    world.talks.take(MARIA, before)
    for _ in range(20):
        desk.add_wait("bank", 240)
    one, two = world.session("user-2"), world.session("user-3")
    assert world.handovers.request(one, "asked for").seconds == 240
    world.clock.advance(1)
    assert world.handovers.request(two, "asked for").seconds == 480


def test_a_colleague_who_is_not_heard_of_is_noticed_and_the_customer_waits_again(world: World) -> None:
    world.free()
    one, two = world.session(), world.session("user-2")
    world.handovers.request(one, "asked for")
    world.clock.advance(1)
    world.handovers.request(two, "asked for")
    world.talks.take(MARIA, one)
    world.handovers.joined(one)
    world.clock.advance(9)
    world.talks.attend(MARIA, one)
    world.clock.advance(9)
    assert world.handovers.look(one, is_reachable=True).is_colleague_there
    world.clock.advance(2)
    assert not world.handovers.look(one, is_reachable=True).is_colleague_there
    world.handovers.lost(one)
    assert world.queue() == [one, two]


def test_a_colleague_is_waited_for_while_the_worker_of_their_desk_restarts(world: World) -> None:
    def desk_of(worker: str) -> Attendance:
        return Attendance(world.desk, world.clock, lambda: worker, 0.05)

    world.free()
    session_id = world.session()
    first, second, customers = desk_of("first"), desk_of("second"), desk_of("the customer's")
    first.attend("bank", session_id)
    world.clock.advance(11)
    wait_until(lambda: not customers.is_there("bank", session_id), 10, "the page of a worker that lives being gone")
    first.stop()
    assert customers.is_there("bank", session_id), "nobody could hear the page"
    second.attend("bank", session_id)
    world.clock.advance(11)
    wait_until(lambda: not customers.is_there("bank", session_id), 10, "the page being gone")
    second.stop()
    assert customers.is_there("bank", session_id)
    world.clock.advance(50)
    assert not customers.is_there("bank", session_id), "it is not waited for without an end"


def test_nobody_is_waited_for_who_cannot_come(world: World) -> None:
    session_id = world.session()
    assert world.handovers.request(session_id, "asked for").state == "nobody"
    world.free(STRANGER)
    assert world.handovers.request(session_id, "asked for").state == "nobody"
    world.free()
    world.clock.advance(16)
    assert world.handovers.request(session_id, "asked for").state == "nobody"
    assert world.queue() == []


def test_without_a_customer_the_end_of_the_talk_is_the_end_of_the_session(world: World) -> None:
    world.free()
    session_id = world.session()
    world.talks.take(MARIA, session_id)
    world.talks.end(MARIA, session_id, "Solved", "Nobody there")
    assert world.sessions.recall(session_id).state == "ended"


def test_a_token_is_replaced_by_the_next_and_runs_out(world: World) -> None:
    desk = world.desk
    desk.set_token("bank", "maria", "first", 300)
    desk.set_token("bank", "maria", "second", 300)
    assert desk.token("bank", "maria") == "second"
    assert desk.token("other", "maria") is None


def test_outside_the_hours_it_is_closed() -> None:
    clock = Clock()
    clock.now = 1_795_000_000.0 - 1_795_000_000.0 % 86_400 + 12 * 3600  # noon in UTC
    world = World(MemoryStore(10, clock), MemoryDeskStore(clock), clock, hours=("mon-sun 09:00-17:00",))
    session_id = world.session()
    for hours, state in ((0, "waiting"), (6, "closed")):
        clock.advance(hours * 3600)
        session_id = world.session()
        world.free()
        assert world.handovers.request(session_id, "asked for").state == state
