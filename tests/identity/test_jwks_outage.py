"""A JWKS server that stalls, misbehaves, redirects or fails costs a warning and two seconds at most, and no key."""

import datetime
import ipaddress
import json
import logging
import ssl
import threading
import time

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from banker.identity.jwks_cache import JwksCache
from banker.identity.jwks_client import JwksClient


def test_cached_keys_and_a_warning_bridge_an_outage(bank, server, caplog):
    assert bank.accepts()
    server.stop()
    bank.clock.now += 300
    assert bank.accepts()
    assert "JWKS of tenant bank: the server cannot be reached" in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    bank.clock.now += 23 * 3600
    assert bank.accepts()


def test_cached_keys_expire_after_a_day(bank, server):
    assert bank.accepts()
    server.stop()
    bank.clock.now += 24 * 3600
    assert not bank.accepts()


def test_after_a_failure_the_next_attempt_follows_ten_seconds_later(bank, server):
    server.answer = lambda request: request.reply(b"sorry", 503)
    assert not any(bank.accepts(kid=kid) for kid in ("one", "two", "three"))
    assert len(server.requests) == 1
    server.answer = None
    bank.clock.now += 10
    assert bank.accepts()
    assert len(server.requests) == 2


def _body(body):
    return lambda request: request.reply(body)


@pytest.mark.parametrize(("answer", "warning"), [
    (_body(b"<html>sorry</html>"), "the answer is not JSON"),
    (_body(b"\xff\xfe"), "the answer is not JSON"),
    (_body(b"[" * 100_000), "the answer is not JSON"),
    (_body(b"[]"), "the answer is not a JWK Set"),
    (_body(b'{"keys": {}}'), "the answer is not a JWK Set"),
    (_body(b""), "the answer is not JSON"),
    (_body(b" " * (256 * 1024 + 1)), "the answer has more than 262144 bytes"),
    (lambda request: request.reply(b"", 500), "the server answered 500"),
    (lambda request: request.reply(b"", 404), "the server answered 404"),
    (lambda request: request.wfile.write(b"junk\r\n\r\n"), "cannot be"),
    (lambda request: request.connection.close(), "cannot be"),
], ids=["html", "utf-16", "deep", "list", "object", "empty", "huge", 500, 404, "no http", "hang up"])  # fmt: skip
def test_an_invalid_answer_costs_a_warning_and_no_key(bank, server, caplog, answer, warning):
    assert bank.accepts()
    server.answer = answer
    bank.clock.now += 300
    assert bank.accepts()
    assert len(server.requests) == 2
    assert warning in caplog.text


def test_an_empty_set_withdraws_all_keys(bank, server, caplog):
    assert bank.accepts()
    server.document["keys"] = []
    bank.clock.now += 300
    assert not bank.accepts()
    assert "holds no key" in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(bank, server, serve, caplog, status):
    other = serve()
    other.document = server.document
    server.answer = lambda request: request.reply(b"", status, Location=other.url)
    assert not bank.accepts()
    assert other.requests == []
    assert "redirects are not followed, give the final URL" in caplog.text


def test_a_server_that_does_not_answer_delays_a_request_by_two_seconds_at_most(bank, server):
    server.answer = lambda request: server.stopping.wait(10)
    began = time.monotonic()
    assert not bank.accepts()
    assert 1.5 < time.monotonic() - began < 3.5
    began = time.monotonic()
    assert not bank.accepts()
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("prefix", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_sends_single_bytes_is_disconnected_in_time(bank, server, prefix):
    """The timeout of a socket would start again with every byte."""

    def send_single_bytes(request):
        request.wfile.write(prefix)
        while not server.stopping.wait(0.02):
            request.wfile.write(b"H")

    keys = JwksCache("bank", server.url, ("RS256",), bank.clock, timeout_s=0.3)
    server.answer = send_single_bytes
    began = time.monotonic()
    assert not keys.keys("one")
    assert time.monotonic() - began < 1.5
    fetching = [thread for thread in threading.enumerate() if thread.name == "jwks-bank"]
    for thread in fetching:
        thread.join(2)
    assert not any(thread.is_alive() for thread in fetching)


def _all_at_once(count, call):
    barrier, results = threading.Barrier(count), []

    def run():
        barrier.wait()
        results.append(call())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_concurrent_callers_cause_one_fetch_and_all_get_its_result(bank, server):
    def slowly(request):
        server.stopping.wait(0.2)
        request.reply(json.dumps(server.document).encode())

    server.answer = slowly
    assert _all_at_once(30, lambda: bank.accepts()) == [True] * 30
    assert len(server.requests) == 1
    assert not any(_all_at_once(30, lambda: bank.accepts(kid="junk")))
    assert len(server.requests) == 2


def test_during_a_refresh_other_requests_use_the_cached_keys(bank, server):
    assert bank.accepts()
    asked, released = threading.Event(), threading.Event()

    def stall(request):
        asked.set()
        released.wait(5)
        request.reply(json.dumps(server.document).encode())

    server.answer = stall
    bank.clock.now += 300
    first = threading.Thread(target=bank.accepts)
    first.start()
    assert asked.wait(2)
    began = time.monotonic()
    assert all(bank.accepts() for _ in range(5))
    assert time.monotonic() - began < 1.5
    released.set()
    first.join()
    assert len(server.requests) == 2


@pytest.fixture
def certificate(keys, forms, tmp_path):
    """A file with a self-signed certificate for 127.0.0.1 and its key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, keys.ec.public_key(), 1, now, now + datetime.timedelta(days=1))
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    authority = x509.BasicConstraints(ca=True, path_length=None)
    signed = builder.add_extension(host, False).add_extension(authority, True).sign(keys.ec, SHA256())
    file = tmp_path / "server.pem"
    file.write_text(signed.public_bytes(forms.PEM).decode() + forms.private_pem(keys.ec))
    return file


def test_an_https_certificate_is_verified(bank, server, certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.url.replace("http:", "https:")
    client = JwksClient(url, ("RS256",))
    with pytest.raises(jwt.PyJWKClientError, match="CERTIFICATE_VERIFY_FAILED"):
        client.fetch_data()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert client.fetch_data() == server.document


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/jwks", "data:,x", "jwks", "http://[::1", ""])
def test_only_http_and_https_urls_are_opened(url):
    with pytest.raises((jwt.PyJWKClientError, ValueError)):
        JwksClient(url, ("RS256",)).fetch_data()
