"""Opens the Redis client of a process from BANKER_REDIS_URL: one server, Sentinel or Cluster, all by redis-py.

    client = open_redis("redis+sentinel://10.0.0.1,10.0.0.2/bank", timeout=2.0)
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    add(keys=["visits"], args=[1])

A process has one client, which the session store, the audit trail and the rate limits share. Any thread may use it.
Nothing connects before the first command. A client that was opened before a fork works on both sides of it: redis-py's
pools drop the connections of the parent process.

Every command raises `redis.RedisError` when it fails. `isinstance(client, RedisCluster)` tells a cluster from the other
kinds; these have `client.connection_pool`. In a cluster, the keys of one script carry the same hash tag (`{user_id}`).
"""

# mypy: allow-untyped-calls
# redis-py has types for its commands, and not for all of its other methods.

from typing import Any

from redis import Redis
from redis.cluster import RedisCluster
from redis.connection import BlockingConnectionPool, Connection, SSLConnection, UnixDomainSocketConnection

from banker.server.redis.cluster import LazyRedisCluster
from banker.server.redis.retries import connection_options, pool_options
from banker.server.redis.sentinel import open_sentinel
from banker.server.redis.urls import RedisUrl, read_url

RedisClient = Redis | RedisCluster


def open_redis(url: str, timeout: float) -> RedisClient:
    """Return a client for one of these URLs, where `rediss` means TLS and options follow in the query:

    - `redis://user:password@host:6379/0`, `rediss://…`, `unix:///path/to/socket?db=0`
    - `redis+sentinel://user:password@host:26379,host2:26379/service?db=0`, `rediss+sentinel://…`. The user is that of
      the Redis servers; the Sentinels' own are `sentinel_username` and `sentinel_password`.
    - `redis+cluster://user:password@host:6379,host2:6379`, `rediss+cluster://…`. One reachable node is enough.

    `timeout` is in seconds. No command starts another attempt later than that, and a single wait takes half of it.
    Raises `RedisUrlError`.
    """
    parts = read_url(url)
    options = connection_options(timeout) | parts.options
    if parts.kind == "":
        return Redis.from_pool(BlockingConnectionPool(**options, **_address(parts), **pool_options(timeout)))
    options["ssl"] = parts.is_tls
    if parts.kind == "sentinel":
        return open_sentinel(list(parts.addresses), parts.service, options, timeout)
    return LazyRedisCluster(list(parts.addresses), options)


def _address(parts: RedisUrl) -> dict[str, Any]:
    """Return redis-py's arguments for where one server is."""
    if parts.socket_path:
        return {"connection_class": UnixDomainSocketConnection, "path": parts.socket_path}
    host, port = parts.addresses[0]
    return {"connection_class": SSLConnection if parts.is_tls else Connection, "host": host, "port": port}
