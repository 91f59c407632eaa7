"""A store of every kind, a clock that tests turn by hand, and something that issues tokens."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from banker.config.tenant import IdentitySettings, Tenant
from banker.server.redis_client import open_redis
from banker.sessions import MemoryStore, RedisStore, Session, Sessions, SessionStore, new_session_id


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class FakeToken:
    token: str
    token_id: str
    expires_at: float


class FakeTokens:
    """Issues tokens that are numbered instead of signed."""

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
    """Opens the store as another process would: memory is the same object, Redis a client of its own."""
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
    """What `work(0)` … `work(count - 1)` gave or raised, all begun at the same moment in threads of their own."""
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
