"""Whether a session costs the same however many there are."""

import time
from collections.abc import Iterator

from banker.sessions import MemoryStore, Session, new_session_id
from bench.figure import Figure


def figures(quick: bool) -> Iterator[Figure]:
    """Create and look up, with 1,000 and with 1,000,000 sessions in memory."""
    most = 100_000 if quick else 1_000_000
    store = MemoryStore(most + 10_000)
    few = _cost(store, 1_000)
    while len(store) < most:
        store.create(_session())
    many = _cost(store, 1_000)
    yield Figure(f"create and get: session {most:,} against the 1,000th", f"{many / few:.2f} times", "the same")
    yield Figure("create and get a session in memory", f"{many * 1e6:.0f} us")


def _cost(store: MemoryStore, count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        session = _session()
        store.create(session)
        store.get(session.session_id)
    return (time.perf_counter() - began) / count


def _session() -> Session:
    now = time.time()
    return Session(
        session_id=new_session_id(),
        tenant_id="bank",
        user_id="user",
        created_at=now,
        expires_at=now + 1800,
        token_id="token",
        portal_context={},
        claims={},
    )
