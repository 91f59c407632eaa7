"""Refused handshakes get an HTTP error in the API's format, before any upgrade."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from tests.client import SUBPROTOCOL, Customer, Refused, comes_in, mint
from tests.servers import Gunicorn, wait_until


def refusal(customer: Customer, **options: object) -> Refused:
    """Return the response to a handshake that the service must refuse."""
    with pytest.raises(Refused) as caught:
        customer.connect(**options)  # type: ignore[arg-type]
    assert set(caught.value.body) == {"error", "message"}
    assert caught.value.headers["content-type"] == "application/json"
    return caught.value


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_an_invalid_token_is_401(customer: Customer, token: str) -> None:
    assert refusal(customer, token=token).status == 401


def test_no_token_is_401(customer: Customer) -> None:
    assert refusal(customer, subprotocols=[SUBPROTOCOL]).status == 401
    assert refusal(customer, subprotocols=[]).status == 401


def test_the_bearer_of_the_portal_is_401(customer: Customer) -> None:
    assert refusal(customer, token=mint("user-456")).status == 401


def test_a_token_that_was_refreshed_is_401(customer: Customer) -> None:
    older = customer.token
    customer.refresh()
    assert refusal(customer, token=older).status == 401
    customer.connect()


def test_the_token_of_another_session_is_401(new_customer: Callable[..., Customer]) -> None:
    one, other, rival = new_customer(), new_customer(), new_customer(tenant="rival")
    assert refusal(one, token=other.token).status == 401
    assert refusal(one, token=rival.token).status == 401


def test_two_tokens_at_once_are_401(customer: Customer) -> None:
    both = [SUBPROTOCOL, f"bearer.{customer.token}", f"bearer.{customer.token}"]
    assert refusal(customer, subprotocols=both).status == 401


def test_an_ended_session_is_404(customer: Customer) -> None:
    customer.end()
    assert refusal(customer).status == 404


def test_an_unknown_session_is_401(customer: Customer) -> None:
    customer.session["session_id"] = "sess-" + "x" * 32
    assert refusal(customer).status == 401  # no token can be valid for it


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://portal.bank.example.evil.example", ""])
def test_a_foreign_origin_is_401(customer: Customer, origin: str) -> None:
    assert refusal(customer, headers={"Origin": origin}).status == 401


def test_the_tenants_origins_and_requests_without_one_are_accepted(customer: Customer) -> None:
    for headers in ({"Origin": "https://portal.bank.example"}, {"Origin": customer.url}, {}):
        assert customer.connect(headers=headers).subprotocol == SUBPROTOCOL


def test_the_authorization_header_replaces_the_subprotocol(customer: Customer) -> None:
    header = {"Authorization": f"Bearer {customer.token}"}
    assert customer.connect(subprotocols=[], headers=header).subprotocol is None
    assert customer.connect(subprotocols=[SUBPROTOCOL], headers=header).subprotocol == SUBPROTOCOL


def test_the_response_never_contains_the_token(connected: Customer) -> None:
    connected.connect(token=connected.token, subprotocols=[f"bearer.{connected.token}", SUBPROTOCOL])
    assert connected.socket.subprotocol == SUBPROTOCOL


def test_a_request_without_an_upgrade_is_400(customer: Customer) -> None:
    answer = requests.get(customer.signaling_url, headers={"Authorization": f"Bearer {customer.token}"}, timeout=5)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message"}


@pytest.mark.parametrize(
    "handshake",
    [
        ["Sec-WebSocket-Version: 13"],
        ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
        ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
        ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: k", "Sec-WebSocket-Protocol: caf\xe9"],
        ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: k", "No-Host: 1"],
    ],
)
def test_an_incomplete_handshake_is_400_and_takes_no_slot(
    service: Gunicorn, customer: Customer, handshake: list[str]
) -> None:
    for _ in range(15):  # more often than there are slots
        lines = [f"GET {urlsplit(customer.signaling_url).path} HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [] if "No-Host: 1" in handshake else [f"Host: 127.0.0.1:{service.port}"]
        lines += [f"Authorization: Bearer {customer.token}", *handshake, "", ""]
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as sock:
            sock.sendall("\r\n".join(lines).encode("latin-1"))
            assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")
    customer.connect()


def test_an_invalid_compression_offer_is_ignored(customer: Customer) -> None:
    customer.connect(headers={"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits=x"})


def test_a_worker_limits_websockets_by_user_and_in_all_and_keeps_answering_requests(
    service: Gunicorn, new_customer: Callable[..., Customer]
) -> None:
    customers = [new_customer(user=user) for user in ["greedy"] * 9 + ["modest"] * 4]
    for customer in customers[:9]:
        customer.connect()
    greedy = refusal(new_customer(user="greedy"))
    assert greedy.status == 429
    assert "This user" in greedy.body["message"]
    assert int(greedy.headers["retry-after"]) > 0
    for customer in customers[9:12]:
        customer.connect()
    full = refusal(customers[12])
    assert full.status == 503
    assert int(full.headers["retry-after"]) > 0
    silent = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(20)]
    answer = requests.get(f"{service.url}/health", timeout=5)
    assert answer.json() == {"status": "healthy"}
    # 200 ms on an idle machine; tests share theirs.
    assert answer.elapsed.total_seconds() < 1
    for sock in silent:
        sock.close()
    customers[11].socket.close()
    wait_until(lambda: comes_in(customers[12]), what="the free slot")


def test_a_connection_whose_session_has_ended_does_not_count_however_its_client_closes_it(
    new_customer: Callable[..., Customer],
) -> None:
    customers = [new_customer(user="hasty") for _ in range(9)]
    for customer in customers:
        customer.connect()
        customer.socket.deaf = True  # it leaves the server's Close frame without an answer
    for customer in customers[:3]:  # the service has room for three more
        customer.end()
        wait_until(lambda c=customer: c.socket.code is not None, what="the Close frame")
        new_customer(user="hasty").connect()
    assert refusal(new_customer(user="hasty")).status == 429
