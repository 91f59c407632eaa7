"""All calls of a worker through one UDP port: told apart by ICE user name and address, whatever strangers send."""

import asyncio
import random
import re
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import aioice.ice
import pytest
from aioice import Connection, stun

from banker import Banker
from banker.config.loading import ConfigError, load
from banker.errors import ApiError
from banker.rtc import aiortc_internals
from banker.rtc.sockets import media_loop
from banker.rtc.sockets.media_loop import MediaLoop
from banker.rtc.sockets.shared_port import SharedPort
from banker.rtc.sockets.stun import user_name
from tests.rtc.facades import CustomerSession, MediaHarness, ToneVoice, both_paths
from tests.servers import Turn, config_environment, free_udp_port, own_address, wait_until, write_config


@pytest.fixture
def port() -> int:
    return free_udp_port()


@pytest.fixture
def make_shared(make_harness: Callable[..., MediaHarness], port: int) -> Callable[..., MediaHarness]:
    """Creates a service whose calls share one port; `media` are further settings."""

    def make(voice: ToneVoice | None = None, ice: dict[str, object] | None = None, **media: object) -> MediaHarness:
        settings = {"port_range": str(port), "allow_private_candidates": True, "max_peers": 150, **media}
        return make_harness(voice, service={"media": settings, "ice": ice or {}})

    return make


def entries(harness: MediaHarness) -> int:
    """How much the shared sockets remember of peers."""
    loop = harness.media._worker._loop
    assert isinstance(loop, MediaLoop)
    return sum(len(shared) for shared in loop.shared_ports)


def host_ports(answer: str) -> set[int]:
    return {int(port) for port in re.findall(r"^a=candidate:\S+ 1 udp \d+ \S+ (\d+) typ host", answer, re.MULTILINE)}


def hears(customer: CustomerSession) -> bool:
    """Wait until this customer receives the banker's voice."""
    wait_until(lambda: len(customer.browser.audio.packets) >= 10, limit=20, what="the banker's voice")
    return True


def binding_request(name: str, password: str = "x" * 22) -> bytes:
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    request.attributes["USERNAME"] = name
    request.attributes["PRIORITY"] = 1
    request.add_message_integrity(password.encode())
    return bytes(request)


@both_paths
def test_calls_at_the_same_time_share_the_port_and_hear_their_own_greeting(
    make_shared: Callable[..., MediaHarness], port: int
) -> None:
    harness = make_shared(ToneVoice())
    customers = [harness.customer() for _ in range(4)]
    for customer in customers:
        customer.browsers.append(browser := customer.new_browser())
        answer = customer.offer(browser.offer())
        assert host_ports(answer) == {port}
        browser.accept(answer)
    for customer in customers:
        customer.browser.wait_connected()
        customer.browser.send({"type": "consent.grant", "version": "v1"})
    assert all(map(hears, customers))
    for customer in customers:
        customer.close()
    wait_until(lambda: harness.peers == 0, limit=20, what="every peer being gone")
    wait_until(lambda: entries(harness) == 0, what="nothing being left of them")


