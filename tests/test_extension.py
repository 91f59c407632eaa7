"""Embedding: the banker in a host's app, and several of them side by side."""

import json
import os
import re
import subprocess
import sys
import threading
from collections import UserDict
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from flask import Blueprint, Flask, abort, current_app, g, jsonify, redirect, request
from flask.json.provider import DefaultJSONProvider
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from banker import ApiError, Banker, StepUpProof, create_app
from banker.config.loading import ConfigError
from banker.config.safety_texts import SafetySettings
from banker.config.settings import Config, MetricsSettings, SessionSettings, SpeechSettings
from banker.config.tenant import ConfigBlock, IdentitySettings, PolicySettings, Tenant
from banker.identity import mint
from banker.rtc.facade import MediaFacade

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def no_media(monkeypatch):
    monkeypatch.setattr(MediaFacade, "prepare", lambda self, tenant: None)


def config_of(name, per_minute=5):
    identity = IdentitySettings(
        issuer=f"https://{name}.example", algorithms=("HS256",), secret=(name * 32)[:40].encode()
    )
    block = ConfigBlock(policy=PolicySettings(rate_limit_per_minute=per_minute))
    tenant = Tenant(tenant_id=name, identity=identity, config=block)
    return Config(
        secret_key=(name * 32).encode(), tenants={name: tenant}, speech=SpeechSettings("none", recogniser="none")
    )


CONFIG = config_of("bank")


def create(client, prefix="", config=CONFIG, user_id="user-1"):
    (tenant,) = config.tenants.values()
    token = mint(tenant, user_id)
    body = {"tenant_id": tenant.tenant_id, "user_id": user_id, "auth_assertion": token}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return client.post(f"{prefix}/v1/sessions", data=json.dumps(body), headers=headers)


class Odd(DefaultJSONProvider):
    """A JSON provider that would break every answer."""

    def dumps(self, obj, **options):
        return "odd(" + super().dumps(obj, **options) + ")"

    def loads(self, text, **options):
        raise RuntimeError("the host's own JSON")


@pytest.fixture
def host():
    """A host with everything that could get in the way; `/own` and `/fails` are its pages."""
    app = Flask("host")
    app.json = Odd(app)
    app.config.update(
        SECRET_KEY="the host's own",
        MAX_CONTENT_LENGTH=10,
        RATELIMIT_ENABLED=True,
        RATELIMIT_DEFAULT="3/hour",
        RATELIMIT_STORAGE_URI="memory://",
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_KEY_PREFIX="host",
        SOCK_SERVER_OPTIONS={"ping_interval": 1},
        APPLICATION_ROOT="/app",
        TRAP_HTTP_EXCEPTIONS=True,
        PROPAGATE_EXCEPTIONS=True,
    )
    Limiter(get_remote_address, app=app)
    for name in ("sessions", "health", "widget", "realtime"):  # the names of the service's own
        pages = Blueprint(name, __name__, url_prefix=f"/host/{name}")
        pages.add_url_rule("/", view_func=lambda: "the host's", endpoint="page")
        pages.register_error_handler(404, lambda error: ("the blueprint's page", 418))
        pages.before_app_request(lambda: abort(400, "CSRF") if request.method == "POST" else None)
        app.register_blueprint(pages)
    app.before_request(lambda: abort(403) if not current_app.config.get("OPEN") else None)
    app.before_request(lambda: redirect("/login") if "user" not in request.cookies else None)
    app.teardown_request(lambda error: g.setdefault("torn", []).append(request.path))
    app.after_request(lambda response: (response.headers.set("X-Host", "yes"), response)[1])
    app.register_error_handler(Exception, lambda error: ("<h1>the host's page</h1>", 418))
    app.add_url_rule("/own", view_func=lambda: jsonify(own=True))
    return app


def test_nothing_of_the_host_breaks_the_banker(host):
    Banker(host, config=CONFIG)
    client = host.test_client()
    client.set_cookie("session", "rubbish")
    assert json.loads(client.get("/banker/health").data) == {"status": "healthy"}
    for number in range(3):
        answer = create(client, "/banker", user_id=f"user-{number}")
        assert answer.status_code == 201, answer.text
        assert (
            json.loads(answer.data)["config"]["greeting"]
            == "Hello! I'm your bank's AI assistant. How can I help you today?"
        )
        assert answer.headers["X-RateLimit-Limit"] == "5"
        assert "X-Host" not in answer.headers
    for path, status in (("/banker/nothing", 404), ("/banker/v1/sessions", 405), ("/banker", 404), ("/banker/", 404)):
        answer = client.get(path)
        assert answer.status_code == status
        assert set(json.loads(answer.data)) == {"error", "message"}


