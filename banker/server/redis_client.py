"""Opens the Redis client of a process from BANKER_REDIS_URL: one server, Sentinel or Cluster, all by redis-py.

    client = open_redis("redis+sentinel://10.0.0.1,10.0.0.2/bank", timeout=2.0)
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    add(keys=["visits"], args=[1])

A process has one client, which the session store, the audit trail and the rate limits share. Any thread may use it.
Nothing connects before the first command. A client that was opened before a fork works on both sides of it: redis-py's
pools drop the connections of the parent process.

Every command raises `redis.RedisError` when it fails. `isinstance(client, RedisCluster)` tells a cluster from the other
kinds; these have `client.connection_pool`. In a cluster, the keys of one script carry the same hash tag (`{user_id}`).

Import this module only when Redis is configured: importing redis-py takes a sixth of a second.
"""

# mypy: allow-untyped-calls
# redis-py has types for its commands, and not for all of its other methods.

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import redis
from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.client import PubSub
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import BlockingConnectionPool, parse_url
from redis.exceptions import MasterDownError, ReadOnlyError, RedisClusterException
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

RedisClient = Redis | RedisCluster
Answer = TypeVar("Answer")

RETRIES = 2
"""After a fail-over the first attempt meets the demoted master, the second its successor; the third is a reserve."""
CLUSTER_RETRIES = 1
"""redis-py reads the slot map again before the second attempt, and pauses for 0.25 s when the cluster is down."""
BACKOFF_BASE_S, BACKOFF_CAP_S = 0.01, 0.1
"""The three attempts are at most 0.06 s apart in all, so that an outage is reported at once."""
HEALTH_CHECK_INTERVAL_S = 15
"""A connection that was idle for this long is pinged before its use: firewalls drop idle connections silently."""
MAX_CONNECTIONS = 16
"""Further threads wait for a free connection. Opening one takes longer: with TLS, 0.03 s of CPU."""
SENTINEL_PORT = 26379
CLUSTER_PORT = 6379


def open_redis(url: str, timeout: float) -> RedisClient:
    """Return a client for one of these URLs, where `rediss` means TLS and options follow in the query:

    - `redis://user:password@host:6379/0`, `rediss://…`, `unix:///path/to/socket?db=0`
    - `redis+sentinel://user:password@host:26379,host2:26379/service?db=0`, `rediss+sentinel://…`. The user is that of
      the Redis servers; the Sentinels' own are `sentinel_username` and `sentinel_password`.
    - `redis+cluster://user:password@host:6379,host2:6379`, `rediss+cluster://…`. One reachable node is enough.

    `timeout` is in seconds. No command starts another attempt later than that, and a single wait takes half of it.
    Raises ValueError, whose text may hold the password.
    """
    parts = urlsplit(url)
    scheme, _, kind = parts.scheme.partition("+")
    if kind == "":
        return Redis.from_pool(BlockingConnectionPool.from_url(url, **_options(timeout), **_pool_options(timeout)))
    if scheme not in ("redis", "rediss") or kind not in ("sentinel", "cluster"):
        raise ValueError("unknown scheme of a Redis URL")
    credentials, at, hosts = parts.netloc.rpartition("@")
    # redis-py parses credentials and options. It knows neither several hosts nor a path that names a service.
    plain = parts._replace(scheme=scheme, netloc=f"{credentials}{at}host", path="").geturl()
    options = _options(timeout) | parse_url(plain)
    del options["host"]
    options["ssl"] = options.pop("connection_class", None) is not None
    if kind == "sentinel":
        return _open_sentinel(_addresses(hosts, SENTINEL_PORT), parts, options, timeout)
    if options.pop("db", 0) != 0 or parts.path.strip("/"):
        raise ValueError("a Redis Cluster has no numbered databases")
    return LazyRedisCluster(_addresses(hosts, CLUSTER_PORT), options)


class DeadlineRetry(Retry):
    """Stops retrying `seconds` after the first attempt began.

    redis-py nests retries: a command's attempt reconnects, which is retried too. The outermost call sets the deadline
    for all of them. Each connection has its own copy of this object, and is used by one thread at a time.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(ExponentialWithJitterBackoff(base=BACKOFF_BASE_S, cap=BACKOFF_CAP_S), RETRIES)
        self._seconds = seconds
        self._deadline: float | None = None

    def call_with_retry(
        self,
        do: Callable[[], Answer],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> Answer:
        """As redis-py documents it; `fail` closes the connection before this raises."""
        is_outermost = self._deadline is None
        deadline = self._deadline = self._deadline or time.monotonic() + self._seconds

        def fail_or_stop(error: Exception, *failure_count: int) -> None:
            fail(error, *failure_count)
            if time.monotonic() >= deadline:
                raise error

        try:
            return super().call_with_retry(do, fail_or_stop, is_retryable, with_failure_count)
        finally:
            if is_outermost:
                self._deadline = None


class SentinelConnection(SentinelManagedConnection):
    """Asks Sentinel for the master whenever it connects.

    redis-py's own class asks when it takes a connection from the pool; a command that is retried would reconnect to the
    demoted master.
    """

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Connect to the current master first, unless connected."""
        if not self.is_connected:
            self.connect()
        super().send_packed_command(command, check_health)


