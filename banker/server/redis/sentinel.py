"""A client of the master that Redis Sentinel names."""

# mypy: allow-untyped-calls
# redis-py has types for its commands, and not for all of its other methods.

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import BlockingConnectionPool
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from banker.server.redis.retries import pool_options


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


def open_sentinel(addresses: list[tuple[str, int]], service: str, options: dict[str, Any], timeout: float) -> Redis:
    """Return a client of the master of `service`; `options` are those of a Redis URL."""
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
        **pool_options(timeout) | options,
    )
    return client
