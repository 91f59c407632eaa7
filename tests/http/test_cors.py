"""CORS: pages of a tenant's origins may refresh, end and load the widget; other pages may not."""

from dataclasses import replace

import pytest

ORIGIN = "https://portal.bank.example"
FOREIGN = "https://elsewhere.example"


@pytest.fixture
def service(start):
    started = start(policy={})
    banks = dict(started.config.tenants)
    banks["alpha"] = replace(banks["alpha"], allowed_origins=(ORIGIN,))
    banks["beta"] = replace(banks["beta"], allowed_origins=("https://beta.example",))
    return start(tenants=banks)


def preflight(service, path, origin, method="POST"):
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return service.call(
        "OPTIONS", path, headers={**headers, "Access-Control-Request-Headers": "authorization,content-type"}
    )


def cors(response):
    """Return the names of the CORS headers."""
    return {name for name in dict(response.headers) if name.startswith("Access-Control-")}


@pytest.mark.parametrize("call", ["refresh-token", "end"])
def test_a_tenants_page_may_refresh_and_end(service, call):
    session = service.session()
    path = f"/v1/sessions/{session['session_id']}/{call}"
    asked = preflight(service, path, ORIGIN)
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert asked.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in asked.headers
    done = service.post(path, session["ephemeral_token"], headers={"Origin": ORIGIN})
    assert done.status_code == 200
    assert done.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Retry-After" in done.headers["Access-Control-Expose-Headers"]
    assert "Origin" in done.headers["Vary"]


@pytest.mark.parametrize("origin", [FOREIGN, "null", ORIGIN + ".evil.example", "http://portal.bank.example", ""])
def test_a_foreign_page_may_not(service, origin):
    session = service.session()
    path = f"/v1/sessions/{session['session_id']}/refresh-token"
    assert cors(preflight(service, path, origin)) == set()
    assert cors(service.post(path, session["ephemeral_token"], headers={"Origin": origin})) == set()


def test_another_tenants_page_may_not_read_the_response(service):
    session = service.session()
    path = f"/v1/sessions/{session['session_id']}/refresh-token"
    assert cors(service.post(path, session["ephemeral_token"], headers={"Origin": "https://beta.example"})) == set()


def test_a_tenants_page_may_read_an_error_response(service):
    """Otherwise a browser cannot tell an expired token from a lost network."""
    refused = service.post("/v1/sessions/sess-unknown/refresh-token", "nonsense", headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)


def test_preflights_do_not_count_against_a_limit(start, service):
    """A preflight carries no credentials, so it is not a failed identification."""
    for _ in range(70):
        assert preflight(service, "/v1/sessions/sess-unknown/end", FOREIGN).status_code == 204
    assert service.refresh("sess-unknown", "nonsense").status_code == 401


@pytest.mark.parametrize("path", ["/v1/sessions", "/health", "/openapi.json", "/v1/nothing"])
def test_no_other_path_has_cors_headers(service, path):
    assert cors(preflight(service, path, ORIGIN)) == set()
    for method in ("GET", "POST"):
        assert cors(service.call(method, path, headers={"Origin": ORIGIN})) == set()


@pytest.mark.parametrize("name", ["widget.js", "conversation.js"])
def test_a_tenants_page_may_load_the_widget(service, name):
    script = service.call("GET", f"/widget/{name}", headers={"Origin": ORIGIN})
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
    assert script.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Origin" in script.headers["Vary"]
    assert cors(service.call("GET", f"/widget/{name}", headers={"Origin": FOREIGN})) == set()
    assert service.call("GET", f"/widget/{name}").status_code == 200  # pages of the same origin send no Origin


def test_no_response_denies_the_microphone(service):
    for path in ("/widget/widget.js", "/health", "/openapi.json", "/nothing"):
        headers = service.call("GET", path).headers
        assert not {"Permissions-Policy", "Feature-Policy"} & set(headers.keys())
