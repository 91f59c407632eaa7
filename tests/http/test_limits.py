"""Rate limits and their headers, with counters in memory, in Redis and in a Redis Cluster."""

import itertools
import time
from collections.abc import Callable

import pytest

from banker.config.settings import LimitSettings, ServerSettings, SessionSettings
from banker.http.rate_limits import network_of
from banker.server.redis import open_redis
from tests.http.conftest import Service
from tests.http.test_errors import assert_error

NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def shown(response):
    """Return limit and remaining; assert that the reset is plausible and that a 429 alone has `Retry-After`."""
    limit, remaining, reset = (int(response.headers[name]) for name in NAMES)
    assert all(len(response.headers.getlist(name)) == 1 for name in NAMES)
    assert 0 < reset - time.time() <= 61
    if response.status_code == 429:
        assert 1 <= int(response.headers["Retry-After"]) <= 60
    else:
        assert "Retry-After" not in response.headers
    return limit, remaining


@pytest.fixture(params=["memory", "redis", "cluster"])
def limited(request: pytest.FixtureRequest, start: Callable[..., Service]) -> Callable[..., Service]:
    """Return a function that starts a service with fresh counters."""

    def started(**settings):
        if request.param != "memory":
            server = request.getfixturevalue(f"redis_{'server' if request.param == 'redis' else 'cluster'}")
            open_redis(server.url, 2.0).flushall()
            settings["redis_url"] = server.url
        return start(**settings)

    return started


def test_a_user_has_ten_requests_a_minute_over_all_paths_and_the_eleventh_is_429(limited):
    service = limited(policy={"rate_limit_per_minute": 10})
    session = service.session()
    session_id, own = session["session_id"], service.token()
    responses = [service.refresh(session_id, session["ephemeral_token"])]
    responses.append(service.refresh(session_id, own))
    responses.append(service.end(session_id, service.token("portal", back_end=True)))
    responses.append(service.end(session_id, own))
    responses.append(service.refresh(session_id, own))  # 404
    responses.append(service.post("/v1/sessions", own, "{"))  # 400
    responses.append(service.post("/v1/sessions", own, "{}", content_type="text/plain"))  # 415
    responses.append(service.end("sess-unknown", own))  # 404
    responses.append(service.create())
    assert [response.status_code for response in responses] == [200, 200, 200, 200, 404, 400, 415, 404, 201]
    assert [shown(response) for response in responses] == [(10, remaining) for remaining in range(8, -1, -1)]
    for response in (service.create(), service.refresh(session_id, own), service.end(session_id, own)):
        assert_error(response, 429)
        assert shown(response) == (10, 0)


def test_each_user_and_each_tenant_has_a_separate_limit(limited):
    service = limited(policy={"rate_limit_per_minute": 2})
    assert [service.create().status_code for _ in range(3)] == [201, 201, 429]
    assert shown(service.create("user-2")) == (2, 1)
    assert shown(service.create("user-1", "beta")) == (1000, 999)


def test_a_back_end_counts_against_the_limit_of_the_user_it_acts_for(limited):
    service = limited(policy={"rate_limit_per_minute": 2})
    bearer = service.token("portal", back_end=True)

    def create(user_id):
        body = {"tenant_id": "alpha", "user_id": user_id, "auth_assertion": service.token(user_id)}
        return service.post("/v1/sessions", bearer, body)

    assert [create("user-1").status_code for _ in range(3)] == [201, 201, 429]
    assert create("user-2").status_code == 201
    assert service.create("user-1").status_code == 429


def test_a_back_ends_malformed_requests_are_limited_too(limited):
    service = limited(policy={"rate_limit_per_minute": 3})
    bearer = service.token("portal", back_end=True)
    responses = [service.post("/v1/sessions", bearer, body) for body in ("{", "[]", b" " * 70_000)]
    assert [response.status_code for response in responses] == [400, 400, 413]
    assert [shown(response) for response in responses] == [(3, 2), (3, 1), (3, 0)]
    assert service.post("/v1/sessions", bearer, b" " * 70_000).status_code == 429


