"""The session record, the rules of its life, and the two stores that keep it: memory and Redis."""

from typing import TYPE_CHECKING, Any

from banker.sessions.lifecycle import IssuedToken, Sessions, TokenIssuer
from banker.sessions.memory_store import MemoryStore
from banker.sessions.session import Consent, Reason, Session, State, is_session_id, new_session_id
from banker.sessions.store import KEEP_SECONDS, MAX_TURNS, SessionStore, StoreFull, StoreUnavailable, Subscription

if TYPE_CHECKING:
    from banker.sessions.redis_store import RedisStore

__all__ = [
    "KEEP_SECONDS",
    "MAX_TURNS",
    "Consent",
    "IssuedToken",
    "MemoryStore",
    "Reason",
    "RedisStore",
    "Session",
    "SessionStore",
    "Sessions",
    "State",
    "StoreFull",
    "StoreUnavailable",
    "Subscription",
    "TokenIssuer",
    "is_session_id",
    "new_session_id",
]


def __getattr__(name: str) -> Any:
    # redis takes a sixth of a second to import: a host without Redis does not pay for it at its start.
    if name == "RedisStore":
        from banker.sessions.redis_store import RedisStore

        return RedisStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