def test_nothing_of_the_host_changes(host):
    settings = dict(host.config)
    handlers, hooks = repr(host.error_handler_spec), repr(host.before_request_funcs)
    rules = [str(rule) for rule in host.url_map.iter_rules()]
    banker = Banker(host, config=CONFIG)
    assert dict(host.config) == settings
    assert (repr(host.error_handler_spec), repr(host.before_request_funcs)) == (handlers, hooks)
    assert [str(rule) for rule in host.url_map.iter_rules()] == rules
    assert host.extensions["banker"] is banker
    client = host.test_client()
    assert (client.get("/own").status_code, client.get("/own").text) == (418, "<h1>the host's page</h1>")
    host.config["OPEN"] = True
    assert client.get("/host/health/").location == "/login"
    client.set_cookie("user", "dana")
    answer = client.get("/own")
    assert answer.text.startswith("odd(")
    assert answer.headers["X-Host"] == "yes"
    assert "X-Request-ID" not in answer.headers
    assert client.post("/own").status_code == 418
    assert client.get("/host/sessions/").text == "the host's"
    assert client.get("/own").status_code == 418  # the limit of the host
    for path in ("/health", "/v1/sessions", "/bankers", "/bankerx/health", "/Banker/health"):
        assert client.get(path).status_code == 418


@pytest.mark.parametrize("prefix", ["/banker", "banker", "/banker/", "/deep/er"])
def test_the_prefix_is_the_hosts_choice(prefix):
    app = Flask("host")
    banker = Banker(config=CONFIG)
    banker.init_app(app, url_prefix=prefix)
    client = app.test_client()
    assert client.get(f"/{prefix.strip('/')}/health").status_code == 200
    assert client.get("/health").status_code == 404


def test_at_the_root_the_service_has_its_own_paths_and_the_host_all_others(host):
    host.config["OPEN"] = True
    Banker(host, config=CONFIG, url_prefix="/")
    client = host.test_client()
    client.set_cookie("user", "dana")
    assert json.loads(client.get("/health").data) == {"status": "healthy"}
    assert client.get("/openapi.json").status_code == client.get("/widget/widget.js").status_code == 200
    assert create(client).status_code == 201
    assert set(json.loads(client.get("/v1/nothing").data)) == {"error", "message"}
    assert client.get("/own").text.startswith("odd(")
    assert client.get("/healthy").status_code == client.get("/").status_code == 418


def test_an_empty_prefix_is_refused():
    app = Flask("host")
    with pytest.raises(ValueError, match="url_prefix"):
        Banker(app, config=CONFIG, url_prefix="")
    assert "banker" not in app.extensions


def test_a_host_creates_a_session_for_its_user(host):
    banker = Banker(host, config=CONFIG)
    with host.test_request_context():
        created = banker.create_session(
            user_id="user-1", portal_context={"route": "/account"}, claims={"sub": "user-1"}
        )
        assert current_app._get_current_object() is host
    assert set(created) == {"session_id", "ephemeral_token", "config", "expires_at"}
    kept = banker.sessions.find(created["session_id"])
    assert (kept.user_id, kept.portal_context, kept.claims) == ("user-1", {"route": "/account"}, {"sub": "user-1"})
    headers = {"Authorization": f"Bearer {created['ephemeral_token']}"}
    answer = host.test_client().post(f"/banker/v1/sessions/{created['session_id']}/end", headers=headers)
    assert json.loads(answer.data) == {"status": "ended"}


def test_what_a_host_asks_for_counts_against_the_users_limit():
    app = Flask("host")
    banker = Banker(app, config=CONFIG)
    for _ in range(5):
        banker.create_session(user_id="user-1")
    with pytest.raises(ApiError) as refused:
        banker.create_session(user_id="user-1")
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
    assert create(app.test_client(), "/banker").status_code == 429  # one limit, however it is asked
    banker.create_session(user_id="user-2")


