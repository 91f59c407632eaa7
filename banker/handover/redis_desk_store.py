"""The desk's store of several processes and hosts. The keys of a tenant, colleague or session share a hash tag.

Listings are sorted sets with the end of each entry as its score, and an inbox is a stream
(https://redis.io/docs/latest/develop/data-types/streams/).
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import redis

from banker.handover.desk_store import MAX_MESSAGES, MAX_WAITS, WAITS_KEPT_S, Listing
from banker.server.redis import RedisClient
from banker.sessions.redis_store import inbox_key
from banker.sessions.store import StoreUnavailable

LISTING_KEPT_S = 25 * 3600
"""A listing expires this long after its last entry: no session lives longer than a day."""


class RedisDeskStore:
    """A `DeskStore` in Redis. `clock` returns Unix seconds."""

    def __init__(self, client: RedisClient, clock: Callable[[], float] = time.time) -> None:
        self._redis = client
        self._clock = clock

    def enlist(self, tenant_id: str, listing: Listing, name: str, until: float) -> None:
        key = _tenant_key(tenant_id, listing)
        with self._errors():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.zadd(key, {name: until}, gt=True)
            pipeline.zremrangebyscore(key, "-inf", self._clock())
            pipeline.expire(key, LISTING_KEPT_S)
            pipeline.execute()

    def delist(self, tenant_id: str, listing: Listing, name: str) -> None:
        with self._errors():
            self._redis.zrem(_tenant_key(tenant_id, listing), name)

    def listed(self, tenant_id: str, listing: Listing) -> dict[str, float]:
        with self._errors():
            found = self._redis.zrangebyscore(
                _tenant_key(tenant_id, listing), f"({self._clock()}", "+inf", withscores=True
            )
        return {name.decode(): float(until) for name, until in cast(list[tuple[bytes, float]], found)}

    def add_wait(self, tenant_id: str, seconds: float) -> None:
        key = _tenant_key(tenant_id, "waits")
        with self._errors():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.lpush(key, f"{seconds:.3f}")
            pipeline.ltrim(key, 0, MAX_WAITS - 1)
            pipeline.expire(key, WAITS_KEPT_S)
            pipeline.execute()

    def waits(self, tenant_id: str) -> list[float]:
        with self._errors():
            return [
                float(each) for each in cast(list[bytes], self._redis.lrange(_tenant_key(tenant_id, "waits"), 0, -1))
            ]

    def set_token(self, tenant_id: str, colleague_id: str, token_id: str, seconds: float) -> None:
        with self._errors():
            self._redis.set(_colleague_key(tenant_id, colleague_id), token_id, px=max(1, round(seconds * 1000)))

    def token(self, tenant_id: str, colleague_id: str) -> str | None:
        with self._errors():
            found = cast(bytes | None, self._redis.get(_colleague_key(tenant_id, colleague_id)))
        return None if found is None else found.decode()

    def send(self, session_id: str, message: Mapping[str, Any], seconds: float) -> str:
        key = inbox_key(session_id)
        with self._errors():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.xadd(key, {"message": json.dumps(dict(message))}, maxlen=MAX_MESSAGES)
            pipeline.pexpire(key, max(1, round(seconds * 1000)))
            return str(pipeline.execute()[0].decode())

    def sent(self, session_id: str, after: str) -> list[tuple[str, dict[str, Any]]]:
        with self._errors():
            found = self._redis.xrange(inbox_key(session_id), f"({after}" if after else "-", "+")
        return [
            (name.decode(), json.loads(fields[b"message"]))
            for name, fields in cast(list[tuple[bytes, dict[bytes, bytes]]], found)
        ]

    def forget(self, session_id: str) -> None:
        with self._errors():
            self._redis.delete(inbox_key(session_id))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, OSError) as error:
            raise StoreUnavailable from error


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _tenant_key(tenant_id: str, what: str) -> str:
    """The key of a tenant's listing. A digest, since an id may contain any character."""
    return f"banker:{{{_digest(tenant_id)}}}:desk:{what}"


def _colleague_key(tenant_id: str, colleague_id: str) -> str:
    return f"banker:{{{_digest(tenant_id, colleague_id)}}}:desk-token"
