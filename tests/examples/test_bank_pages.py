"""The demo bank's pages: who may sign in, what each customer sees, and that only the bank's own pages can act."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from banker import Banker
from banker.config.settings import Config, SpeechSettings
from banker.config.tenant import ConfigBlock, IdentitySettings, PolicySettings, Tenant
from banker.rtc.facade import MediaFacade
from examples.bank import Bank, create_bank
from examples.bank.database import DEMO_PASSWORD


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path / "bank.sqlite3")


@pytest.fixture
def client(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    monkeypatch.setattr(MediaFacade, "prepare", lambda self, tenant: None)
    identity = IdentitySettings(issuer="https://demo.example", algorithms=("HS256",), secret=b"d" * 32)
    tenant = Tenant(
        tenant_id="demo", identity=identity, config=ConfigBlock(policy=PolicySettings(rate_limit_per_minute=3))
    )
    config = Config(secret_key=b"k" * 32, tenants={"demo": tenant}, speech=SpeechSettings("none"))
    banker = Banker(config=config)
    yield create_bank(banker, bank, url_prefix="/", tenant_id="demo").test_client()
    banker.close()


def token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, login: str = "dana", password: str = DEMO_PASSWORD) -> TestResponse:
    form = {"login": login, "password": password, "csrf_token": token(client.get("/login"))}
    return client.post("/login", data=form)


def csrf(client: FlaskClient) -> dict[str, str]:
    return {"X-CSRF-Token": token(client.get("/"))}


@pytest.mark.parametrize("path", ["/", "/tickets"])
def test_visitors_are_asked_to_sign_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (302, "/login")
    assert "virtual-banker" not in client.get("/login").text


@pytest.mark.parametrize(("login", "password"), [("dana", "wrong"), ("nobody", "demo"), ("", ""), ("dana' --", "demo")])
def test_a_wrong_password_is_refused(client: FlaskClient, login: str, password: str) -> None:
    answer = sign_in(client, login, password)
    assert answer.status_code == 401
    assert "The user name or the password is wrong" in answer.text
    assert client.get("/").status_code == 302


def test_guessing_a_password_is_stopped_for_that_user_only(client: FlaskClient) -> None:
    assert [sign_in(client, "dana", f"guess {number}").status_code for number in range(6)] == [401] * 5 + [429]
    refused = sign_in(client, "dana", "demo")
    assert refused.status_code == 429
    assert refused.json is not None and "wait a minute" in refused.json["message"]
    assert sign_in(client, "omar").status_code == 302
    assert client.get("/tickets").status_code == 200


def test_an_address_that_tries_many_names_is_stopped(client: FlaskClient) -> None:
    statuses = [sign_in(client, f"customer-{number}", "guess").status_code for number in range(31)]
    assert statuses == [401] * 30 + [429]


def test_the_bank_can_be_served_under_a_path_of_a_larger_site(client: FlaskClient) -> None:
    with client.session_transaction(base_url="http://localhost/portal") as session:
        session["customer"] = "demo-customer"
    page = client.get("/", environ_overrides={"SCRIPT_NAME": "/portal"}).text
    assert 'src="/portal/widget/widget.js"' in page and 'session-url="/portal/banker-session"' in page


def test_each_customer_sees_their_own_accounts_and_tickets(client: FlaskClient, bank: Bank) -> None:
    bank.open_ticket("demo-customer", "<b>Lost</b> card", "On the bus")
    assert sign_in(client).status_code == 302
    page = client.get("/").text
    assert "1,234.56" in page and "8,200.00" in page and "770.12" not in page
    assert "&lt;b&gt;Lost&lt;/b&gt; card" in client.get("/tickets").text
    client.post("/logout", headers=csrf(client))
    sign_in(client, "omar")
    page = client.get("/").text
    assert "770.12" in page and "1,234.56" not in page
    assert "No tickets yet" in client.get("/tickets").text


def test_passwords_are_hashed(client: FlaskClient, bank: Bank) -> None:
    sign_in(client)
    with bank._connection() as db:
        hashes = [row[0] for row in db.execute("SELECT password_hash FROM logins")]
    assert len(set(hashes)) == 2
    assert all(value.startswith("scrypt:") for value in hashes)


def test_a_database_of_an_earlier_version_gets_the_logins(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite3"
    with Bank(path)._connection() as db:
        db.executescript("DROP TABLE logins; DROP TABLE secrets; PRAGMA user_version = 1;")
    customer = Bank(path).sign_in(" Dana ", "demo")
    assert customer is not None and customer.name == "Dana Demo"


@pytest.mark.parametrize("path", ["/login", "/logout", "/banker-session"])
def test_another_sites_page_can_do_nothing(client: FlaskClient, path: str) -> None:
    sign_in(client)
    for headers in ({}, {"X-CSRF-Token": "guessed"}):
        answer = client.post(path, data={"login": "dana", "password": "demo"}, headers=headers)
        assert answer.status_code == 400
    assert client.get("/").status_code == 200  # still signed in


def test_scripts_cannot_read_the_cookie(client: FlaskClient) -> None:
    cookie = sign_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_signing_in_changes_the_csrf_token(client: FlaskClient) -> None:
    before = token(client.get("/login"))
    sign_in(client)
    assert client.post("/logout", headers={"X-CSRF-Token": before}).status_code == 400


def test_a_customer_gets_a_session_of_their_own(client: FlaskClient) -> None:
    sign_in(client)
    shown = {"route": "/", "account_id": "acc-789", "more": "x"}
    answer = client.post("/banker-session", json=shown, headers=csrf(client))
    assert answer.status_code == 201
    assert set(answer.json) == {"session_id", "ephemeral_token", "config", "expires_at"}
    assert answer.headers["Cache-Control"] == "no-store"
    session = client.application.extensions["banker"].sessions.find(answer.json["session_id"])
    assert (session.tenant_id, session.user_id) == ("demo", "demo-customer")
    assert session.portal_context == {"route": "/", "account_id": "acc-789"}


def test_visitors_get_no_session(client: FlaskClient) -> None:
    answer = client.post("/banker-session", headers={"X-CSRF-Token": token(client.get("/login"))})
    assert answer.status_code == 401
    assert set(answer.json) == {"error", "message"}


def test_too_many_sessions_are_refused_with_the_time_to_wait(client: FlaskClient) -> None:
    sign_in(client)
    answers = [client.post("/banker-session", headers=csrf(client)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[-1].json["error"] == "rate_limited"


def test_the_service_has_its_own_paths_beside_the_pages(client: FlaskClient) -> None:
    assert client.get("/health").json == {"status": "healthy"}
    assert client.get("/openapi.json").json["openapi"] == "3.1.0"
    assert client.post("/v1/sessions").status_code == 401
    assert client.get("/widget/widget.js").mimetype == "text/javascript"
    assert "virtual-banker" not in client.get("/widget/widget.js").headers.get("Set-Cookie", "")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/", 405)])
def test_programs_get_errors_as_the_service_gives_them_and_people_get_a_page(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert set(answer.json) == {"error", "message"}
    page = client.open(path, method=method, headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.mimetype) == (status, "text/html")


def test_the_pages_are_strict_and_leave_the_microphone_to_the_widget(client: FlaskClient) -> None:
    sign_in(client)
    for path in ("/", "/tickets", "/login", "/nothing", "/static/bank.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "microphone=(self)" in headers["Permissions-Policy"]