def test_a_host_that_creates_a_session_while_redis_is_down_gets_503():
    config = replace(CONFIG, redis_url="redis://127.0.0.1:1/0", sessions=SessionSettings(redis_timeout_seconds=0.3))
    banker = Banker(config=config)
    with pytest.raises(ApiError) as refused:
        banker.create_session(user_id="user-1")
    assert refused.value.status == 503
    assert int(refused.value.headers["Retry-After"]) > 0
    banker.close()


@pytest.mark.parametrize("user_id", [42, 0, -1, 2**64])
def test_an_integer_user_id_is_taken_as_text(user_id):
    banker = Banker(config=CONFIG)
    created = banker.create_session(user_id=user_id)
    assert banker.sessions.find(created["session_id"]).user_id == str(user_id)
    assert create(banker.app.test_client(), user_id=str(user_id)).headers["X-RateLimit-Remaining"] == "3"


NESTED = []
NESTED.append(NESTED)
NOT_AN_ID = ["", "x" * 129, "\ud800", "a\0b", None, True, 1.5, float("nan"), 10**200, 10**5000]
NOT_AN_ID += [["a"], {"a": 1}, b"u", {1}, NESTED]
NOT_A_CONTEXT = [["a"], "text", 1, {"k": "x" * 3000}, {"k": 1}, {"k": None}, {"\ud800": "x"}, {"\ud800": 1}]
NOT_A_CONTEXT += [b"[]", b'"text"', b"{", b"\xff", b'{"k": "\\u0000"}', b"[" * 60_000, b'{"k": "a", "k": "b"}']
NOT_A_CONTEXT += [
    {"k": "\ud800"},
    {"k": "\0"},
    {b"k": "x"},
    {"k": {}},
    {str(number): "x" for number in range(33)},
    NESTED,
]
NOT_CLAIMS = [["a"], "text", 1, {"k": "\ud800"}, {"k": "\0"}, {"k": float("inf")}, {"k": {1}}, {"k": NESTED}]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"user_id": value} for value in NOT_AN_ID),
        *({"user_id": "u", "portal_context": value} for value in NOT_A_CONTEXT),
        *({"user_id": "u", "claims": value} for value in NOT_CLAIMS),
    ],
)
def test_a_host_that_passes_anything_else_gets_an_api_error_400(wrong):
    with pytest.raises(ApiError) as refused:
        Banker(config=CONFIG).create_session(**wrong)
    assert (refused.value.status, refused.value.error) == (400, "invalid_request")
    assert json.dumps(refused.value.body(), ensure_ascii=False).encode()


@pytest.mark.parametrize("wrong", [{"user_id": value} for value in NOT_AN_ID])
def test_a_host_that_signs_out_anything_else_gets_an_api_error_400(wrong):
    with pytest.raises(ApiError) as refused:
        Banker(config=CONFIG).end_sessions(**wrong)
    assert refused.value.status == 400


@pytest.mark.parametrize("wrong", [None, 1, True, "", "sess-x", "\ud800", "\0", ["sess-x"], {"a": 1}, b"x", NESTED])
def test_a_step_up_of_anything_that_a_page_may_send_is_an_api_error(wrong):
    banker = Banker(config=CONFIG)
    session_id = banker.create_session(user_id="u")["session_id"]
    proof = StepUpProof("\ud800", "u", "one-time code", 0)
    for ids in ((wrong, "call-1"), (session_id, wrong), (wrong, wrong)):
        for ask, more in ((banker.step_up_request, ()), (banker.step_up_done, (proof,))):
            with pytest.raises(ApiError) as refused:
                ask(*ids, *more)
            assert refused.value.status in (400, 404)


def test_a_host_ends_the_sessions_of_a_user_who_signs_out():
    banker = Banker(config=CONFIG)
    bodies = [banker.create_session(user_id=user_id) for user_id in (42, 42, "user-2")]
    assert banker.end_sessions(42) == 2
    client = banker.app.test_client()
    answers = [
        client.post(
            f"/v1/sessions/{body['session_id']}/refresh-token",
            headers={"Authorization": f"Bearer {body['ephemeral_token']}"},
        ).status_code
        for body in bodies
    ]
    assert answers == [404, 404, 200]
    assert banker.end_sessions("42") == 0
    with pytest.raises(ValueError, match="tenant_id must be one of"):
        banker.end_sessions(42, tenant_id="nowhere")


