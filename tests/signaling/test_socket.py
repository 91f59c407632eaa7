"""Messages on an open WebSocket, and how it closes."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from banker.signaling.websocket import MAX_FRAME_BYTES
from tests.client import Customer, SignalingSocket, comes_in
from tests.servers import Gunicorn, wait_until, write_config

INVALID_FRAMES = [
    ("", "not JSON"),
    ("nonsense", "not JSON"),
    ("[1]", "JSON object"),
    ("{}", "type"),
    ('{"type": 5}', "type"),
    ('{"type": "dance"}', "nknown event type"),
    ('{"type": "ready"}', "nknown event type"),
    ('{"type": "offer"}', "sdp"),
    ('{"type": "offer", "sdp": ""}', "sdp"),
    ('{"type": "offer", "sdp": 7}', "sdp"),
    ('{"type": "offer", "sdp": "v=1"}', "v=0"),
    ('{"type": "candidate"}', "candidate"),
    ('{"type": "candidate", "candidate": "x"}', "candidate"),
    ('{"type": "candidate", "candidate": {"candidate": "x", "sdpMLineIndex": "0"}}', "sdpMLineIndex"),
    ('{"type": "candidate", "candidate": null}', "offer"),
    ('{"type": "offer", "type": "offer", "sdp": "v=0"}', "twice"),
    ('{"type": "offer", "sdp": "\\ud800"}', "surrogate"),
    ("[" * 5000, "deep"),
    ('{"type": "bye", "n": ' + "9" * 6000 + "}", "number"),
    ('{"type": "message.send", "text": "hello"}', "consent"),
    ('{"type": "message.send", "text": " \\n "}', "words"),
    (b'{"type": "bye"}', "binary"),
]


def test_ready_comes_before_session_ready(connected: Customer) -> None:
    connected.events.wait_for("session.ready")
    ready, session_ready = connected.events.all[:2]
    assert ready == {
        "type": "ready",
        "session_id": connected.session["session_id"],
        "ice_servers": [],
        "expires_at": ready["expires_at"],
        "consent_required": True,
    }
    assert session_ready["type"] == "session.ready"
    assert session_ready["expires_at"] == ready["expires_at"]


def test_every_invalid_frame_gets_an_error_and_the_connection_goes_on(connected: Customer) -> None:
    for number, (frame, reason) in enumerate(INVALID_FRAMES, 1):
        connected.socket.send(frame)
        error = connected.events.wait_for("error", nth=number)
        assert set(error) == {"type", "error", "message"}
        assert reason in error["message"], frame[:60]
        connected.send({"type": "speech.cancel"})  # a valid frame resets the count
    connected.send({"type": "bye"})
    assert connected.socket.wait_closed() == 1000


def test_ten_invalid_frames_in_a_row_close_with_1008(connected: Customer) -> None:
    for _ in range(9):
        connected.socket.send("nonsense")
    connected.events.wait_for("error", nth=9)
    assert connected.socket.code is None
    connected.socket.send("nonsense")
    assert connected.socket.wait_closed() == 1008


def test_a_flood_of_frames_closes_with_1008(connected: Customer) -> None:
    try:
        for _ in range(1000):
            connected.send({"type": "speech.cancel"})
    except OSError:
        pass  # closed already
    assert connected.socket.wait_closed() == 1008
    assert connected.events.of_type("error")[-1]["error"] == "too_many_events"


@pytest.mark.parametrize(
    "frame",
    ["x" * (MAX_FRAME_BYTES + 1), "é" * (MAX_FRAME_BYTES // 2 + 1), b"x" * (MAX_FRAME_BYTES + 1), "x" * 3_000_000],
)
def test_more_than_64_kib_closes_with_1009(connected: Customer, frame: str | bytes) -> None:
    with contextlib.suppress(OSError):  # closed before everything was sent
        connected.socket.send(frame)
    assert connected.socket.wait_closed() == 1009


def test_a_frame_of_64_kib_is_accepted(connected: Customer) -> None:
    connected.socket.send('{"type": "speech.cancel"}'.ljust(MAX_FRAME_BYTES))
    connected.socket.send("nonsense")
    assert connected.events.wait_for("error")["message"].startswith("This is not JSON")
    assert len(connected.events.of_type("error")) == 1


def test_bye_ends_the_peer_connection_but_not_the_session(connected: Customer) -> None:
    browser = connected.call()
    connected.socket.send({"type": "bye"})
    connected.events.wait_for("bye")
    assert connected.socket.wait_closed() == 1000
    browser.wait_gone(2)
    connected.connect()
    connected.call()


def test_bye_ends_the_peer_connection_of_a_client_that_does_not_wait(connected: Customer) -> None:
    browser = connected.call()
    connected.socket.send({"type": "bye"})
    connected.socket.drop()
    browser.wait_gone(2)


def test_a_clients_close_frame_is_answered_by_a_close_frame(customer: Customer) -> None:
    """100 of 100, whatever the client has sent just before."""
    codes = Counter[int]()
    for number in range(100):
        socket = customer.connect()
        for _ in range(number % 4):
            socket.send({"type": "speech.cancel"})
        socket.close()
        codes[socket.wait_closed()] += 1
    assert codes == {1000: 100}


def test_the_call_goes_on_without_its_websocket(connected: Customer) -> None:
    browser = connected.call()
    connected.socket.close()
    browser.send({"type": "dance"})
    connected.events.wait_for("error")


def test_every_close_frame_of_a_client_is_answered_by_a_close_frame(customer: Customer) -> None:
    for _ in range(100):
        socket = customer.connect()
        socket.close()
        assert socket.code == 1000


def test_the_end_of_the_session_closes_the_websocket(connected: Customer) -> None:
    connected.end()
    connected.events.wait_for("session.ended", reason="ended")
    connected.events.wait_for("bye")
    assert connected.socket.wait_closed(2) == 1000


def test_a_new_websocket_of_a_session_replaces_the_old_one(connected: Customer) -> None:
    older = connected.socket
    connected.connect()
    assert older.wait_closed(2) == 1000
    connected.consent()
    connected.events.wait_for("transcript", final=True)


class AbortedHandshake(SignalingSocket):
    """Sends a handshake and closes the connection before the response."""

    def _upgrade(self) -> None:
        self.sock.close()


def test_an_aborted_handshake_does_not_replace_an_open_websocket(service: Gunicorn, connected: Customer) -> None:
    (worker,) = service.workers
    os.kill(worker, signal.SIGSTOP)
    try:
        AbortedHandshake(connected.signaling_url, connected.events, token=connected.token)
    finally:
        os.kill(worker, signal.SIGCONT)
    wait_until(lambda: idle(service), limit=8, what="the service being idle")
    connected.socket.send("nonsense")
    connected.events.wait_for("error")
    assert connected.socket.code is None
    assert not connected.events.of_type("bye")


def test_thirty_websockets_closed_in_six_ways_leave_no_thread_or_descriptor(
    service: Gunicorn, new_customer: Callable[..., Customer]
) -> None:
    def thirty() -> None:
        for number in range(30):
            customer = new_customer()
            customer.connect()
            match number % 6:
                case 0:
                    customer.socket.close()
                case 1:
                    customer.socket.drop()
                case 2:
                    customer.socket.reset()
                case 3:
                    customer.socket.send({"type": "bye"})
                    customer.socket.wait_closed()
                case 4:
                    customer.socket.send("x" * (MAX_FRAME_BYTES + 1))
                    customer.socket.wait_closed()
                case 5:
                    customer.end()
                    customer.socket.wait_closed()

    thirty()  # creates what the process keeps: pool threads, caches
    wait_until(lambda: idle(service), limit=8, what="the service being idle")
    threads, descriptors = service.threads(), service.descriptors()
    thirty()
    # The pool grows on demand to 16 threads; a leak would be one reader thread per WebSocket.
    wait_until(lambda: service.threads() <= threads + 8, limit=8, what=f"{threads} threads as before")
    wait_until(lambda: service.descriptors() <= descriptors, limit=8, what=f"{descriptors} descriptors as before")
    assert "Traceback" not in service.log
    assert "Error handling request" not in service.log


def idle(service: Gunicorn) -> bool:
    """Return whether the number of descriptors is stable: each reader thread that is left holds a selector."""
    before = service.descriptors()
    time.sleep(0.3)
    return service.descriptors() == before


def test_an_idle_websocket_is_closed_with_a_bye(tmp_path: Path) -> None:
    server = Gunicorn(write_config(tmp_path), app="tests.apps:impatient(1)", ready=True)
    try:
        with Customer(server.url) as customer:
            customer.create()
            customer.connect()
            customer.events.wait_for("bye", limit=5)
            assert customer.socket.wait_closed() == 1000
    finally:
        server.close()


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """A service with room for one WebSocket."""
    config = write_config(tmp_path_factory.mktemp("eager"), {"server": {"threads": 4, "max_sockets": 1}})
    server = Gunicorn(config, app="tests.apps:eager()", ready=True)
    yield server
    server.close()


@pytest.fixture
def only(eager: Gunicorn) -> Iterator[Customer]:
    """A customer whose WebSocket is the one that is open."""
    with Customer(eager.url) as customer:
        customer.create()
        wait_until(lambda: comes_in(customer), what="the free slot")
        yield customer


def test_an_idle_websocket_gets_heartbeats_so_that_proxies_keep_it(only: Customer) -> None:
    wait_until(lambda: only.socket.heartbeats >= 3, what="heartbeats")
    assert only.socket.code is None


def test_a_client_that_answers_no_ping_loses_its_thread_and_slot(eager: Gunicorn, only: Customer) -> None:
    only.socket.deaf = True  # reads and answers nothing
    wait_until(lambda: only.socket.code is not None, limit=5, what="the silent client being disconnected")
    with Customer(eager.url) as alive:
        alive.create()
        wait_until(lambda: comes_in(alive), what="the free slot")
        wait_until(lambda: alive.socket.pings >= 4, what="pings")
        assert alive.socket.code is None


def test_a_bug_closes_with_1011_and_writes_no_http_into_the_socket(eager: Gunicorn, only: Customer) -> None:
    only.socket.send({"type": "candidate", "candidate": None})
    assert only.socket.wait_closed() == 1011
    assert only.socket.rest == b""
    assert "RuntimeError: a bug" in eager.log
    assert "Error handling request" not in eager.log


def test_no_secret_is_in_the_log(service: Gunicorn, connected: Customer) -> None:
    browser = connected.call()
    browser.send({"type": "message.send", "text": "my secret is swordfish"})
    connected.socket.send('{"type": "message.send", "text": "swordfish"')
    password = browser.pc.localDescription.sdp.split("a=ice-pwd:")[1].split("\r\n")[0]
    log = service.log
    for secret in (connected.token, connected.token.split(".")[-1], "swordfish", password, "a=candidate"):
        assert secret not in log
