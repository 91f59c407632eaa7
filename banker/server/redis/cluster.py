"""A client of a Redis Cluster that connects with its first command."""

# mypy: allow-untyped-calls
# redis-py has types for its commands, and not for all of its other methods.

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException
from redis.retry import Retry

CLUSTER_RETRIES = 1
"""redis-py reads the slot map again before the second attempt, and pauses for 0.25 s when the cluster is down."""

KEYS_PER_NODE = 8
"""How many keys are tried for each node to find one that it has."""


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

    def keys_on_every_primary(self, prefix: str) -> list[str]:
        """Return keys that begin with `prefix` so that each primary node has one of them; a few nodes may lack one."""
        self._connect()
        primaries, found = self.get_primaries(), dict[str, str]()
        with _cluster_errors():
            for number in range(KEYS_PER_NODE * len(primaries)):
                if len(found) < len(primaries):
                    key = f"{prefix}:{number}"
                    found.setdefault(self.get_node_from_key(key).name, key)
        return list(found.values())

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