def test_a_tenant_that_is_not_configured_is_a_value_error():
    banker = Banker(Flask("host"), config=CONFIG)
    for tenant_id in ("other", "", 7, ["bank"], {}, "\ud800"):
        with pytest.raises(ValueError, match="must be one of: bank"):
            banker.create_session(user_id="u", tenant_id=tenant_id)


def test_a_host_may_pass_mappings_of_its_own():
    banker = Banker(config=CONFIG)
    context, claims = MappingProxyType({"route": "/"}), UserDict({"roles": ["a"]})
    created = banker.create_session(user_id="u", portal_context=context, claims=claims)
    kept = banker.sessions.find(created["session_id"])
    assert (kept.portal_context, kept.claims) == ({"route": "/"}, {"roles": ["a"]})


@pytest.mark.parametrize(("body", "kept"), [(b'{"route": "/a", "": "x"}', {"route": "/a", "": "x"}), (b"", {})])
def test_a_host_may_pass_the_body_of_the_pages_request(body, kept):
    banker = Banker(config=CONFIG)
    created = banker.create_session(user_id="u", portal_context=body)
    assert banker.sessions.find(created["session_id"]).portal_context == kept


def test_the_host_gets_the_commands():
    app = Flask("host")
    tenant = replace(CONFIG.tenants["bank"], safety=SafetySettings(emergency_number="911", fraud_number="555 0100"))
    Banker(app, config=replace(CONFIG, tenants={"bank": tenant}))
    done = app.test_cli_runner().invoke(args=["banker", "check"])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "ok: 1 tenant(s): bank")


def test_two_apps_in_one_process_share_nothing():
    one, other = Banker(config=config_of("one", 2)), Banker(config=config_of("other"))
    client, other_client = one.app.test_client(), other.app.test_client()
    first = create(client, config=one.config).json
    assert create(client, config=one.config).status_code == 201
    assert create(client, config=one.config).status_code == 429
    assert create(other_client, config=other.config).status_code == 201
    assert create(other_client, config=one.config).status_code == 401
    path = f"/v1/sessions/{first['session_id']}/refresh-token"
    headers = {"Authorization": f"Bearer {first['ephemeral_token']}"}
    assert other_client.post(path, headers=headers).status_code == 401
    one.close()
    assert other_client.get("/health").status_code == 200


def test_two_apps_with_the_same_tenant_have_limits_and_sessions_of_their_own():
    same = config_of("bank", 1)
    clients = [Banker(config=same).app.test_client() for _ in range(2)]
    assert [create(client, config=same).status_code for client in clients] == [201, 201]
    assert [create(client, config=same).status_code for client in clients] == [429, 429]


def test_two_apps_have_metrics_tools_and_media_of_their_own(monkeypatch):
    monkeypatch.setattr("banker.extension.build_tenant_agents", lambda config, toolbox: {})  # takes seconds to learn
    tenant = replace(CONFIG.tenants["bank"], config=replace(CONFIG.tenants["bank"].config, avatar_enabled=False))
    config = replace(CONFIG, tenants={"bank": tenant}, metrics=MetricsSettings(enabled=True, token="m" * 32))
    one, other = (Banker(config=config) for _ in range(2))
    try:
        create(one.app.test_client(), config=config)
        counted = [banker.metrics.exposition()[0].decode() for banker in (one, other)]
        assert ["banker_sessions_created_total 1.0" in text for text in counted] == [True, False]

        @one.tool
        def get_account_status(caller):
            return {"balance": 1}

        known = [banker.toolbox.specs(["get_account_status"]) for banker in (one, other)]
        assert [len(tools) for tools in known] == [1, 0]
        threads = []
        for banker in (one, other):
            before = set(threading.enumerate())
            banker.media.start()
            threads.append({thread for thread in threading.enumerate() if thread.name == "banker-media"} - before)
        assert all(threads)
        one.close()
        assert not any(thread.is_alive() for thread in threads[0])
        assert any(thread.is_alive() for thread in threads[1])
        assert other.media.ready
    finally:
        other.close()


def test_below_a_path_of_a_larger_site_everything_is_where_it_should_be(host):
    Banker(host, config=CONFIG)
    client = host.test_client()
    portal = {"SCRIPT_NAME": "/portal"}
    assert client.get("/banker/health", environ_overrides=portal).status_code == 200
    assert client.get("/banker/widget/widget.js", environ_overrides=portal).status_code == 200
    assert client.get("/banker", environ_overrides=portal).status_code == 404
    # A path that Flask mends with a redirect elsewhere is simply no path here: nothing leads out of the prefix.
    assert "Location" not in client.get("/banker/health/", environ_overrides=portal).headers


