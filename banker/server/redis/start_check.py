"""Finds out at the start whether the service can use the Redis behind BANKER_REDIS_URL.

A service starts without one that does not answer, and is not ready until it does.
"""

# mypy: allow-untyped-calls
# redis-py has types for its commands, and not for all of its other methods.

from collections.abc import Iterator
from typing import Any

import redis
from redis.cluster import RedisCluster
from redis.sentinel import SentinelConnectionPool

from banker.server.redis.client import RedisClient, open_redis
from banker.server.redis.urls import RedisUrlError

OLDEST_VERSION = (6, 2)
"""The first with exclusive ranges of streams and with XTRIM MINID, by which the audit trail is read and pruned."""

# Keys and a channel of each kind that the service uses, for the rules of an ACL.
_KEYS = ("banker:ready", "banker:limits:ready", "{banker:audit}:ready")
_CHANNEL = "banker:sessions"


def redis_mistakes(url: str, timeout: float) -> list[str]:
    """Return a line for each reason why this Redis cannot be used; empty if it does not answer within `timeout` (s)."""
    try:
        client = open_redis(url, timeout)
    except RedisUrlError as error:
        return [f"environment: BANKER_REDIS_URL: {error}"]
    try:
        return [f"environment: BANKER_REDIS_URL: {mistake}" for mistake in _mistakes(client)]
    finally:
        client.close()


def _mistakes(client: RedisClient) -> Iterator[str]:
    try:
        if isinstance(client, RedisCluster):
            found = client.info(target_nodes=RedisCluster.RANDOM)
        else:
            if isinstance(pool := client.connection_pool, SentinelConnectionPool):
                yield from _sentinel_mistakes(pool.sentinel_manager.sentinels, pool.service_name)
            found = client.info()
        mistakes = list(_server_mistakes(found, isinstance(client, RedisCluster)))
        yield from mistakes
        if not mistakes:
            _use(client)
    except redis.exceptions.NoPermissionError as error:
        yield f"the ACL of its user is too narrow ({error}); docs/deployment.md has the rules"
    except (redis.AuthenticationError, redis.exceptions.AuthorizationError):
        yield "the user or the password is wrong; write redis://user:password@host:6379/0"
    except redis.ConnectionError as error:
        yield from _connection_mistakes(str(error))
    except (redis.RedisError, OSError):
        return


def _sentinel_mistakes(sentinels: list[Any], service: str) -> Iterator[str]:
    """Ask the first Sentinel that answers: redis-py does not tell an unknown service from one without a master."""
    for sentinel in sentinels:
        try:
            names = [str(name) for name in sentinel.sentinel_masters()]
        except redis.ResponseError as error:
            if "unknown command" in str(error).lower():
                yield "this is not a Sentinel, whose port is 26379; write redis:// for a server"
                return
            raise
        except (redis.ConnectionError, redis.TimeoutError):
            continue
        if service not in names:
            yield f"Sentinel does not watch {service!r} but {', '.join(sorted(names)) or 'nothing'}; name that"
        return


def _server_mistakes(found: dict[str, Any], is_cluster: bool) -> Iterator[str]:
    version = str(found.get("redis_version", ""))
    numbers = tuple(int(number) for number in version.split(".")[:2] if number.isdigit())
    mode = found.get("redis_mode")
    if mode == "sentinel":
        yield "this is a Sentinel; write redis+sentinel://host:26379/service"
    elif numbers and numbers < OLDEST_VERSION:
        yield f"Redis {version} is too old; use 6.2 or newer"
    elif mode == "cluster" and not is_cluster:
        yield "this is a Redis Cluster; write redis+cluster://host:6379"
    elif found.get("role") == "slave" and not is_cluster:
        yield "this is a replica, which takes no writes; name its primary, or Sentinel, which knows it"


def _connection_mistakes(error: str) -> Iterator[str]:
    if "Cluster mode is not enabled" in error:
        yield "this is not a Redis Cluster; write redis:// for one server"
    elif "WRONG_VERSION_NUMBER" in error or "record layer failure" in error:
        yield "this port does not speak TLS; write redis instead of rediss, or name the port that does"
    elif "CERTIFICATE_VERIFY_FAILED" in error or "certificate verify failed" in error:
        yield "the certificate is not trusted; name its CA with ?ssl_ca_certs=/path/to/ca.pem, and the host as it does"


def _use(client: RedisClient) -> None:
    """Use commands, keys and the channel as the service does. Raises `NoPermissionError`."""
    script = client.register_script("return redis.call('PTTL', KEYS[1])")
    for key in _KEYS:
        client.set(key, 1, ex=1)
        client.delete(key)
        script(keys=[key])
    client.publish(_CHANNEL + ":ready", "")
    with client.pubsub() as pubsub:
        pubsub.subscribe(_CHANNEL)
        pubsub.get_message(timeout=1)
