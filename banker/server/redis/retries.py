"""How often and for how long a Redis command is tried, and the options that all kinds of client share."""

# mypy: allow-untyped-calls
# redis-py has types for its commands, and not for all of its other methods.

import time
from collections.abc import Callable
from typing import Any, TypeVar

from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import MasterDownError, ReadOnlyError
from redis.retry import Retry

Answer = TypeVar("Answer")

RETRIES = 2
"""After a fail-over the first attempt meets the demoted master, the second its successor; the third is a reserve."""
BACKOFF_BASE_S, BACKOFF_CAP_S = 0.01, 0.1
"""The three attempts are at most 0.06 s apart in all, so that an outage is reported at once."""
HEALTH_CHECK_INTERVAL_S = 15
"""A connection that was idle for this long is pinged before its use: firewalls drop idle connections silently."""
MAX_CONNECTIONS = 16
"""Further threads wait for a free connection. Opening one takes longer: with TLS, 0.03 s of CPU."""


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


def connection_options(timeout: float) -> dict[str, Any]:
    """Return the options of a connection. A command waits twice for a silent server, which takes `timeout` in all.

    RESP2 without `driver_info` needs no handshake: a new connection costs no further round trip.
    """
    return {
        "socket_timeout": timeout / 2,
        "socket_connect_timeout": timeout / 2,
        "protocol": 2,
        "driver_info": None,
    }


def pool_options(timeout: float) -> dict[str, Any]:
    """Return the options of a pool. Those of a cluster are its own: it retries at another node."""
    return {
        "max_connections": MAX_CONNECTIONS,
        "timeout": timeout,
        "retry": DeadlineRetry(timeout),
        "retry_on_error": [ReadOnlyError, MasterDownError],
        "health_check_interval": HEALTH_CHECK_INTERVAL_S,
    }
