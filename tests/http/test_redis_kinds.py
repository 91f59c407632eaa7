"""The whole service over every kind of Redis: two workers share sessions, tokens, limits, calls and the audit trail."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from banker.audit.chain import Seal
from banker.audit.redis_trail import HEAD, STREAM, read_stream, verify_stream
from banker.server.redis import open_redis, redis_mistakes
from tests.http.conftest import SECRET_KEY, Service
from tests.servers import Certificate, RedisClusterServers, RedisSentinel, RedisServer, wait_until

ACL = "resetkeys ~banker:* ~{banker:audit}:* resetchannels &banker:* -@all +@read +@write +@scripting +@pubsub"
ACL += " +@connection +info +cluster|slots +cluster|shards"
"""The rules of docs/deployment.md."""


@pytest.fixture(params=["one server", "ACL", "TLS", "Sentinel", "Sentinel, TLS", "Cluster", "Cluster, TLS"])
def url(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        match request.param:
            case "one server":
                yield request.getfixturevalue("redis_server").url
            case "TLS":
                yield request.getfixturevalue("redis_tls").url
            case "ACL":
                server = RedisServer()
                stack.callback(server.close)
                server.cli("acl", "setuser", "banker", "on", ">hush", *ACL.split())
                server.cli("acl", "setuser", "default", "off")
                yield server.url.replace("redis://", "redis://banker:hush@")
            case "Sentinel" | "Sentinel, TLS":
                used = certificate if "TLS" in request.param else None
                master = RedisServer(certificate=used)
                stack.callback(master.close)
                sentinel = RedisSentinel(master, used)
                stack.callback(sentinel.close)
                yield sentinel.url
            case "Cluster":
                cluster: RedisClusterServers = request.getfixturevalue("redis_cluster")
                for node in cluster.nodes:
                    node.cli("acl", "setuser", "banker", "on", ">hush", *ACL.split())
                yield cluster.url.replace("redis+cluster://", "redis+cluster://banker:hush@")
            case "Cluster, TLS":
                cluster = RedisClusterServers(masters=3, certificate=certificate)
                stack.callback(cluster.close)
                yield cluster.url


class Page:
    """The socket of a customer's page, without the network."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []

    def __call__(self, message: Mapping[str, Any]) -> None:
        self.messages.append(message)

    def has(self, kind: str) -> bool:
        return any(message["type"] == kind for message in self.messages)


def statuses(*answers: Any) -> list[int]:
    return [answer.status_code for answer in answers]


def open_call(service: Service, session_id: str, page: Page) -> None:
    service.banker.media.open(service.banker.sessions.find(session_id), page)


def test_two_workers_are_one_service(url: str, start: Callable[..., Service]) -> None:
    assert redis_mistakes(url, 5.0) == []
    client = open_redis(url, 5.0)
    client.delete(STREAM, HEAD)
    one, other = (start(redis_url=url, policy={"rate_limit_per_minute": 4}) for _ in range(2))
    user = f"user-{time.monotonic_ns()}"
    one.banker.start()
    assert one.call("GET", "/health/ready").status_code == 200

    session = one.session(user)
    session_id, token = session["session_id"], session["ephemeral_token"]
    newer = other.refresh(session_id, token)
    assert statuses(newer, one.refresh(session_id, token)) == [200, 401]

    page, later_page = Page(), Page()
    open_call(one, session_id, page)
    open_call(other, session_id, later_page)
    wait_until(lambda: page.has("bye"), limit=30, what="the first worker letting go")
    assert not later_page.has("bye")
    assert one.end(session_id, newer.json["ephemeral_token"]).status_code == 200
    wait_until(lambda: later_page.has("session.ended"), limit=30, what="the end at the other worker")

    assert statuses(*(service.create(user) for service in (one, other))) == [201, 429]

    lines, _ = read_stream(client)
    assert [json.loads(line)["event"] for line in lines] == ["session.created", "session.ended", "session.created"]
    assert verify_stream(client, Seal(SECRET_KEY)).problem is None
    client.close()
