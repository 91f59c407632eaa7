"""ICE: the port range, addresses, unreachable servers and relays."""

import concurrent.futures
import logging
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from aiortc import RTCIceServer
from aiortc.sdp import candidate_from_sdp

from banker.errors import ApiError
from banker.rtc.ice import UNREACHABLE_S, UnreachableServers, acceptable
from banker.rtc.sdp.answer import with_public_address
from banker.rtc.sdp.candidates import parse_candidate
from banker.rtc.sdp.description import BadOffer
from banker.rtc.sockets import media_loop
from tests.client import Browser
from tests.rtc.facades import MediaHarness, both_paths, open_sockets_of_peers, remote_candidates
from tests.servers import TURN_SECRET, Turn, own_address, wait_until


def candidate_ports(answer: str) -> list[int]:
    return [int(port) for port in re.findall(r"a=candidate:\S+ 1 udp \d+ \S+ (\d+) typ host", answer)]


def bound(family: socket.AddressFamily, port: int) -> socket.socket:
    """A UDP socket bound to a port of every address."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(("", port))
    return sock


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A UDP port of this machine that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((own_address(), 0))
        yield int(sock.getsockname()[1])


@both_paths
def test_every_candidate_is_in_the_port_range(make_harness: Callable[..., MediaHarness]) -> None:
    harness = make_harness(service={"media": {"port_range": "42000-42019", "allow_private_candidates": True}})
    for _ in range(3):
        customer = harness.customer()
        browser = Browser(customer.events)
        customer.browsers.append(browser)
        answer = customer.offer(browser.offer())
        browser.accept(answer)
        browser.wait_connected()
        ports = candidate_ports(answer)
        assert ports
        assert all(42000 <= port <= 42019 for port in ports)
        customer.close()


@both_paths
def test_a_used_up_port_range_refuses_the_offer(
    make_harness: Callable[..., MediaHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_loop, "PORT_PATIENCE_S", 0.1)
    harness = make_harness(service={"media": {"port_range": "42020-42021", "allow_private_candidates": True}})
    taken = [bound(family, port) for family in (socket.AF_INET, socket.AF_INET6) for port in (42020, 42021)]
    customer = harness.customer()
    browser = Browser(customer.events)
    customer.browsers.append(browser)
    with pytest.raises(ApiError) as caught:
        customer.offer(browser.offer())
    assert (caught.value.status, caught.value.error) == (503, "unavailable")
    assert harness.peers == 0
    assert harness.figure('banker_rejections_total{cause="udp_port"}') == 1
    for sock in taken:
        sock.close()
    customer.call()  # the ports are free again
    customer.close()


def test_the_answer_has_the_public_address_and_not_the_private_one(make_harness: Callable[..., MediaHarness]) -> None:
    harness = make_harness(service={"media": {"public_address": "203.0.113.7", "allow_private_candidates": True}})
    customer = harness.customer()
    browser = Browser(customer.events)
    answer = customer.offer(browser.offer())
    browser.close()
    assert " 203.0.113.7 " in answer
    assert own_address() not in answer


def test_candidates_of_other_families_and_types_keep_their_address() -> None:
    lines = [
        "c=IN IP4 10.0.0.5",
        "a=candidate:1 1 udp 1 fd00::5 4000 typ host",
        "a=candidate:2 1 udp 1 198.51.100.9 4001 typ relay raddr 10.0.0.5 rport 4002",
    ]
    finished = "\n".join(with_public_address(line, "203.0.113.7") for line in lines)
    assert "fd00::5 4000" in finished
    assert "198.51.100.9 4001" in finished
    assert "10.0.0.5" not in finished


@both_paths
def test_private_candidates_are_not_checked_and_the_call_still_connects(
    make_harness: Callable[..., MediaHarness],
) -> None:
    harness = make_harness(service={"media": {"allow_private_candidates": False}})
    customer = harness.customer()
    browser = customer.call()
    browser.send({"type": "consent.grant", "version": "v1"})
    customer.events.wait_for("transcript", final=True)
    peer = harness.calls._calls[customer.id].transport.peer
    assert peer is not None
    assert {candidate.type for candidate in remote_candidates(peer)} == {"prflx"}
    customer.close()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.0.0.1", "private"),
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local: the metadata service of clouds"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("224.0.0.1", "multicast"),
        ("0.0.0.0", "this host"),
        ("255.255.255.255", "broadcast"),
        ("::1", "loopback"),
        ("fd00::1", "unique local"),
        ("fe80::1%eth0", "link-local"),
        ("::ffff:10.0.0.1", "an IPv4-mapped address"),
        ("64:ff9b::a00:1", "10.0.0.1 behind NAT64"),
        ("2002:a00:1::1", "10.0.0.1 behind 6to4"),
        ("internal.bank.example", "a name"),
        ("d34db33f.local", "an mDNS name"),
        ("010.0.0.1", "an octal look-alike"),
    ],
)
def test_a_client_cannot_make_us_check(address: str, reason: str) -> None:
    candidate = candidate_from_sdp(f"1 1 udp 1 {address} 4000 typ host")
    assert not acceptable(candidate, allow_private=False), reason


@pytest.mark.parametrize("text", ["1 1 udp 1 8.8.8.8 53 typ host", "1 2 udp 1 8.8.8.8 4000 typ host"])
def test_ports_of_other_services_and_other_components_are_refused(text: str) -> None:
    assert not acceptable(candidate_from_sdp(text), allow_private=True)


def test_public_addresses_are_accepted() -> None:
    for address in ("8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"):
        assert acceptable(candidate_from_sdp(f"1 1 udp 1 {address} 4000 typ host"), allow_private=False)


def test_a_candidate_must_name_its_section() -> None:
    with pytest.raises(BadOffer):
        parse_candidate("candidate:1 1 udp 1 8.8.8.8 4000 typ host", None, None)


@pytest.mark.parametrize("kind", ["stun", "turn"])
def test_an_unreachable_server_delays_one_offer_by_three_seconds_and_is_logged(
    make_harness: Callable[..., MediaHarness], silent_server: int, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    ice = {"urls": [f"{kind}:{own_address()}:{silent_server}"], "secret_env": "TURN_SECRET"}
    harness = make_harness(service={"ice": ice, "media": {"allow_private_candidates": True}})
    customer, took = harness.customer(), []
    with caplog.at_level(logging.WARNING, "banker"):
        for _ in range(2):
            began = time.monotonic()
            customer.call(wait=False)
            took.append(time.monotonic() - began)
    assert 2.5 < took[0] < 4
    assert took[1] < 2.5
    assert str(silent_server) in caplog.text
    assert harness.figure("banker_dead_ice_servers") == 1
    customer.browser.wait_connected()
    customer.close()


def test_an_unreachable_server_is_skipped_for_a_while_and_the_next_one_is_asked() -> None:
    now = 0.0
    urls = ["stun:a:3478", "turn:b:3478", "turn:b:3478?transport=tcp"]
    servers, unreachable = [RTCIceServer([url]) for url in urls], UnreachableServers(lambda: now)
    assert unreachable.without(servers) == servers
    assert unreachable.learn(servers, {"host", "srflx"}) == 1
    assert [server.urls for server in unreachable.without(servers)] == [[urls[0]], [urls[2]]]
    assert unreachable.learn(unreachable.without(servers), {"host", "srflx"}) == 1
    assert [server.urls for server in unreachable.without(servers)] == [[urls[0]]]
    assert unreachable.learn(unreachable.without(servers), {"host", "srflx"}) == 0
    now = UNREACHABLE_S - 0.1
    assert [server.urls for server in unreachable.without(servers)] == [[urls[0]]]
    now = UNREACHABLE_S
    assert unreachable.without(servers) == servers


@both_paths
def test_ending_a_call_that_is_still_gathering_leaves_no_socket(
    make_harness: Callable[..., MediaHarness], silent_server: int
) -> None:
    ice = {"urls": [f"turn:{own_address()}:{silent_server}"], "secret_env": "TURN_SECRET"}
    harness = make_harness(service={"ice": ice, "media": {"allow_private_candidates": True}})
    customer = harness.customer()
    browser = Browser(customer.events)
    offer = browser.offer()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answering = pool.submit(customer.offer, offer)
        wait_until(lambda: harness.peers == 1, what="the offer being answered")
        harness.sessions.end(customer.id)
        assert isinstance(answering.exception(6), ApiError)
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket being closed")
    assert harness.peers == 0
    browser.close()


@pytest.fixture(scope="module")
def turn() -> Iterator[Turn]:
    turn = Turn()
    yield turn
    turn.close()


@both_paths
def test_a_relay_only_client_connects_with_the_credentials_of_ready(
    make_harness: Callable[..., MediaHarness], turn: Turn
) -> None:
    harness = make_harness(service={"ice": {"urls": [turn.url], "secret_env": "TURN_SECRET"}})
    customer = harness.customer(connect=False)
    servers = harness.media.open(customer.session, customer.events.add)
    assert servers[0]["urls"] == [turn.url]
    assert int(servers[0]["username"].partition(":")[0]) == pytest.approx(time.time() + 7200, abs=5)
    assert TURN_SECRET not in str(servers)
    browser = customer.call(ice_servers=servers, relay_only=True)
    (pair,) = browser._connection()._nominated.values()
    assert pair.local_candidate.type == "relay"
    browser.send({"type": "consent.grant", "version": "v1"})
    customer.events.wait_for("transcript", final=True)
    assert turn.sessions >= 2  # the browser's and ours
    customer.close()


def test_wrong_turn_credentials_get_no_relay(turn: Turn) -> None:
    server = {"urls": [turn.url], "username": f"{int(time.time()) + 600}:me", "credential": "guessed"}
    browser = Browser(ice_servers=[server], relay_only=True)
    assert "a=candidate" not in browser.offer()
    browser.close()