def test_a_tenant_has_a_limit_over_all_its_users(limited):
    service = limited(limits=LimitSettings(tenant_per_minute=3))
    responses = [service.create(f"user-{number}") for number in range(4)]
    assert [response.status_code for response in responses] == [201, 201, 201, 429]
    assert shown(responses[0]) == (1000, 999)
    assert shown(responses[3]) == (3, 0)
    assert service.create("user-1", "beta").status_code == 201


def test_a_user_over_the_limit_does_not_count_against_the_tenant(limited):
    service = limited(policy={"rate_limit_per_minute": 2}, limits=LimitSettings(tenant_per_minute=4))
    assert [service.create().status_code for _ in range(10)] == [201, 201] + [429] * 8
    assert [service.create("user-2").status_code for _ in range(2)] == [201, 201]


def test_failed_identifications_are_limited_by_address_over_all_paths(limited):
    service = limited(limits=LimitSettings(failed_identification_per_minute=6))
    session = service.session()
    path = f"/v1/realtime/{session['session_id']}"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    guesses = [
        lambda: service.post("/v1/sessions", "guess", {}),
        lambda: service.post("/v1/sessions", None, {}),
        lambda: service.refresh(session["session_id"], "guess"),
        lambda: service.end(session["session_id"], "guess"),
        lambda: service.call("GET", path, "guess", headers=upgrade),
        lambda: service.create(auth_assertion="guess"),
    ]
    responses = [guess() for guess in guesses]
    assert [response.status_code for response in responses] == [401] * 6
    assert [shown(response) for response in responses] == [(6, remaining) for remaining in range(5, -1, -1)]
    for guess in guesses:
        response = guess()
        assert_error(response, 429)
        assert shown(response) == (6, 0)
    assert service.end(session["session_id"], service.token()).status_code == 200  # valid credentials still work


def from_address(service, address, forwarded=None):
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    options = {"environ_overrides": {"REMOTE_ADDR": address}, "headers": headers}
    return service.post("/v1/sessions", "guess", {}, **options).status_code


def test_an_ipv6_client_has_one_limit_for_its_whole_network(start):
    service = start(limits=LimitSettings(failed_identification_per_minute=2))
    mine = ["2001:db8:0:7::1", "2001:db8:0:7:ffff::2", "2001:DB8:0:7:1:2:3:4"]
    assert [from_address(service, address) for address in mine] == [401, 401, 429]
    assert from_address(service, "2001:db8:0:8::1") == 401


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:51324", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::2", "2001:db8::/64"),
        ("[2001:db8::2]:443", "2001:db8::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        ("", ""),
        ("[", "["),
    ],
)
def test_the_network_of_an_address(address, network):
    assert network_of(address) == network


def test_without_trusted_proxies_a_forged_address_changes_nothing(start):
    service = start(limits=LimitSettings(failed_identification_per_minute=2))
    forged = [from_address(service, "192.0.2.1", f"198.51.100.{number}") for number in range(4)]
    assert forged == [401, 401, 429, 429]


def test_one_trusted_proxy_names_its_client_and_nothing_before_it(start):
    service = start(limits=LimitSettings(failed_identification_per_minute=2), server=ServerSettings(trusted_proxies=1))
    forged = [from_address(service, "10.0.0.1", f"198.51.100.{number}, 192.0.2.1") for number in range(4)]
    assert forged == [401, 401, 429, 429]
    assert from_address(service, "10.0.0.1", "192.0.2.2") == 401
    assert from_address(service, "10.0.0.2", "192.0.2.1") == 429


def test_two_trusted_proxies_name_the_client_two_hops_back(start):
    service = start(limits=LimitSettings(failed_identification_per_minute=2), server=ServerSettings(trusted_proxies=2))
    forged = [from_address(service, "10.0.0.1", f"8.8.8.{number}, 192.0.2.1, 10.0.0.2") for number in range(3)]
    assert forged == [401, 401, 429]
    too_few = [from_address(service, "10.0.0.9", f"198.51.100.{number}") for number in range(3)]
    assert too_few == [401, 401, 429]  # it bypassed the outer proxy, so its header is not trusted


def test_a_window_ends_after_a_minute(start, monkeypatch):
    service = start(policy={"rate_limit_per_minute": 1})
    assert [service.create().status_code for _ in range(2)] == [201, 429]
    reset = int(service.create().headers["X-RateLimit-Reset"])
    monkeypatch.setattr("limits.storage.memory.time.time", lambda: float(reset))
    assert service.create().status_code == 201