def test_a_hundred_peers_come_and_go_without_leaving_anything(
    make_shared: Callable[..., MediaHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = make_shared()
    offer = harness.customer(connect=False).new_browser()
    sdp = offer.offer()
    customers = [harness.customer() for _ in range(100)]
    for customer in customers:
        customer.offer(sdp)
    assert harness.peers == 100
    assert entries(harness) >= 100
    for customer in customers:
        harness.media.hang_up(customer.id)
    assert harness.peers == 0
    wait_until(lambda: entries(harness) == 0, what="nothing being left of them")
    offer.close()


def test_a_new_offer_of_a_session_replaces_its_peer(make_shared: Callable[..., MediaHarness]) -> None:
    harness = make_shared(ToneVoice())
    customer = harness.customer()
    customer.call()
    before = customer.browser
    customer.call()
    before.close()
    customer.browser.send({"type": "consent.grant", "version": "v1"})
    assert hears(customer)
    assert harness.peers == 1
    customer.close()


def test_a_call_through_a_relay_shares_the_port(make_shared: Callable[..., MediaHarness]) -> None:
    turn = Turn()
    try:
        harness = make_shared(ToneVoice(), ice={"urls": [turn.url], "secret_env": "TURN_SECRET"})
        relayed, direct = harness.customer(), harness.customer()
        relayed.call(ice_servers=relayed.ice_servers, relay_only=True)
        direct.call()
        for customer in (relayed, direct):
            customer.browser.send({"type": "consent.grant", "version": "v1"})
        assert all(map(hears, (relayed, direct)))
        relayed.close()
        direct.close()
    finally:
        turn.close()


def test_behind_a_nat_the_answer_has_the_public_address_with_the_port(
    make_shared: Callable[..., MediaHarness], port: int
) -> None:
    customer = make_shared(public_address="203.0.113.7").customer()
    customer.browsers.append(browser := customer.new_browser())
    assert f" 203.0.113.7 {port} typ host" in customer.offer(browser.offer())
    customer.close()


def test_ten_thousand_datagrams_of_strangers_disturb_neither_a_new_call_nor_a_running_one(
    make_shared: Callable[..., MediaHarness], port: int
) -> None:
    harness = make_shared(ToneVoice(seconds=3))
    harness.customer().call().close()  # the port is open
    chance = random.Random(1)

    def flood(names: list[str]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for number in range(5_000):
                data = chance.randbytes(chance.randrange(200))
                if number % 3 == 1:
                    data = struct.pack("!HHI", chance.choice([1, 0x101, 0x111]), len(data), 0x2112A442) + data
                if number % 3 == 2:
                    data = binding_request(f"{chance.choice(names)}:abcd")
                stranger.sendto(data, (own_address(), port))

    flood(["none", "x" * 300])
    customer = harness.customer()
    customer.call()
    customer.browser.send({"type": "consent.grant", "version": "v1"})
    flood(["none", agent_of(harness, customer).local_username])
    assert hears(customer)
    assert harness.peers >= 1
    customer.browser.send({"type": "ping", "n": 7})
    customer.events.wait_for("pong", n=7)
    customer.close()


def agent_of(harness: MediaHarness, customer: CustomerSession) -> Connection:
    """The banker's ICE agent of a customer."""
    peer = harness.calls._calls[customer.id].transport.peer
    assert peer is not None
    (transport,) = {transceiver.receiver.transport for transceiver in peer._pc.getTransceivers()}
    return transport.transport._connection  # type: ignore[no-any-return]


async def received(agent: Connection) -> bytes:
    """The next datagram that is for this agent."""
    return await asyncio.wait_for(agent.recv(), 10)


@dataclass
class Agents:
    """ICE agents of a service that share a port at `host`, and those of clients."""

    loop: MediaLoop
    host: str
    port: int

    async def connect(self) -> tuple[Connection, Connection]:
        """A banker's agent and a client's, which are connected."""
        banker, client = Connection(ice_controlling=False), Connection(ice_controlling=True)
        await banker.gather_candidates()
        self.loop._shares_ports, ports, self.loop._ports = False, self.loop._ports, None
        await client.gather_candidates()
        self.loop._shares_ports, self.loop._ports = True, ports
        for one, other in ((banker, client), (client, banker)):
            one.remote_username, one.remote_password = other.local_username, other.local_password
            for candidate in other.local_candidates:
                await one.add_remote_candidate(candidate)
            await one.add_remote_candidate(None)
        await asyncio.gather(banker.connect(), client.connect())
        return banker, client

    def address_of(self, agent: Connection) -> tuple[str, int]:
        candidate = agent.local_candidates[0]
        return candidate.host, candidate.port

    @property
    def shared(self) -> SharedPort:
        (shared,) = self.loop.shared_ports
        return shared

    def forge(self, data: bytes, sender: tuple[str, int]) -> None:
        """Let a datagram arrive that only claims to be from this address."""
        peer = self.shared._peer_of(data, sender)
        if peer is not None:
            peer.protocol.datagram_received(data, sender)


@pytest.fixture(params=["127.0.0.1", "::1"], ids=["IPv4", "IPv6"])
def agents(request: pytest.FixtureRequest, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agents]:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: [request.param])
    loop = MediaLoop(range(port, port + 1), shares_ports=True)
    yield Agents(loop, request.param, port)
    loop.close()
    with socket.socket(socket.AF_INET6 if ":" in request.param else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((request.param, port))  # the port is free again


def test_data_reaches_the_agent_that_it_is_for(agents: Agents) -> None:
    async def scenario() -> None:
        pairs = [await agents.connect() for _ in range(3)]
        for number, (banker, client) in enumerate(pairs):
            assert agents.address_of(banker) == (agents.host, agents.port)
            await client.send(b"\x80 from client %d" % number)
            assert await received(banker) == b"\x80 from client %d" % number
            await banker.send(b"\x80 from banker %d" % number)
            assert await received(client) == b"\x80 from banker %d" % number
        for pair in pairs:
            for agent in pair:
                await agent.close()
        assert len(agents.shared) == 0

    agents.loop.run_until_complete(scenario())


def test_a_forged_address_does_not_take_another_callers_media(agents: Agents) -> None:
    """An attacker with a session of its own claims a victim's address, with checks that are valid for that session."""

    async def scenario() -> None:
        victim_agent, victim = await agents.connect()
        attacker_agent, attacker = await agents.connect()
        address = agents.address_of(victim)
        check = f"{attacker_agent.local_username}:{attacker.local_username}"
        agents.forge(binding_request(check, attacker_agent.local_password), address)
        await asyncio.sleep(0)  # its agent now checks the victim's address
        asked = [*next(iter(attacker_agent._protocols)).transactions]
        for transaction in asked:  # a browser refuses checks with a user name that it does not know
            refusal = stun.Message(stun.Method.BINDING, stun.Class.ERROR, transaction)
            refusal.attributes["ERROR-CODE"] = (401, "Unauthorized")
            agents.forge(bytes(refusal), address)
        await victim.send(b"\x80 private")
        assert await received(victim_agent) == b"\x80 private"
        assert attacker_agent._queue.empty()
        for agent in (victim_agent, victim, attacker_agent, attacker):
            await agent.close()

    agents.loop.run_until_complete(scenario())


def test_an_address_that_was_claimed_beforehand_comes_back_to_who_answers_there(agents: Agents) -> None:
    async def scenario() -> None:
        attacker_agent, attacker = await agents.connect()
        check = f"{attacker_agent.local_username}:{attacker.local_username}"
        with socket.socket(socket.AF_INET6 if ":" in agents.host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((agents.host, 0))
            claimed = probe.getsockname()[:2]
        agents.forge(binding_request(check, attacker_agent.local_password), claimed)
        create = agents.loop.create_datagram_endpoint

        async def at_claimed(factory: Callable[[], object], local_addr: tuple[str, int], **options: object) -> object:
            is_client = not agents.loop._shares_ports
            return await create(factory, claimed if is_client else local_addr, **options)

        agents.loop.create_datagram_endpoint = at_claimed  # type: ignore[method-assign, assignment]
        victim_agent, victim = await agents.connect()
        assert agents.address_of(victim) == claimed
        await victim.send(b"\x80 private")
        assert await received(victim_agent) == b"\x80 private"
        for agent in (victim_agent, victim, attacker_agent, attacker):
            await agent.close()

    agents.loop.run_until_complete(scenario())


def test_a_check_without_the_right_password_gives_no_address_to_anybody(agents: Agents) -> None:
    async def scenario() -> None:
        banker, client = await agents.connect()
        before = len(agents.shared)
        for number in range(1000):
            agents.forge(binding_request(f"{banker.local_username}:abcd"), ("203.0.113.7", 1024 + number))
        assert len(agents.shared) == before
        for agent in (banker, client):
            await agent.close()

    agents.loop.run_until_complete(scenario())


def test_one_peer_takes_a_hundred_addresses_at_most(agents: Agents) -> None:
    async def scenario() -> None:
        banker, client = await agents.connect()
        check = binding_request(f"{banker.local_username}:{client.local_username}", banker.local_password)
        for number in range(150):
            agents.forge(check, ("203.0.113.7" if ":" not in agents.host else "2001:db8::7", 1024 + number))
        assert len(agents.shared) <= 101
        for agent in (banker, client):
            await agent.close()

    agents.loop.run_until_complete(scenario())


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0",
        b"\0\1",
        bytes(20),
        b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12),
        b"\0\1\xff\xff\x21\x12\xa4\x42" + bytes(12) + b"\0\6\xff\xff",
        b"\0\1\0\x04\x21\x12\xa4\x42" + bytes(12) + b"\0\0\0\0" * 5_000 + b"\0\6\0\4name",
    ],
)
def test_broken_requests_have_no_user_name(datagram: bytes) -> None:
    assert user_name(datagram).strip(b"\0") == b""


def test_a_request_of_a_browser_has_a_user_name() -> None:
    assert user_name(binding_request("ours:theirs")) == b"ours"


def test_a_worker_waits_for_the_port_of_one_that_goes(
    make_shared: Callable[..., MediaHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_loop, "PORT_PATIENCE_S", 30)
    old, new = make_shared(), make_shared()
    old.customer().call().close()
    customer = new.customer()
    with ThreadPoolExecutor(1) as other_thread:
        called = other_thread.submit(customer.call)
        wait_until(lambda: new.peers == 1, what="the offer")
        old.media.close()
        called.result(30)
    customer.close()


def test_workers_take_one_port_each(make_harness: Callable[..., MediaHarness], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_loop, "PORT_PATIENCE_S", 0.1)
    first = free_udp_port()
    media = {"port_range": f"{first}-{first + 1}", "allow_private_candidates": True}
    workers = [make_harness(service={"media": media}) for _ in range(3)]
    ports = []
    for worker in workers[:2]:
        customer = worker.customer()
        customer.browsers.append(browser := customer.new_browser())
        ports.append(host_ports(customer.offer(browser.offer())))
        customer.close()
    assert sorted(ports, key=min) == [{first}, {first + 1}]
    third = workers[2].customer()
    with pytest.raises(ApiError) as caught:
        third.call()
    assert (caught.value.status, caught.value.error) == (503, "unavailable")
    third.close()


def test_with_versions_that_it_was_not_tested_with_a_shared_port_is_refused(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aiortc_internals, "UNTESTED", ["aioice 0.14.0"])
    for name, value in config_environment().items():
        monkeypatch.setenv(name, value)
    folder = write_config(tmp_path, {"media": {"port_range": "40000"}})  # type: ignore[arg-type]
    assert load(folder)
    with pytest.raises(ConfigError) as caught:
        Banker(config=folder)
    (line,) = caught.value.mistakes
    assert "media.port_range" in line
    assert "aioice 0.14.0" in line
