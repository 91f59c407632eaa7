"""The session store for several processes and hosts: sessions in Redis, with keys that expire.

A session is a string of JSON, and its turns are a list. Both keys contain the hash tag `{session_id}`, so that a Redis
Cluster keeps them in one slot (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).

redis-py repeats a command when the connection breaks before the answer, so every command may take effect twice.
"""

import hashlib
import json
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, cast

import redis

from banker.config.tenant import LONGEST_SESSION_MINUTES
from banker.server.redis import LazyRedisCluster, RedisClient, RedisOutage
from banker.sessions.notices import SessionNotice, notice_to_json
from banker.sessions.redis_subscription import CHANNEL, RedisSubscription
from banker.sessions.session import Session
from banker.sessions.store import MAX_TURNS, RETENTION_S, StoreFull, StoreUnavailable

# Replace the record ARGV[1] by ARGV[2] for ARGV[3] milliseconds. Returns 1, or the record found instead, or nil.
# A repeated call finds its own record, which its write id makes unique.
_SWAP = """
local found = redis.call('GET', KEYS[1])
if not found then return nil end
if found == ARGV[2] then return 1 end
if found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""

# Append ARGV[1] to the turns KEYS[2] of the session KEYS[1], keep the last ARGV[2], and let both expire together.
# A repeated call finds its own turn, which differs from the one before it.
_APPEND = """
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then return 0 end
if redis.call('LINDEX', KEYS[2], -1) == ARGV[1] then return 1 end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('LTRIM', KEYS[2], -ARGV[2], -1)
redis.call('PEXPIRE', KEYS[2], left)
return 1
"""

# Count the session ARGV[1] among the calls KEYS[1] of its user until ARGV[3] (Unix seconds), in the name of ARGV[2],
# unless ARGV[5] others are counted at the time ARGV[4]. The calls expire ARGV[6] milliseconds after the last claim.
_CLAIM = """
local calls, others = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #calls, 2 do
  if tonumber(string.match(calls[i + 1], '^%S+')) <= tonumber(ARGV[4]) then redis.call('HDEL', KEYS[1], calls[i])
  elseif calls[i] ~= ARGV[1] then others = others + 1 end
end
if others >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 1
"""

# Count the session ARGV[1] among the calls KEYS[1] no longer, if it was counted in the name of ARGV[2], or of whoever.
_RELEASE = """
local call = redis.call('HGET', KEYS[1], ARGV[1])
if call and (not ARGV[2] or string.match(call, ' (.*)') == ARGV[2]) then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1
"""

LONGEST_SESSION_S = LONGEST_SESSION_MINUTES * 60
"""How long a user's set of sessions is kept after the last one was created."""
SCAN_COUNT = 1000
"""Keys per step of a scan. A step takes the server about a millisecond."""
READINESS_KEY = "banker:ready"
READINESS_KEY_TTL_S = 60
LONGEST_CONTENTION_PAUSE_S = 0.02
"""Competing writers of a session pause for a random time of up to a few round trips before they retry."""


