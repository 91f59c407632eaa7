"""Sessions: the record, its life cycle, and the two stores that keep it, memory and Redis."""

from typing import TYPE_CHECKING, Any

from banker.sessions.lifecycle import IssuedToken, Sessions, TokenIssuer
from banker.sessions.memory_store import MemoryStore
from banker.sessions.notices import HandOverChanged, SessionEnded, SessionMoved, SessionNotice
from banker.sessions.session import Consent, Rating, Reason, Session, State, is_session_id, new_session_id
from banker.sessions.store import MAX_TURNS, RETENTION_S, SessionStore, StoreFull, StoreUnavailable, Subscription

if TYPE_CHECKING:
    from banker.sessions.redis_store import RedisStore

__all__ = [
    "MAX_TURNS",
    "RETENTION_S",
    "Consent",
    "HandOverChanged",
    "IssuedToken",
    "MemoryStore",
    "Rating",
    "Reason",
    "RedisStore",
    "Session",
    "SessionEnded",
    "SessionMoved",
    "SessionNotice",
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
    # Imported on first use: importing redis takes 0.17 s.
    if name == "RedisStore":
        from banker.sessions.redis_store import RedisStore

        return RedisStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
