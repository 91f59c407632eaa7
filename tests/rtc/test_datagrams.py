"""What strangers, and a damaged network, send to a call's port: it ends, delays and blocks nothing (RFC 7983)."""

import contextlib
import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.client import Browser
from tests.rtc.facades import CustomerSession, MediaHarness, ToneVoice, both_paths, open_sockets_of_peers
from tests.servers import free_udp_port, own_address, wait_until

ALERT = bytes.fromhex("15fefd000000000000000000020228")
"""DTLS: a fatal handshake_failure, in the clear as the handshake is."""


@pytest.fixture
def customer(make_harness: Callable[..., MediaHarness], request: pytest.FixtureRequest) -> Iterator[CustomerSession]:
    """One whose worker has a port for each call or, with the parameter True, one port."""
    media: dict[str, Any] = {"allow_private_candidates": True}
    if getattr(request, "param", False):
        media["port_range"] = str(free_udp_port())
    customer = make_harness(ToneVoice(), service={"media": media}).customer()
    yield customer
    customer.close()
    wait_until(lambda: open_sockets_of_peers() == 0, what="every UDP socket of a peer being closed")


class Stranger:
    """Sends to the ports that an answer names."""

    def __init__(self, answer: str) -> None:
        found = re.findall(rf"a=candidate:\S+ 1 udp \d+ {own_address()} (\d+) typ host", answer)
        self.targets = {(own_address(), int(port)) for port in found}
        assert self.targets
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            for target in self.targets:
                self._socket.sendto(datagram, target)

    @contextlib.contextmanager
    def sending(self, datagram: bytes) -> Iterator[None]:
        """Send this a thousand times a second."""
        enough = threading.Event()

        def send() -> None:
            while not enough.wait(0.001):
                self.send(datagram)

        thread = threading.Thread(target=send)
        thread.start()
        yield
        enough.set()
        thread.join()


def junk(count: int) -> list[bytes]:
    """Random datagrams, a tenth of which are empty; the first bytes are those of every protocol."""
    chance = random.Random(7983)
    return [chance.randbytes(chance.choice([0, 1, 2, 12, 13, 20, 40, 100, 1200, 1500])) for _ in range(count)]


def recorded(browser: Browser) -> list[bytes]:
    """What the client sends from now on."""
    sent: list[bytes] = []
    for protocol in browser._connection()._protocols:
        protocol.transport.sendto = _noting(protocol.transport.sendto, sent)
    return sent


def _noting(send: Callable[..., None], sent: list[bytes]) -> Callable[..., None]:
    def noted(data: bytes, address: Any = None) -> None:
        sent.append(bytes(data))
        send(data, address)

    return noted


def damaged(datagrams: list[bytes]) -> list[bytes]:
    """Each one as it is, cut off, with a bit turned over, and with something behind it."""
    chance = random.Random(7983)
    found = []
    for datagram in datagrams:
        turned = bytearray(datagram)
        turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
        cut = datagram[: chance.randrange(len(datagram))]
        found += [datagram, cut, bytes(turned), datagram + chance.randbytes(9)]
    return found


def assert_conversation_works(customer: CustomerSession, browser: Browser) -> None:
    """The greeting arrives whole: ToneVoice speaks for a second."""
    browser.send({"type": "consent.grant", "version": "v1"})
    customer.events.wait_for("transcript", final=True)
    wait_until(lambda: len(browser.audio.packets) >= 50, what="the greeting's sound")
    assert browser.states[-1] == "connected"


@both_paths
@pytest.mark.parametrize("customer", [False, True], ids=["own ports", "shared port"], indirect=True)
def test_no_datagram_of_a_stranger_ends_a_handshake_or_a_call(customer: CustomerSession) -> None:
    browser = Browser(customer.events)
    customer.browsers.append(browser)
    answer = customer.offer(browser.offer())
    stranger = Stranger(answer)
    sent = recorded(browser)
    with stranger.sending(ALERT):
        browser.accept(answer)
        browser.wait_connected()
    stranger.send(*junk(5000), *damaged(sent), b"", ALERT)
    assert_conversation_works(customer, browser)


@both_paths
def test_packets_that_the_network_damages_do_not_end_a_call(customer: CustomerSession) -> None:
    browser = Browser(customer.events)
    customer.browsers.append(browser)
    answer = customer.offer(browser.offer())
    sent = recorded(browser)
    browser.accept(answer)
    browser.wait_connected()
    pair = browser.run(lambda: browser._connection()._nominated[1])
    found = damaged(sent[:50]) + junk(300)

    def send() -> None:
        for datagram in found:
            pair.protocol.transport.sendto(datagram, pair.remote_addr)

    browser.run(send)
    assert_conversation_works(customer, browser)


@both_paths
def test_a_flood_of_a_stranger_blocks_no_call(customer: CustomerSession) -> None:
    browser = Browser(customer.events)
    customer.browsers.append(browser)
    answer = customer.offer(browser.offer())
    stranger = Stranger(answer)
    stranger.send(*junk(5000))
    browser.accept(answer)
    browser.wait_connected()
    with stranger.sending(b"\x80" + bytes(40)):
        assert_conversation_works(customer, browser)
