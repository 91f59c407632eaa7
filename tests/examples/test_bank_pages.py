"""The demo bank's pages: who may sign in, what each customer sees, and that only the bank's own pages can act."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from examples.bank import Bank, schema
from tests.examples.visits import csrf, sign_in, token

HASH = generate_password_hash("demo")
PAGES = ("/", "/transactions", "/transfers", "/cards", "/appointments", "/tickets")


@pytest.mark.parametrize("path", PAGES)
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


def test_the_pages_show_three_months_of_transactions_of_each_account(client: FlaskClient, bank: Bank) -> None:
    sign_in(client)
    listed = bank.transactions("demo-customer")
    assert 40 <= len(listed) <= 60
    assert listed == sorted(listed, key=lambda one: one.day, reverse=True)
    assert bank.today() - timedelta(93) < listed[-1].day and listed[0].day <= bank.today()
    page = client.get("/transactions").text
    assert page.count("<tr>") == len(listed) + 1
    assert "−$62.40" in page and "+$2,680.00" in page and "Riverton School" not in page
    page = client.get("/transactions?account=acc-790").text
    assert "Interest" in page and "Starbucks" not in page and 'account-id="acc-790"' in page


@pytest.mark.parametrize("account", ["acc-901", "acc-999", "", "' OR 1=1 --"])
def test_the_transactions_of_others_do_not_exist(client: FlaskClient, account: str) -> None:
    sign_in(client)
    assert client.get("/transactions", query_string={"account": account}).status_code == 404


def test_the_pages_show_what_was_done(client: FlaskClient, bank: Bank) -> None:
    sign_in(client)
    bank.transfer("demo-customer", "acc-789", "acc-790", Decimal("50"))
    bank.transfer("demo-customer", "acc-789", "payee-2", Decimal("12.30"), bank.today() + timedelta(3))
    bank.set_frozen("demo-customer", "card-4417", True)
    bank.dispute("demo-customer", bank.transactions("demo-customer", shop="Shell")[0].transaction_id, "Not me")
    assert "1,184.56" in client.get("/").text and "8,250.00" in client.get("/").text
    page = client.get("/transfers").text
    assert "$50.00 to Rainy Day Savings" in page and "$12.30 to City Power and Light" in page and "scheduled" in page
    page = client.get("/transactions").text
    assert "To Rainy Day Savings" in page and "From Everyday Checking" in page and "disputed, D-301" in page
    assert "Nobody can pay with this card" in client.get("/cards").text
    client.post("/logout", headers=csrf(client))
    sign_in(client, "omar")
    assert "No transfers yet" in client.get("/transfers").text
    assert "D-301" not in client.get("/transactions").text
    assert "4417" not in client.get("/cards").text


def test_passwords_are_hashed(client: FlaskClient, bank: Bank) -> None:
    sign_in(client)
    with bank._connection() as db:
        hashes = [row[0] for row in db.execute("SELECT password_hash FROM logins")]
    assert len(set(hashes)) == 2
    assert all(value.startswith("scrypt:") for value in hashes)


@pytest.mark.parametrize("version", [1, 2])
def test_a_database_of_an_earlier_version_keeps_its_data_and_gets_what_is_new(tmp_path: Path, version: int) -> None:
    path = tmp_path / "bank.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript("".join((schema.ACCOUNTS_AND_TICKETS, schema.LOGINS)[:version]))
        db.execute("INSERT INTO logins VALUES ('dana', 'demo-customer', ?)", (HASH,)) if version == 2 else None
        db.execute("INSERT INTO secrets VALUES ('cookies', 'kept'), ('nobody', ?)", (HASH,)) if version == 2 else None
        db.execute("UPDATE accounts SET cents = 500 WHERE id = 'acc-789'")
        db.execute(f"PRAGMA user_version = {version:d}")
        db.commit()
    bank = Bank(path)
    customer = bank.sign_in(" Dana ", "demo")
    assert customer is not None and customer.name == "Dana Demo"
    assert [str(account.balance) for account in bank.accounts("demo-customer")] == ["5.00", "8200.00"]
    assert len(bank.cards("demo-customer")) == 2 and len(bank.payees("demo-customer")) == 3
    assert version == 1 or bank.cookie_key() == "kept"


def test_a_database_of_a_later_version_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite3"
    with Bank(path)._connection() as db:
        db.execute("PRAGMA user_version = 99")
    with Bank(path)._connection() as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)


@pytest.mark.parametrize("path", ["/login", "/logout", "/banker-session"])
def test_another_sites_page_can_do_nothing(client: FlaskClient, path: str) -> None:
    sign_in(client)
    for headers in ({}, {"X-CSRF-Token": "guessed"}):
        answer = client.post(path, data={"login": "dana", "password": "demo"}, headers=headers)
        assert answer.status_code == 400
    assert client.get("/").status_code == 200  # still signed in


def test_signing_in_changes_the_csrf_token(client: FlaskClient) -> None:
    before = token(client.get("/login"))
    sign_in(client)
    assert client.post("/logout", headers={"X-CSRF-Token": before}).status_code == 400


def test_a_customer_gets_a_session_of_their_own(client: FlaskClient) -> None:
    sign_in(client)
    shown = {"route": "/", "account_id": "acc-789", "language": "en"}
    answer = client.post("/banker-session", json=shown, headers=csrf(client))
    assert answer.status_code == 201
    assert set(answer.json) == {"session_id", "ephemeral_token", "config", "expires_at"}
    assert answer.headers["Cache-Control"] == "no-store"
    session = client.application.extensions["banker"].sessions.find(answer.json["session_id"])
    assert (session.tenant_id, session.user_id) == ("demo", "demo-customer")
    assert session.portal_context == shown


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
    for path in (*PAGES, "/login", "/nothing", "/static/bank.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "microphone=(self)" in headers["Permissions-Policy"]
