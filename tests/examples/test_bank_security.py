"""The demo bank's pages under attack: guessed passwords, any JSON, cookies, forged addresses."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from examples.bank import Bank
from tests.examples.visits import csrf, sign_in, token

SPELLINGS = ["dana", "DANA", " dana", "Dana\t", "\u2003dana\n", "ｄａｎａ", "DaNa ", "\u1d48ana", "𝐝𝐚𝐧𝐚"]
"""All of them are looked up as "dana": in other case, with spaces, in characters that NFKC makes one."""
JSON = [
    ["a"],
    "str",
    "\ud800",
    "\0",
    1,
    True,
    10**400,
    {"route": 1},
    {"route": None},
    {"route": "\ud800"},
    {"account_id": "\0"},
    {"account_id": ["acc-789"]},
    {"route": "x" * 3000},
    {str(number): "x" for number in range(33)},
]
NOT_JSON = [
    b"{",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b"\xff",
    b"NaN",
    b"1e999",
    b"9" * 5000,
    b'{"a":"1","a":"2"}',
    b"a=b",
]
TYPES = ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "a/b; charset=x"]


@pytest.fixture
def quick(bank: Bank) -> None:
    """Wrong passwords are checked quickly, so that all attempts are within a minute."""
    hashed = generate_password_hash("another", "pbkdf2:sha256:1")
    with bank._connection() as db:
        db.execute("UPDATE secrets SET value = ? WHERE name = 'nobody'", [hashed])
        db.execute("UPDATE logins SET password_hash = ? WHERE name = 'dana'", [hashed])


def test_guessing_a_password_is_stopped_for_that_user_only(client: FlaskClient) -> None:
    assert [sign_in(client, "dana", f"guess {number}").status_code for number in range(6)] == [401] * 5 + [429]
    refused = sign_in(client, "dana", "demo")
    assert refused.status_code == 429
    assert refused.json is not None and "wait a minute" in refused.json["message"]
    assert sign_in(client, "omar").status_code == 302
    assert client.get("/tickets").status_code == 200


def test_an_address_that_tries_many_names_is_stopped(client: FlaskClient, bank: Bank) -> None:
    quick = generate_password_hash("nobody's", "pbkdf2:sha256:1")  # all attempts are within a minute
    with bank._connection() as db:
        db.execute("UPDATE secrets SET value = ? WHERE name = 'nobody'", [quick])
    statuses = [sign_in(client, f"customer-{number}", "guess").status_code for number in range(31)]
    assert statuses == [401] * 30 + [429]


@pytest.mark.usefixtures("quick")
def test_guesses_count_for_the_name_that_is_looked_up_however_it_is_written(client: FlaskClient, bank: Bank) -> None:
    for spelling in SPELLINGS:
        assert bank.sign_in(spelling, "another") is not None
    assert [sign_in(client, spelling, "guess").status_code for spelling in SPELLINGS] == [401] * 5 + [429] * 4


@pytest.mark.usefixtures("quick")
def test_guesses_at_the_same_time_are_limited_as_those_one_after_another(client: FlaskClient) -> None:
    form = {"login": "dana", "password": "guess", "csrf_token": token(client.get("/login"))}
    cookie = client.get_cookie("bank")
    assert cookie is not None

    def guess(number: int) -> int:
        visitor = client.application.test_client(use_cookies=False)
        return visitor.post("/login", data=form, headers={"Cookie": f"bank={cookie.value}"}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(guess, range(16)))
    assert statuses == [401] * 5 + [429] * 11


@pytest.mark.usefixtures("quick")
def test_a_right_password_gives_the_name_its_attempts_back(client: FlaskClient) -> None:
    for _ in range(3):
        assert [sign_in(client, "dana", "wrong").status_code for _ in range(2)] == [401] * 2
        assert sign_in(client, "dana", "another").status_code == 302
        client.post("/logout", headers=csrf(client))


@pytest.mark.usefixtures("quick")
def test_right_passwords_do_not_count_against_an_address_that_many_share(client: FlaskClient) -> None:
    for _ in range(32):
        assert sign_in(client, "dana", "another").status_code == 302
        client.delete_cookie("bank")
    assert sign_in(client, "nobody", "guess").status_code == 401


@pytest.mark.usefixtures("quick")
def test_behind_a_proxy_each_address_has_its_own_attempts(visit: Callable[..., FlaskClient]) -> None:
    client = visit(trusted_proxies=1)

    def guess(number: int, address: str) -> int:
        form = {"login": f"customer-{number}", "password": "guess", "csrf_token": token(client.get("/login"))}
        forwarded = f"198.51.100.{number}, {address}"  # what a client claims, and what the proxy adds
        return client.post("/login", data=form, headers={"X-Forwarded-For": forwarded}).status_code

    assert [guess(number, "192.0.2.1") for number in range(31)] == [401] * 30 + [429]
    assert guess(0, "192.0.2.2") == 401


def test_any_json_for_a_session_is_400(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie.update(customer="demo-customer", csrf="known")
    for body, media_type in product([*map(json.dumps, JSON), *NOT_JSON], TYPES):
        answer = client.post("/banker-session", data=body, content_type=media_type, headers={"X-CSRF-Token": "known"})
        assert answer.status_code == 400, (body[:20], media_type)
        assert answer.json is not None and set(answer.json) == {"error", "message"}


def test_a_page_may_send_any_context_of_strings_or_none(visit: Callable[..., FlaskClient]) -> None:
    client = visit(per_minute=10)
    sign_in(client)
    for body in (b"", b"null", b"{}", b'{"": "x"}', b'{"%s": "x"}' % (b"k" * 2000)):
        assert client.post("/banker-session", data=body, headers=csrf(client)).status_code == 201


@pytest.mark.usefixtures("quick")
def test_any_bytes_for_signing_in_are_refused(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["csrf"] = "known"
    forms = [b"login=%ED%A0%80&password=%00", b"login=dana%00&login=x", b"login=dana&password=" + b"x" * 60_000]
    for body, media_type in product([*map(json.dumps, JSON[:6]), *NOT_JSON, *forms], TYPES):
        answer = client.post("/login", data=body, content_type=media_type, headers={"X-CSRF-Token": "known"})
        assert answer.status_code in (400, 401, 429), (body[:20], media_type)
        assert client.post("/login", data=body, content_type=media_type).status_code == 400


@pytest.mark.parametrize("path", ["/step-up", "/step-up/code"])
def test_any_bytes_for_a_step_up_are_refused(client: FlaskClient, path: str) -> None:
    with client.session_transaction() as cookie:
        cookie.update(customer="demo-customer", csrf="known")
    forms = [b"session_id=%ED%A0%80&call_id=%00&code=1", b"session_id=sess-x&call_id=' OR 1=1 --&code[]=1"]
    for body, media_type in product([*map(json.dumps, JSON), *NOT_JSON, *forms], TYPES):
        answer = client.post(path, data=body, content_type=media_type, headers={"X-CSRF-Token": "known"})
        assert answer.status_code == 404, (body[:20], media_type)
        assert answer.json is not None and set(answer.json) == {"error", "message"}


def test_scripts_and_other_sites_do_not_get_the_cookie(client: FlaskClient) -> None:
    cookie = sign_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


@pytest.mark.parametrize("trusted_proxies", [0, 1])
def test_over_tls_the_cookie_is_for_tls_only(visit: Callable[..., FlaskClient], trusted_proxies: int) -> None:
    client = visit(trusted_proxies=trusted_proxies)
    scheme = "http" if trusted_proxies else "https"
    headers = {"X-Forwarded-Proto": "https"} if trusted_proxies else {}
    cookie = client.get("/login", base_url=f"{scheme}://localhost", headers=headers).headers["Set-Cookie"]
    assert "; Secure" in cookie and "; HttpOnly" in cookie and "; SameSite=Lax" in cookie


def test_a_client_without_a_proxy_cannot_forge_tls_or_an_address(client: FlaskClient) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.9"}
    assert "Secure" not in client.get("/login", headers=headers).headers["Set-Cookie"]
