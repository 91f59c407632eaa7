"""Commands to Redis over the connections of redis-py's pool, without what its client does around each of them.

That costs more than the command itself: statistics, callbacks and retries that nobody here uses. What matters is as it
is there: the pool's timeouts bound every wait, and a connection that the server has closed is noticed before its use.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import ConnectionPool

Argument = str | bytes | int | float


@dataclass(frozen=True)
class Script:
    """A Lua script; the server keeps it under its hash."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


class RedisLine:
    """Sends one command at a time over a connection that is free. For any number of threads; a fork gets its own.

    Every method raises `redis.RedisError`. `pool.disconnect()` closes all connections.
    """

    def __init__(self, pool: "ConnectionPool") -> None:
        self.pool = pool
        self._pid = os.getpid()
        self._free: list[Any] = []

    def call(self, *command: Argument) -> Any:
        """The server's answer."""
        connection = self._take()
        try:
            connection.send_command(*command, check_health=False)
            return connection.read_response()
        finally:  # one that broke was disconnected, and connects again when it is taken
            self._free.append(connection)

    def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """What the script answers."""
        from redis.exceptions import NoScriptError

        try:
            return self.call("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return self.call("EVAL", script.text, len(keys), *keys, *arguments)

    def _take(self) -> Any:
        """A connection that is ready for a command."""
        if self._pid != os.getpid():
            self._pid, self._free = os.getpid(), []
        try:
            connection = self._free.pop()
        except IndexError:
            return self.pool.get_connection()
        try:
            if _is_stale(connection):
                connection.disconnect()
                connection.connect()
        except BaseException:
            self._free.append(connection)
            raise
        return connection


def _is_stale(connection: Any) -> bool:
    """Closed by the server, or with something in it that nobody has asked for."""
    from redis.exceptions import RedisError

    try:
        return bool(connection.can_read())
    except (RedisError, OSError):
        return True