class RedisStore:
    """A `SessionStore` in Redis, through a client of `banker.server.redis.open_redis`.

    `timeout` (s) limits how long an update competes with other writers, and how long a subscription waits for a silent
    server. `clock` returns Unix seconds. Failures are reported to `outage`, the client's.
    """

    def __init__(
        self,
        client: RedisClient,
        timeout: float = 2.0,
        clock: Callable[[], float] = time.time,
        outage: RedisOutage | None = None,
    ) -> None:
        self._redis = client
        self._outage = outage or RedisOutage()
        self._timeout = timeout
        self._clock = clock
        self._swap = client.register_script(_SWAP)
        self._append = client.register_script(_APPEND)
        self._claim = client.register_script(_CLAIM)
        self._release = client.register_script(_RELEASE)
        self._subscriptions: list[RedisSubscription] = []

    def create(self, session: Session) -> None:
        """Store a new session in one round trip. Raises `StoreFull` when the server has reached its `maxmemory`."""
        user_key = _user_key(session.tenant_id, session.user_id, "sessions")
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zadd(user_key, {session.session_id: session.expires_at + RETENTION_S})
        pipeline.zremrangebyscore(user_key, "-inf", self._clock())
        pipeline.expire(user_key, LONGEST_SESSION_S + RETENTION_S)
        pipeline.set(_session_key(session.session_id), session.to_json(), px=self._milliseconds(session))
        with self._errors():
            try:
                pipeline.execute()
            except redis.OutOfMemoryError as error:
                self._outage.failed(error)
                raise StoreFull from error
        self._outage.succeeded()

    def get(self, session_id: str) -> Session | None:
        record = self._read(session_id)
        return self._session(record) if record is not None else None

    def sessions_of(self, tenant_id: str, user_id: str) -> list[str]:
        with self._errors():
            ids = cast(list[bytes], self._redis.zrange(_user_key(tenant_id, user_id, "sessions"), 0, -1))
        return [session_id.decode() for session_id in ids]

    def every(self) -> Iterator[Session]:
        with self._errors():
            keys = set(self._redis.scan_iter(match=_session_key("*"), count=SCAN_COUNT))
        while keys:
            pipeline = self._redis.pipeline(transaction=False)
            for _ in range(min(SCAN_COUNT, len(keys))):
                pipeline.get(keys.pop())
            with self._errors():
                records = pipeline.execute()
            yield from filter(None, map(self._session, filter(None, records)))

    def update(self, session_id: str, change: Callable[[Session], Session]) -> Session | None:
        """Update by compare and swap, repeated for up to `timeout` seconds while other writers are faster."""
        deadline = time.monotonic() + self._timeout
        found, attempts = self._read(session_id), 0
        while found is not None and (before := self._session(found)) is not None:
            after = change(before)
            if after is before:
                return after
            with self._errors():
                arguments: list[bytes | str | int] = [found, _unique_record(after), self._milliseconds(after)]
                answer = self._swap(keys=[_session_key(session_id)], args=arguments)
            if answer == 1:
                return after
            if time.monotonic() > deadline:
                raise StoreUnavailable("Too many changes of one session at once. Try again in a few seconds.")
            found, attempts = answer, attempts + 1
            time.sleep(random.uniform(0, min(0.001 * attempts, LONGEST_CONTENTION_PAUSE_S)))  # noqa: S311 (no secret)
        return None

    def delete_sessions_of(self, tenant_id: str, user_id: str) -> int:
        ids, deleted = self.sessions_of(tenant_id, user_id), 0
        with self._errors():
            for session_id in ids:
                self._redis.delete(_turns_key(session_id))
                self._redis.delete(inbox_key(session_id))
                deleted += self._redis.delete(_session_key(session_id))
            self._redis.delete(_user_key(tenant_id, user_id, "sessions"))
        return deleted

    def append_turn(self, session_id: str, turn: Mapping[str, Any]) -> None:
        text = json.dumps(dict(turn), separators=(",", ":"))
        with self._errors():
            self._append(keys=[_session_key(session_id), _turns_key(session_id)], args=[text, MAX_TURNS])

    def turns(self, session_id: str) -> list[dict[str, Any]]:
        with self._errors():
            texts = cast(list[bytes], self._redis.lrange(_turns_key(session_id), 0, -1))
        return [json.loads(text) for text in texts]

    def claim_call(self, session: Session, worker: str, limit: int, seconds: float) -> bool:
        now = self._clock()
        arguments: list[str | float] = [session.session_id, worker, now + seconds, now, limit, round(seconds * 1000)]
        with self._errors():
            return bool(self._claim(keys=[_user_key(session.tenant_id, session.user_id, "calls")], args=arguments))

    def release_call(self, session: Session, worker: str | None) -> None:
        arguments = [session.session_id] if worker is None else [session.session_id, worker]
        with self._errors():
            self._release(keys=[_user_key(session.tenant_id, session.user_id, "calls")], args=arguments)

    def announce(self, notice: SessionNotice) -> None:
        with self._errors():
            self._redis.publish(CHANNEL, notice_to_json(notice))

    def watch(self, on_notice: Callable[[SessionNotice], None], on_gap: Callable[[], None]) -> RedisSubscription:
        """Subscribe, and return when the server has confirmed it or after `timeout`. Keeps trying after that."""
        subscription = RedisSubscription(self._redis, on_notice, on_gap, self._timeout)
        self._subscriptions.append(subscription)
        subscription.wait_for_start()
        return subscription

    def check(self) -> None:
        """Write a key: a replica, and a server with a full disk or memory, answer a PING but refuse every session.

        A cluster gets a key at each primary node. The message of `StoreUnavailable` names the cause in a word.
        """
        try:
            keys = [READINESS_KEY]
            if isinstance(self._redis, LazyRedisCluster):
                keys = self._redis.keys_on_every_primary(READINESS_KEY)
            for key in keys:
                self._redis.set(key, 1, ex=READINESS_KEY_TTL_S)
        except (redis.RedisError, OSError) as error:
            cause = self._outage.failed(error)
            raise StoreUnavailable(f"The session store takes no writes: {cause}.") from error
        self._outage.succeeded()

    def close(self) -> None:
        """Close all subscriptions, and the client's connections."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        self._redis.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise any failure of Redis as `StoreUnavailable`."""
        try:
            yield
        except (redis.RedisError, OSError) as error:
            self._outage.failed(error)
            raise StoreUnavailable from error

    def _read(self, session_id: str) -> bytes | None:
        with self._errors():
            return cast(bytes | None, self._redis.get(_session_key(session_id)))

    def _session(self, record: bytes) -> Session | None:
        session = Session.from_json(record)
        return session if self._clock() < session.expires_at + RETENTION_S else None

    def _milliseconds(self, session: Session) -> int:
        """Return how long the server keeps the record: a duration, since its clock may differ from ours."""
        return max(1, round((session.expires_at + RETENTION_S - self._clock()) * 1000))


def _unique_record(session: Session) -> str:
    """Return the session's JSON with a random `write_id`, which readers ignore."""
    return f'{session.to_json()[:-1]},"write_id":"{secrets.token_hex(8)}"}}'


def _session_key(session_id: str) -> str:
    return f"banker:{{{session_id}}}:session"


def _user_key(tenant_id: str, user_id: str, what: Literal["sessions", "calls"]) -> str:
    """Return the key of a user's data: a digest, since the ids may contain any character."""
    user = hashlib.sha256(json.dumps([tenant_id, user_id]).encode()).hexdigest()
    return f"banker:{{{user}}}:{what}"


def inbox_key(session_id: str) -> str:
    """Return the key of a session's inbox for a colleague's messages (`banker.handover.redis_desk_store`)."""
    return f"banker:{{{session_id}}}:inbox"


def _turns_key(session_id: str) -> str:
    return f"banker:{{{session_id}}}:turns"