class SentinelSSLConnection(SentinelConnection, SentinelManagedSSLConnection):
    """The same over TLS."""


class SentinelBlockingConnectionPool(SentinelConnectionPool, BlockingConnectionPool):
    """A pool of connections to Sentinel's master, in which threads wait for a free one."""


class LazyRedisCluster(RedisCluster):
    """Connects with its first command; redis-py's own class reads the slot map in its constructor.

    So a service starts while the cluster is down, and finds it later. Whatever fails is a `redis.RedisError`.
    """

    def __init__(self, addresses: list[tuple[str, int]], options: dict[str, Any]) -> None:
        self._connect_lock = threading.RLock()
        self._is_connecting = self._is_connected = False
        self._addresses = addresses
        self._options = options
        self.encoder = Redis().get_encoder()  # which registering a script needs

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As in `RedisCluster`."""
        self._connect()
        with _cluster_errors():
            return super().execute_command(*args, **kwargs)

    def pubsub(self, *args: Any, **kwargs: Any) -> PubSub:
        """Subscribe at a random node: a message reaches all of them, and the one of a fixed slot may be down."""
        self._connect()
        with _cluster_errors():
            subscription: PubSub = super().pubsub(node=self.get_random_node(), **kwargs)
            return subscription

    def close(self) -> None:
        """Close all connections; the next command opens new ones."""
        if self._is_connected:
            self._is_connected = False
            super().close()

    def __getattr__(self, name: str) -> Any:
        """Connect when a method asks for an attribute that redis-py's constructor sets."""
        with self._connect_lock:
            if self._is_connecting:
                raise AttributeError(name)
            self._connect()
        return object.__getattribute__(self, name)

    def _connect(self) -> None:
        if self._is_connected:
            return
        with self._connect_lock:
            if self._is_connected or self._is_connecting:  # the constructor sends commands itself
                return
            self._is_connecting = True
            try:
                nodes = [ClusterNode(host, port) for host, port in self._addresses]
                with _cluster_errors():
                    super().__init__(startup_nodes=nodes, retry=Retry(NoBackoff(), CLUSTER_RETRIES), **self._options)
                self._is_connected = True
            finally:
                self._is_connecting = False


@contextmanager
def _cluster_errors() -> Iterator[None]:
    """Raise as `redis.ConnectionError` what redis-py derives from Exception alone, such as a cluster without nodes."""
    try:
        yield
    except RedisClusterException as error:
        raise redis.ConnectionError(str(error)) from error


def _open_sentinel(
    addresses: list[tuple[str, int]], parts: SplitResult, options: dict[str, Any], timeout: float
) -> Redis:
    service = parts.path.strip("/")
    if not service:
        raise ValueError("a Sentinel URL ends in the name of the service")
    own = {name.removeprefix("sentinel_"): options.pop(name) for name in list(options) if name.startswith("sentinel_")}
    shared = {name: value for name, value in options.items() if name not in ("username", "password", "db")}
    # One attempt for each Sentinel, since the next one in the list is the better retry.
    sentinel_options = {**shared, **own, "socket_timeout": timeout / 4, "retry": Retry(NoBackoff(), 0)}
    connection_class = SentinelSSLConnection if options.pop("ssl") else SentinelConnection
    sentinel = Sentinel(addresses, sentinel_kwargs=sentinel_options)
    client: Redis = sentinel.master_for(
        service,
        connection_pool_class=SentinelBlockingConnectionPool,
        connection_class=connection_class,
        **_pool_options(timeout) | options,
    )
    return client


def _addresses(hosts: str, default_port: int) -> list[tuple[str, int]]:
    parts = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not all(part.hostname for part in parts):
        raise ValueError("a Redis URL names its hosts")
    return [(part.hostname or "", part.port or default_port) for part in parts]


def _options(timeout: float) -> dict[str, Any]:
    """Return the options of a connection. A command waits twice for a silent server, which takes `timeout` in all.

    RESP2 without `driver_info` needs no handshake: a new connection costs no further round trip.
    """
    return {
        "socket_timeout": timeout / 2,
        "socket_connect_timeout": timeout / 2,
        "protocol": 2,
        "driver_info": None,
    }


def _pool_options(timeout: float) -> dict[str, Any]:
    """Return the options of a pool. Those of a cluster are its own: it retries at another node."""
    return {
        "max_connections": MAX_CONNECTIONS,
        "timeout": timeout,
        "retry": DeadlineRetry(timeout),
        "retry_on_error": [ReadOnlyError, MasterDownError],
        "health_check_interval": HEALTH_CHECK_INTERVAL_S,
    }
