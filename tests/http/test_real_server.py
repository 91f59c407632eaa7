"""What only a real server shows: bodies with and without a length, malformed HTTP, and the log."""

import contextlib
import json
import socket

import pytest

from banker.identity import mint
from tests.http.conftest import tenant

LIMIT = 64 * 1024


@pytest.fixture(scope="module")
def bearer():
    return mint(tenant("alpha"), "user-1")


@pytest.fixture
def create(gunicorn, bearer):
    """Return a function that sends a create request with more headers and a body."""

    def send(headers="", body=b"", **options):
        head = "POST /v1/sessions HTTP/1.1\nHost: localhost\nContent-Type: application/json\nConnection: close"
        return gunicorn.request(f"{head}\nAuthorization: Bearer {bearer}\n{headers}".strip(), body, **options)

    return send


@pytest.fixture
def good(bearer):
    return json.dumps({"tenant_id": "alpha", "user_id": "user-1", "auth_assertion": bearer}).encode()


def assert_error(response, status):
    assert response[0] == status, response
    assert response[1]["content-type"] == "application/json"
    assert set(json.loads(response[2])) == {"error", "message"}


def chunked(body, size=4000):
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def test_a_body_with_content_length_is_accepted(create, good):
    assert create(f"Content-Length: {len(good)}", good)[0] == 201


def test_a_chunked_body_is_accepted(create, good):
    assert create("Transfer-Encoding: chunked", chunked(good, 7))[0] == 201


@pytest.mark.parametrize("padding", [0, 1])
def test_64_kib_are_accepted_and_one_byte_more_is_413(create, good, padding):
    body = good + b" " * (LIMIT - len(good) + padding)
    for response in (
        create(f"Content-Length: {len(body)}", body),
        create("Transfer-Encoding: chunked", chunked(body)),
    ):
        if padding:
            assert_error(response, 413)
        else:
            assert response[0] == 201


def test_a_huge_content_length_is_413_before_the_body_arrives(create):
    assert_error(create("Content-Length: 100000000000", b"{", more=True), 413)


def test_an_endless_chunked_body_is_413(create):
    assert_error(create("Transfer-Encoding: chunked", chunked(b" " * 2_000_000)[:-5], more=True), 413)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 10", b"{"),
        ("Content-Length: 0", b""),
        ("", b""),
        ("Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"5\r\n{}"),
        ("Transfer-Encoding: chunked", b"2\r\n{}xx\r\n0\r\n\r\n"),
        ("Content-Length: -1", b"{}"),
        ("Content-Length: ten", b"{}"),
        ("Content-Length: 2\nContent-Length: 3", b"{}"),
        ("Content-Length: 2\nTransfer-Encoding: chunked", b"{}"),
        ("Bad Header: x", b""),
        ("Content-Length: 4", "{}".encode("utf-16-le")),
        ("Content-Length: 2\nContent-Encoding: gzip", b"\x1f\x8b"),
    ],
)
def test_a_malformed_body_or_header_is_400_and_never_500(create, headers, body):
    assert_error(create(headers, body), 400)


@pytest.mark.parametrize("size", [LIMIT + 1, 500_000])
def test_a_large_body_without_credentials_is_401(gunicorn, size):
    head = "POST /v1/sessions HTTP/1.1\nHost: localhost\nContent-Type: application/json\nConnection: close"
    assert_error(gunicorn.request(f"{head}\nContent-Length: {size}", b" " * size), 401)


def test_a_malformed_chunk_from_a_back_end_is_400_too(gunicorn, good):
    """Its body is read twice: for the user whose limit it counts against, and by the view."""
    back_end = mint(tenant("alpha"), "portal", scope="banker:sessions")
    head = "POST /v1/sessions HTTP/1.1\nHost: x\nContent-Type: application/json\nTransfer-Encoding: chunked"
    broken = b"%x\r\n%sxx\r\n0\r\n\r\n" % (len(good), good)
    assert_error(gunicorn.request(f"{head}\nAuthorization: Bearer {back_end}", broken), 400)
    whole = chunked(good)
    assert gunicorn.request(f"{head}\nAuthorization: Bearer {back_end}\nConnection: close", whole)[0] == 201


@pytest.mark.parametrize("path", ["/v1/sessions/%00/end", "/v1/sessions/%ff%fe/end", "/v1/sessions/a%0d%0ab/end"])
def test_control_and_invalid_bytes_in_a_path_are_404(gunicorn, bearer, path):
    assert_error(gunicorn.request(f"POST {path} HTTP/1.1\nHost: x\nAuthorization: Bearer {bearer}"), 404)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /" + "x" * 9000 + " HTTP/1.1\nHost: x", 414),
        ("GET /health HTTP/1.1\nHost: x\nX-Long: " + "x" * 20_000, 431),
        ("GET /health HTTP/1.1\nHost: x\n" + "\n".join(f"X-{number}: x" for number in range(300)), 431),
        ("nonsense", 400),
        ("GET /health HTTP/9.9\nHost: x", 400),
    ],
)
def test_what_gunicorn_itself_refuses_is_in_the_format_too(gunicorn, head, status):
    assert_error(gunicorn.request(head), status)


def test_a_connection_goes_on_after_a_request_whose_body_was_not_read(gunicorn, bearer, good):
    """A body that was not read must not be parsed as the next request."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", gunicorn.port, timeout=10)
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    try:
        for body, bearer_header, status in ((b" " * 50_000, "Bearer x", 401), (good, headers["Authorization"], 201)):
            connection.request("POST", "/v1/sessions", body, {**headers, "Authorization": bearer_header})
            response = connection.getresponse()
            assert response.status == status, response.read()
            response.read()
    finally:
        connection.close()


def test_the_log_has_neither_tokens_nor_query_strings(gunicorn, create, bearer, good):
    session = json.loads(create(f"Content-Length: {len(good)}", good)[2])
    path = f"/v1/sessions/{session['session_id']}/end?token={session['ephemeral_token']}"
    head = f"POST {path} HTTP/1.1\nHost: x\nReferer: http://x/?token={bearer}\nAuthorization: Bearer "
    assert gunicorn.request(head + session["ephemeral_token"])[0] == 200
    assert gunicorn.request(head + bearer + "x")[0] == 401
    log = gunicorn.log
    assert '"status": 401' in log
    assert "token=" not in log
    for token in (bearer, session["ephemeral_token"]):
        assert token.rpartition(".")[2] not in log


def test_the_log_has_no_traceback(gunicorn):
    """Whatever the tests above sent did not raise an unhandled exception."""
    assert "Traceback" not in gunicorn.log


@pytest.mark.parametrize("rest", ["", " HTTP/1.1\r\nContent-Length: 900\r\nContent-Type: application/json\r\n{}\r\n{"])
def test_clients_that_stop_in_the_middle_of_a_request_do_not_hold_threads(gunicorn, bearer, rest):
    stalled = "POST /v1/sessions" + rest.replace("{}", f"Authorization: Bearer {bearer}\r\n")
    with contextlib.ExitStack() as stack:
        for _ in range(50):  # more than there are threads
            client = stack.enter_context(socket.create_connection(("127.0.0.1", gunicorn.port)))
            client.sendall(stalled.encode())
        assert gunicorn.request("GET /health HTTP/1.1\nHost: x\nConnection: close")[0] == 200
    assert "Traceback" not in gunicorn.log
