"""Create, refresh-token and end, as a portal uses them and as an attacker would."""

import re
from datetime import datetime

import jwt
import pytest

from banker.config.settings import MetricsSettings
from banker.sessions import StoreFull, StoreUnavailable
from tests.http.conftest import secret_of
from tests.http.test_errors import assert_error
from tests.servers import wait_until

UNAUTHORIZED = {"error": "unauthorized", "message": "The credentials are missing, invalid or expired."}


def seconds(text):
    """Return the Unix seconds of an RFC 3339 time as the contract writes it."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
    return datetime.fromisoformat(text).timestamp()


def expiry_of(token):
    return jwt.decode(token, options={"verify_signature": False})["exp"]


def test_health_needs_no_token(service):
    response = service.call("GET", "/health")
    assert (response.status_code, response.json) == (200, {"status": "healthy"})


def test_a_new_session_has_the_tenants_config_and_a_token_that_expires_as_stated(service):
    response = service.create(portal_context={"route": "/account", "account_id": "acc-789"})
    assert response.status_code == 201
    assert set(response.json) == {"session_id", "ephemeral_token", "config", "expires_at"}
    assert response.json["session_id"].startswith("sess-")
    assert response.json["config"] == {
        "theme": {"primaryColor": "#0066cc"},
        "avatar_enabled": True,
        "greeting": "Grüß Gott! How can I help you?",
        "allowed_tools": ["get_account_status"],
        "policy": {"max_session_duration_minutes": 30, "rate_limit_per_minute": 1000, "require_consent": True},
    }
    assert seconds(response.json["expires_at"]) == expiry_of(response.json["ephemeral_token"])
    assert 290 <= seconds(response.json["expires_at"]) - service.clock() <= 300


def test_a_token_lives_no_longer_than_its_session(start):
    service = start(policy={"max_session_duration_minutes": 1})
    session = service.session()
    assert seconds(session["expires_at"]) - service.clock() <= 60
    service.clock.ahead += 30
    refreshed = service.refresh(session["session_id"], session["ephemeral_token"]).json
    assert refreshed["expires_at"] == session["expires_at"]


def test_a_back_end_creates_sessions_for_its_users(service):
    own = service.token("user-7")
    bearer = service.token("portal", back_end=True)
    response = service.post("/v1/sessions", bearer, {"tenant_id": "alpha", "user_id": "user-7", "auth_assertion": own})
    assert response.status_code == 201
    assert service.banker.sessions.find(response.json["session_id"]).user_id == "user-7"


@pytest.fixture
def refused(service):
    """Return bearers and bodies of create requests, each of which fails to prove an identity."""
    own, back_end = service.token("user-1"), service.token("portal", back_end=True)
    foreign = service.token("user-1", "beta")
    body = {"tenant_id": "alpha", "user_id": "user-1", "auth_assertion": own}
    past = jwt.encode({"iss": "https://alpha.example", "sub": "user-1", "exp": 1}, secret_of("alpha"))
    forged = jwt.encode(jwt.decode(own, options={"verify_signature": False}), b"x" * 32)
    none = jwt.encode({"iss": "https://alpha.example", "sub": "user-1"}, None, algorithm="none")
    ephemeral = service.session()["ephemeral_token"]
    cases = [(token, body) for token in (None, "", "x", "a.b.c", past, forged, none, ephemeral, own + "x", "ü" * 20)]
    cases += [(own, {**body, "auth_assertion": text}) for text in ("x", past, forged, none, foreign, ephemeral)]
    cases += [(back_end, {**body, "auth_assertion": text}) for text in ("x", past, back_end, service.token("user-2"))]
    cases += [
        (own, {**body, "user_id": "user-2", "auth_assertion": service.token("user-2")}),
        (own, {**body, "user_id": "user-2"}),
        (own, {**body, "tenant_id": "beta"}),
        (own, {**body, "tenant_id": "beta", "auth_assertion": foreign}),
        (own, {**body, "tenant_id": "no-such-bank"}),
        (foreign, body),
        (service.token("portal", "beta", back_end=True), body),
        (back_end, {**body, "tenant_id": "beta", "auth_assertion": foreign}),
    ]
    return cases


def test_every_failed_identification_gets_the_same_response(service, refused):
    headers = set()
    for bearer, body in refused:
        response = service.post("/v1/sessions", bearer, body)
        assert_error(response, 401)
        assert response.json == UNAUTHORIZED
        assert response.headers["WWW-Authenticate"] == "Bearer"
        headers.add(tuple(sorted(name for name, _ in response.headers)))
    assert len(headers) == 1


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dTpw", "Token {}", "bearer{}", "{}", "Bearer {}, Bearer {}", "Bearer {} x"],
)
def test_a_malformed_authorization_header_is_401(service, header):
    headers = {"Authorization": header.replace("{}", service.token())}
    assert_error(service.post("/v1/sessions", None, {}, headers=headers), 401)


def test_a_token_in_the_url_is_ignored(service):
    token = service.token()
    assert_error(service.post(f"/v1/sessions?access_token={token}&token={token}", None, {}), 401)


@pytest.mark.parametrize("call", ["refresh", "end"])
def test_to_anyone_else_a_session_does_not_exist(service, call):
    session_id = service.session("user-1")["session_id"]
    unknown = getattr(service, call)("sess-" + "x" * 32, service.token())
    assert_error(unknown, 404)
    for bearer in (
        service.token("user-2"),
        service.token("user-1", "beta"),
        service.token("portal", "beta", back_end=True),
    ):
        response = getattr(service, call)(session_id, bearer)
        assert_error(response, 404)
        assert response.json == unknown.json
    assert service.banker.sessions.find(session_id).state == "created"


@pytest.mark.parametrize("bearer", ["own", "back end", "ephemeral"])
def test_refresh_and_end_take_the_portals_bearer_or_the_sessions_token(service, bearer):
    session = service.session()
    tokens = {"own": service.token(), "back end": service.token("portal", back_end=True)}
    token = tokens.get(bearer, session["ephemeral_token"])
    refreshed = service.refresh(session["session_id"], token)
    assert refreshed.status_code == 200
    assert set(refreshed.json) == {"ephemeral_token", "expires_at"}
    assert seconds(refreshed.json["expires_at"]) == expiry_of(refreshed.json["ephemeral_token"])
    token = tokens.get(bearer, refreshed.json["ephemeral_token"])
    ended = service.end(session["session_id"], token)
    assert (ended.status_code, ended.json) == (200, {"status": "ended"})


def test_refresh_revokes_the_older_token(service):
    session = service.session()
    newer = service.refresh(session["session_id"], session["ephemeral_token"]).json["ephemeral_token"]
    for call in (service.refresh, service.end):
        response = call(session["session_id"], session["ephemeral_token"])
        assert_error(response, 401)
        assert response.json == UNAUTHORIZED
    assert service.refresh(session["session_id"], newer).status_code == 200


def test_a_token_is_valid_for_its_own_session_only(service):
    mine, other = service.session(), service.session()
    for session_id in (other["session_id"], "sess-" + "x" * 32, "nonsense"):
        assert_error(service.refresh(session_id, mine["ephemeral_token"]), 401)
        assert_error(service.end(session_id, mine["ephemeral_token"]), 401)


def test_a_token_expires_after_five_minutes_and_its_session_does_not(service):
    session = service.session()
    service.clock.ahead += 301
    assert_error(service.refresh(session["session_id"], session["ephemeral_token"]), 401)
    assert service.refresh(session["session_id"], service.token()).status_code == 200


@pytest.mark.parametrize("bearer", ["own", "ephemeral"])
def test_ending_is_idempotent(service, bearer):
    session = service.session()
    token = service.token() if bearer == "own" else session["ephemeral_token"]
    for _ in range(3):
        response = service.end(session["session_id"], token)
        assert (response.status_code, response.json) == (200, {"status": "ended"})


def test_a_rating_reaches_the_bank_with_the_end_of_the_talk_or_after_it(start):
    service = start(metrics=MetricsSettings(enabled=True, token="m" * 32))
    ended = []
    service.banker.on_end(ended.append)
    session = service.session()
    path, token = f"/v1/sessions/{session['session_id']}/end", session["ephemeral_token"]
    assert_error(service.post(path, token, {"rating": "great"}), 400)
    for body in (None, {"rating": "up"}, {"rating": "up"}, {"rating": "down"}):
        assert service.post(path, token, body).json == {"status": "ended"}
    wait_until(lambda: ended, 10, "the end of the talk")
    assert [summary["rating"] for summary in ended] == ["up"]
    assert service.banker.sessions.recall(session["session_id"]).rating == "down"
    text = service.call("GET", "/metrics", "m" * 32).text
    for rating in ("up", "down"):
        assert f'banker_ratings_total{{rating="{rating}"}} 1.0' in text


def test_an_ended_session_cannot_be_refreshed_or_connected_to(service):
    session = service.session()
    service.end(session["session_id"], service.token())
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    for token in (service.token(), session["ephemeral_token"]):
        assert_error(service.refresh(session["session_id"], token), 404)
    path = f"/v1/realtime/{session['session_id']}"
    assert_error(service.call("GET", path, session["ephemeral_token"], headers=upgrade), 404)


def test_an_expired_session_is_404_and_can_still_be_ended(service):
    session = service.session()
    service.clock.ahead += 30 * 60 + 1
    assert_error(service.refresh(session["session_id"], service.token()), 404)
    assert_error(service.refresh(session["session_id"], session["ephemeral_token"]), 401)
    assert service.end(session["session_id"], service.token()).status_code == 200
    assert service.banker.sessions.recall(session["session_id"]).reason == "expired"


def test_percent_encoding_names_the_same_session(service):
    session = service.session()
    encoded = "".join(f"%{ord(character):02X}" for character in session["session_id"])
    assert service.end(encoded, session["ephemeral_token"]).status_code == 200


@pytest.mark.parametrize(
    "session_id", ["%00", "%FF", "%F0%9F%98%80", "a%20b", "*", "{x}", "..", "sess-%0D%0Ax", "x" * 900]
)
def test_a_malformed_session_id_is_404_for_the_portal_and_401_for_an_ephemeral_token(service, session_id):
    assert_error(service.end(session_id, service.token()), 404)
    assert_error(service.end(session_id, service.session()["ephemeral_token"]), 401)


@pytest.mark.parametrize("fault", [StoreFull(), StoreUnavailable()])
def test_a_store_failure_is_503_with_retry_after(service, monkeypatch, fault):
    def fail(*args):
        raise fault

    monkeypatch.setattr(service.banker.store, "create", fail)
    response = service.create()
    assert_error(response, 503)
    assert int(response.headers["Retry-After"]) > 0


def test_ready_is_503_while_the_process_drains(service):
    service.banker.drain()
    response = service.call("GET", "/health/ready")
    assert_error(response, 503)
    assert response.headers["Retry-After"]
    assert service.call("GET", "/health").status_code == 200


def test_responses_with_tokens_are_not_cached(service):
    session = service.create()
    refreshed = service.refresh(session.json["session_id"], session.json["ephemeral_token"])
    for response in (session, refreshed):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_no_log_record_of_a_sessions_life_has_a_token(service, caplog):
    caplog.set_level(0)
    own, back_end = service.token(), service.token("portal", back_end=True)
    session = service.session()
    session_id, first = session["session_id"], session["ephemeral_token"]
    second = service.refresh(session_id, first).json["ephemeral_token"]
    secret = "Zq7" * 20
    for token in (first, secret, own + "x", secret + "." + secret + "." + secret):
        service.refresh(session_id, token)
        service.post("/v1/sessions", token, {})
        service.create(auth_assertion=token)
        service.call(
            "GET",
            f"/v1/realtime/{session_id}",
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Protocol": f"virtual-banker.v1, bearer.{token}",
            },
        )
    service.post("/v1/sessions", own, '{"' + secret)
    service.post("/v1/sessions", own, {secret: secret})
    service.end(session_id, second)
    service.end(session_id, back_end)
    assert caplog.records
    written = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for token in (own, back_end, first, second, secret):
        assert token not in written
        assert token.rpartition(".")[2] not in written
