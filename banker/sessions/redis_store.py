"""The store of many processes and hosts: sessions in Redis, whose keys expire by themselves.

A session is one JSON string and its turns are one list; both keys carry the hash tag `{session_id}`, so that a Redis
Cluster keeps them in one slot (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, RedisError
from redis.retry import Retry

from banker.redisline import RedisLine, Script
from banker.sessions.redis_subscription import CHANNEL, RedisSubscription, packed
from banker.sessions.session import Session
from banker.sessions.store import KEEP_SECONDS, MAX_TURNS, StoreFull, StoreUnavailable

log = logging.getLogger(__name__)

# Put ARGV[2] in the place of ARGV[1]: 1 if that worked, what stands there if it was something else, nil if nothing.
_SWAP = Script("""
local found = redis.call('GET', KEYS[1])
if not found then return nil end
if found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
""")

# Append ARGV[1] to the turns KEYS[2] of the session KEYS[1], keep ARGV[2] of them, and let both expire together.
_APPEND = Script("""
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('LTRIM', KEYS[2], -ARGV[2], -1)
redis.call('PEXPIRE', KEYS[2], left)
return 1
""")


class RedisStore:
    """Sessions in Redis, at `redis://…`, `rediss://…` (TLS) or `unix://…`; options may stand in the URL's query.

    `timeout` (seconds) bounds every wait for the server. Nothing connects before the first call. `line` may be shared
    with others that talk to the same Redis. `clock` gives Unix seconds. Raises ValueError for a URL of another kind.
    """

    def __init__(self, url: str, timeout: float = 2.0, clock: Callable[[], float] = time.time) -> None:
        self._timeout = timeout
        self._clock = clock
        # No retries: each would wait for another timeout. A connection that was closed while it was quiet is noticed.
        self.pool = redis.ConnectionPool.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        self._redis = redis.Redis(connection_pool=self.pool)
        self.line = RedisLine(self.pool)
        self._subscriptions: list[RedisSubscription] = []

    def create(self, session: Session) -> None:
        """As the protocol says, in one round trip. StoreFull: the server's `maxmemory` is reached."""
        with _reaching():
            try:
                key, milliseconds = _session_key(session.session_id), self._milliseconds(session)
                self.line.call("SET", key, session.to_json(), "PX", milliseconds)
            except OutOfMemoryError as error:
                raise StoreFull from error

    def get(self, session_id: str) -> Session | None:
        found = self._read(session_id)
        return self._session(found) if found is not None else None

    def update(self, session_id: str, change: Callable[[Session], Session]) -> Session | None:
        """As the protocol says: compare and swap, tried again on what another writer left until `timeout` is over."""
        deadline = time.monotonic() + self._timeout
        found, attempt = self._read(session_id), 0
        while found is not None and (before := self._session(found)) is not None:
            after = change(before)
            if after is before:
                return after
            with _reaching():
                arguments: list[bytes | str | int] = [found, after.to_json(), self._milliseconds(after)]
                answer = self.line.run(_SWAP, [_session_key(session_id)], arguments)
            if answer == 1:
                return after
            if time.monotonic() > deadline:
                raise StoreUnavailable("Too many changes of one session at once. Try again in a few seconds.")
            found, attempt = answer, attempt + 1
            time.sleep(random.uniform(0, 0.001 * min(attempt, 20)))  # noqa: S311 (keeps writers apart, hides nothing)
        return None

    def append_turn(self, session_id: str, turn: Mapping[str, Any]) -> None:
        text = json.dumps(dict(turn), separators=(",", ":"))
        with _reaching():
            self.line.run(_APPEND, [_session_key(session_id), _turns_key(session_id)], [text, MAX_TURNS])

    def turns(self, session_id: str) -> list[dict[str, Any]]:
        with _reaching():
            texts = cast(list[bytes], self.line.call("LRANGE", _turns_key(session_id), 0, -1))
        return [json.loads(text) for text in texts]

    def announce_end(self, session_id: str, reason: str) -> None:
        with _reaching():
            self.line.call("PUBLISH", CHANNEL, packed(session_id, reason))

    def watch_ends(self, heard: Callable[[str, str], None], gap: Callable[[], None]) -> RedisSubscription:
        """As the protocol says. Returns when listening has begun, or after `timeout`: then it goes on trying."""
        subscription = RedisSubscription(self._redis, heard, gap, self._timeout)
        self._subscriptions.append(subscription)
        subscription.wait_for_start()
        return subscription

    def check(self) -> None:
        with _reaching():
            self.line.call("PING")

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        self.pool.disconnect()

    def _read(self, session_id: str) -> bytes | None:
        with _reaching():
            return cast(bytes | None, self.line.call("GET", _session_key(session_id)))

    def _session(self, text: bytes) -> Session | None:
        session = Session.from_json(text)
        return session if self._clock() < session.expires_at + KEEP_SECONDS else None

    def _milliseconds(self, session: Session) -> int:
        """How long the server keeps the record; counted from our clock, so that the server's may differ."""
        return max(1, round((session.expires_at + KEEP_SECONDS - self._clock()) * 1000))


def _session_key(session_id: str) -> str:
    return f"banker:{{{session_id}}}:session"


def _turns_key(session_id: str) -> str:
    return f"banker:{{{session_id}}}:turns"


@contextmanager
def _reaching() -> Iterator[None]:
    """Whatever keeps Redis from doing what it was asked is StoreUnavailable for the caller and a line in our log."""
    try:
        yield
    except (RedisError, OSError) as error:
        log.warning("Redis did not answer as it should: %s: %s", type(error).__name__, error)
        raise StoreUnavailable from error