def test_one_host_may_hold_two_bankers():
    app = Flask("host")
    configs = {"/one": config_of("one"), "/two": config_of("two")}
    for prefix, config in configs.items():
        Banker(app, config=config, url_prefix=prefix)
    client = app.test_client()
    for prefix, config in configs.items():
        assert create(client, prefix, config).status_code == 201
    assert create(client, "/one", configs["/two"]).status_code == 401


def test_create_app_is_the_service_itself():
    app = create_app(CONFIG)
    assert app.extensions["banker"].app is app
    assert app.test_client().get("/health").json == {"status": "healthy"}
    assert app.test_client().get("/").status_code == 404


@pytest.mark.parametrize("demo", [True, False])
def test_the_widget_is_there_in_demo_mode_and_outside_it(demo):
    client = create_app(replace(CONFIG, demo=demo)).test_client()
    script = client.get("/widget/widget.js")
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Permissions-Policy" not in script.headers
    assert client.get("/widget/widget.js", headers={"If-None-Match": script.headers["ETag"]}).status_code == 304
    assert client.get("/widget/widget.js", headers={"If-Modified-Since": script.headers["Date"]}).status_code == 304
    old = "Thu, 01 Jan 1970 00:00:00 GMT"
    for condition in ({"If-Match": '"x"'}, {"If-Match": '"x", "y"', "If-Unmodified-Since": old}, {"If-Match": "*"}):
        for more in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=9999999-"}, {"If-Modified-Since": "never"}):
            answer = client.get("/widget/widget.js", headers=condition | more)
            assert (answer.status_code, answer.data) == (200, script.data)
    assert b'from "./' in script.data  # what it imports lies beside it
    for name in re.findall(rb'from "\./([a-z-]+\.js)"', script.data):
        assert client.get(f"/widget/{name.decode()}").status_code == 200
    for path in ("/widget/nothing.js", "/widget/..%2F..%2Fapp.py", "/widget/", "/widget", "/"):
        assert client.get(path).status_code == 404
        assert client.get(path).json.keys() == {"error", "message"}


def test_a_wrong_configuration_is_a_config_error_for_the_host(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        Banker(Flask("host"), config=tmp_path / "nowhere")


def test_an_app_that_only_creates_sessions_imports_no_media_no_engine_and_no_redis(tmp_path):
    program = """
import sys
from banker import create_app
app = create_app()
client = app.test_client()
assert client.get("/health").status_code == 200
assert client.get("/openapi.json").status_code == 200
heavy = "aiortc av aioice onnxruntime numpy hibari piper redis faster_whisper prometheus_client".split()
print(*(name for name in heavy if name in sys.modules))
"""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("BANKER_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**environ, "BANKER_DEMO": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_the_wsgi_file_stops_with_the_mistakes_and_without_a_traceback(tmp_path):
    environ = {name: text for name, text in os.environ.items() if not name.startswith("BANKER_")}
    done = subprocess.run(
        [sys.executable, "-c", "import app"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "BANKER_SECRET_KEY" in done.stderr and "Traceback" not in done.stderr


def test_a_service_whose_tenant_allows_a_missing_tool_takes_no_calls_until_it_is_registered(caplog):
    tenant = replace(CONFIG.tenants["bank"], config=ConfigBlock(allowed_tools=("pay_rent",)))
    banker = Banker(Flask("host"), config=replace(CONFIG, tenants={"bank": tenant}))
    health = banker.app.test_client()
    for _ in range(2):
        with pytest.raises(ApiError) as refusal:
            banker.start()
        assert refusal.value.status == 503
    ready = health.get("/health/ready")
    assert (ready.status_code, ready.json["message"]) == (503, "The configuration has mistakes; the log names them.")
    (line,) = [record.getMessage() for record in caplog.records if "pay_rent" in record.getMessage()]
    assert "bank.toml: config.allowed_tools: " in line

    @banker.tool
    def pay_rent(caller) -> dict:
        """Pay the rent."""
        return {}

    try:
        banker.start()
        assert health.get("/health/ready").status_code == 200
    finally:
        banker.close()
