"""Stores of every kind, a clock that tests advance, and a fake issuer of tokens."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from banker.config.tenant import IdentitySettings, Tenant
from banker.server.redis import open_redis
from banker.sessions import MemoryStore, RedisStore, Session, Sessions, SessionStore, new_session_id


class Clock:
    """A clock that stands still until a test advances it."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class FakeToken:
    token: str
    token_id: str
    expires_at: float


class FakeTokens:
    """Issues numbered tokens instead of signed ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)

    def issue(self, session_id: str, session_expires_at: float) -> FakeToken:
        number = next(self._numbers)
        return FakeToken(f"token-{number}", f"id-{number}", min(self._clock() + 300, session_expires_at))


@pytest.fixture
def clock() -> Clock:
    return Clock()


STORES = ["memory", "redis", "cluster", "rediss"]


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Callable[[], SessionStore]]:
    """Opens the store as another process would: the same object for memory, a new client for Redis."""
    stores: list[SessionStore] = []

    def opened() -> SessionStore:
        if request.param == "memory":
            if not stores:
                stores.append(MemoryStore(1000, clock))
            return stores[0]
        fixture = {"redis": "redis_server", "cluster": "redis_cluster", "rediss": "redis_tls"}[request.param]
        stores.append(RedisStore(open_redis(request.getfixturevalue(fixture).url, 5.0), 5.0, clock))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], SessionStore]) -> SessionStore:
    return open_store()


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(
        identity=IdentitySettings(issuer="https://bank.example", algorithms=("HS256",)), tenant_id="tenant-123"
    )


@pytest.fixture
def sessions(store: SessionStore, clock: Clock) -> Sessions:
    return Sessions(store, FakeTokens(clock), clock)


@pytest.fixture
def session(clock: Clock) -> Session:
    return a_session(clock())


def a_session(now: float, *, minutes: float = 30, session_id: str | None = None) -> Session:
    return Session(
        session_id=session_id or new_session_id(),
        tenant_id="tenant-123",
        user_id="user-456",
        created_at=now,
        expires_at=now + minutes * 60,
        token_id="token-0",
        portal_context={"route": "/account", "account_id": "acc-789"},
        claims={"sub": "user-456", "roles": ["retail"], "name": "Zoë"},
    )


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Return what `work(0)` … `work(count - 1)` returned or raised, started at the same moment in threads."""
    results: list[object] = [None] * count
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