def test_health_and_openapi_are_not_limited(start):
    service = start(limits=LimitSettings(tenant_per_minute=1, failed_identification_per_minute=1))
    for path in ("/health", "/openapi.json", "/nothing"):
        for _ in range(5):
            response = service.call("GET", path)
            assert response.status_code in (200, 404)
            assert not set(NAMES) & set(response.headers.keys())


def test_two_processes_with_one_redis_share_the_limits(start, redis_server):
    one, other = (start(policy={"rate_limit_per_minute": 3}, redis_url=redis_server.url) for _ in range(2))
    user_id = f"user-{time.monotonic_ns()}"
    responses = [service.create(user_id) for service in (one, other, one, other)]
    assert [response.status_code for response in responses] == [201, 201, 201, 429]


def test_a_new_session_takes_four_round_trips_to_redis(start, redis_server):
    import redis

    service = start(policy={"rate_limit_per_minute": 5}, redis_url=redis_server.url)
    user_id = f"user-{time.monotonic_ns()}"
    assert service.create(user_id).status_code == 201  # loads the scripts, the user's key and the end of the trail
    client = redis.Redis.from_url(redis_server.url, protocol=2, driver_info=None)  # sends nothing of its own

    def commands(call):
        """Return the response and the commands that clients sent meanwhile, without those of scripts."""
        with client.monitor() as monitor:
            response = call()
            client.echo("done")
            asked = itertools.takewhile(lambda entry: "done" not in entry["command"], monitor.listen())
            return response, [entry["command"].split()[0] for entry in asked if entry["client_type"] != "lua"]

    response, asked = commands(lambda: service.create(user_id))
    created = ["ZADD", "ZREMRANGEBYSCORE", "EXPIRE", "SET"]  # the user's sessions and the session, in one pipeline
    assert asked == ["EVALSHA", "EVALSHA", *created, "EVALSHA"]  # before it the limits, after it the audit trail
    assert shown(response) == (5, 3)
    response, asked = commands(lambda: service.post("/v1/sessions", "guess", {}))
    assert response.status_code == 401
    assert asked == ["EVALSHA"]


def test_requests_are_503_while_redis_is_down_and_succeed_when_it_is_back(start):
    from tests.servers import RedisServer

    server = RedisServer()
    try:
        service = start(redis_url=server.url, sessions=SessionSettings(redis_timeout_seconds=0.3))
        session = service.session()
        server.stop()
        for response in (
            service.create(),
            service.refresh(session["session_id"], service.token()),
            service.end(session["session_id"], session["ephemeral_token"]),
            service.post("/v1/sessions", "guess", {}),
            service.call("GET", "/health/ready"),
        ):
            assert_error(response, 503)
            assert int(response.headers["Retry-After"]) > 0
        assert service.call("GET", "/health").status_code == 200
        server.start()
        assert service.create().status_code == 201
        with server.frozen():
            before = time.monotonic()
            assert_error(service.create(), 503)
            assert time.monotonic() - before < 2
    finally:
        server.close()


def test_metrics_count_failed_identifications_and_limited_requests(start, monkeypatch):
    from banker.config.settings import MetricsSettings

    service = start(
        policy={"rate_limit_per_minute": 1},
        limits=LimitSettings(failed_identification_per_minute=2),
        metrics=MetricsSettings(enabled=True, token="m" * 32),
    )
    service.create()
    service.create()
    assert_error(service.call("GET", "/metrics", "guess"), 401)
    figures = service.call("GET", "/metrics", "m" * 32)
    assert figures.status_code == 200
    lines = figures.text.splitlines()
    assert "banker_sessions_created_total 1.0" in lines
    assert 'banker_rejections_total{cause="rate_limit"} 1.0' in lines
    assert 'banker_rejections_total{cause="identity"} 1.0' in lines
    assert_error(service.call("GET", "/metrics"), 401)
    assert_error(service.call("GET", "/metrics", "guess"), 429)
    assert service.call("GET", "/metrics", "m" * 32).status_code == 200
