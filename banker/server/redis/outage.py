"""Why Redis takes no commands, in a word; logged when it begins and when it is over, not with every command between."""

import logging
import re
import threading
import time
from collections.abc import Callable

import redis
from redis.exceptions import RedisClusterException
from redis.sentinel import MasterNotFoundError

log = logging.getLogger(__name__)

QUIET_S = 1.0
"""How long no command may have failed before an outage is over: in a cluster some keys fail while others do not."""

_CODES = re.compile(
    r"\b(READONLY|NOREPLICAS|OOM|MISCONF|LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|NOAUTH|WRONGPASS|NOPERM)\b"
)
"""What Redis begins an error with. In a script or a pipeline, other words come before it."""


def cause_of(error: BaseException) -> str:
    """Return Redis's own word for an error in lower case, or `unreachable`, `timeout`, `tls`, `denied` or `error`."""
    found = _CODES.search(f"{getattr(error, 'status_code', None) or ''} {error}")
    if found:
        return found[1].lower()
    if isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError):
        return "denied"
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return "timeout"
    if isinstance(error, MasterNotFoundError):
        return "no_master"
    if isinstance(error, RedisClusterException) or isinstance(error.__cause__, RedisClusterException):
        return "clusterdown"
    if isinstance(error, redis.ConnectionError | OSError):
        return "tls" if "SSL" in str(error) or "certificate" in str(error) else "unreachable"
    return "error"


class RedisOutage:
    """Whether commands fail at the moment, for all that share one client. Thread-safe. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._cause = ""
        self._failed_at = 0.0

    def failed(self, error: BaseException) -> str:
        """Note that a command has failed, and return the cause."""
        cause = cause_of(error)
        with self._lock:
            is_news, self._cause, self._failed_at = not self._cause, cause, self._clock()
        if is_news:
            # An error of the server may repeat the command, which holds what nobody may read in a log.
            detail = str(error) if isinstance(error, redis.ConnectionError | OSError) else type(error).__name__
            log.error("Redis takes no commands (%s): %s", cause, detail)
        return cause

    def succeeded(self) -> None:
        """Note that a write has succeeded."""
        with self._lock:
            if not self._cause or self._clock() - self._failed_at < QUIET_S:
                return
            self._cause = ""
        log.warning("Redis takes commands again")
