"""Commands to Redis over one connection of redis-py's pool, without what its client does around each of them.

That (statistics, callbacks, retries that nobody here uses) costs more than the command: 78 us of CPU for a SET by its
client, 33 by this; 31 us each for four in its pipeline, 10 for four that threads send at the same time by this. The
pool's timeouts bound every wait, as they do for the client.
"""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from banker.together import Together

if TYPE_CHECKING:
    from redis import ConnectionPool

Argument = str | bytes | int | float

QUIET_SECONDS = 1.0
"""After so long without a command the server may have closed the connection: it is looked at before its next use."""


@dataclass(frozen=True)
class Script:
    """A Lua script; the server keeps it under its hash."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


class RedisLine:
    """Sends commands over one connection; what threads ask for at the same time goes in one trip.

    Every method raises `redis.RedisError`. A fork gets a connection of its own. `pool.disconnect()` closes it.
    `clock` gives seconds.
    """

    def __init__(self, pool: "ConnectionPool", clock: Callable[[], float] = time.monotonic) -> None:
        from redis.exceptions import NoScriptError, ResponseError

        self.pool = pool
        self._clock = clock
        self._refused, self._forgotten = ResponseError, NoScriptError
        self._pid = os.getpid()
        self._connection: Any = None
        self._used_at = 0.0
        self._trips = Together(self._exchange)

    def call(self, *command: Argument) -> Any:
        """The server's answer."""
        answer = self._trips.do(_packed(command))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """What the script answers."""
        try:
            return self.call("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except self._forgotten:
            return self.call("EVAL", script.text, len(keys), *keys, *arguments)

    def _exchange(self, commands: Sequence[bytes]) -> Sequence[Any]:
        """The answers to `commands`; what the server refuses is an answer like any other."""
        connection = self._ready()
        connection.send_packed_command([b"".join(commands)], check_health=False)
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(connection.read_response())
            except self._refused as error:
                answers.append(error)
        self._used_at = self._clock()
        return answers

    def _ready(self) -> Any:
        """The connection; one that broke was disconnected, and connects again when it sends."""
        if self._connection is None or self._pid != os.getpid():
            self._connection, self._pid = self.pool.get_connection(), os.getpid()
        elif self._clock() - self._used_at > QUIET_SECONDS and _is_stale(self._connection):
            self._connection.disconnect()
        return self._connection


def _packed(command: Sequence[Argument]) -> bytes:
    """A command as it is sent (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


def _is_stale(connection: Any) -> bool:
    """Closed by the server, or with something in it that nobody has asked for."""
    from redis.exceptions import RedisError

    try:
        return bool(connection.can_read())
    except (RedisError, OSError):
        return True
