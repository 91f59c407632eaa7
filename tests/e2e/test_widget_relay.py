"""Relays in a real Chromium: blocks voice calls and coturn carries the voice over TCP, also beside a relay that is dead."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.bank import Customer, bank
from tests.e2e.browser import NO_UDP, chromium, peer_statistics, received_sound
from tests.listening import transcribe
from tests.servers import Gunicorn, Turn, own_address, wait_until

CONNECTED_SECONDS = 8
"""Gathering that a dead relay holds up is cut after 3 s at our side; Chromium's own trickles."""


@pytest.fixture(scope="module")
def turn() -> Iterator[Turn]:
    server = Turn()
    yield server
    server.close()


@pytest.fixture(scope="module")
def service(turn: Turn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """Its first relay swallows whatever it gets, its second one lives."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        dead.bind((own_address(), 0))
        urls = [f"turn:{own_address()}:{dead.getsockname()[1]}", f"{turn.url}?transport=tcp"]
        environ = {"BANKER_ICE__URLS": json.dumps(urls), "BANKER_ICE__SECRET_ENV": "TURN_SECRET"}
        server = bank(tmp_path_factory.mktemp("bank"), environ=environ)
        yield server
        server.close()


def own_candidate(page: Page) -> str:
    """The kind of this side's candidate that carries the call: host, srflx, prflx or relay."""
    all_of = {one["id"]: one for kind in ("candidate-pair", "local-candidate") for one in peer_statistics(page, kind)}
    (transport,) = peer_statistics(page, "transport")
    return str(all_of[all_of[transport["selectedCandidatePairId"]]["localCandidateId"]]["candidateType"])


def test_where_udp_is_blocked_the_relay_carries_the_voice(
    service: Gunicorn, turn: Turn, playwright: Playwright, tmp_path: Path, quiet_microphone: Path
) -> None:
    with chromium(tmp_path, quiet_microphone, NO_UDP, playwright) as context:
        customer = Customer(context.new_page(), service.url).sign_in().call()
        wait_until(
            lambda: "voice" in [one["line"] for one in customer.told("connected")], CONNECTED_SECONDS, "the call"
        )
        assert own_candidate(customer.page) == "relay"
        customer.hear_greeting()
        wait_until(lambda: "demo bank" in transcribe(received_sound(customer.page)), 40, "the greeting")
        expect(customer.problem).to_have_text(re.compile(r"^(The voice call works now\. You can speak\.)?$"))


def test_a_dead_relay_does_not_hold_up_who_needs_none(service: Gunicorn, customer: Customer) -> None:
    customer.sign_in().call()
    wait_until(lambda: customer.told("connected"), CONNECTED_SECONDS, "the call")
    assert customer.told("connected")[0]["line"] == "voice"
    assert own_candidate(customer.page) != "relay"
    customer.hear_greeting()
