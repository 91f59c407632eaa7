"""Where flask-limiter keeps its windows in Redis: those of a request in one round trip, with what headers tell."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from limits.errors import StorageError
from limits.storage import RedisStorage

from banker.redisline import RedisLine, Script

SCHEME = "banker+redis"

# Count ARGV[2] more in each window KEYS[n], up to the first that has then counted more than its limit ARGV[n + 2].
# A window begins with the first that it counts and lasts ARGV[1] seconds. Answers for each its count, and the ms left.
_COUNT = Script("""
local windows = {}
for n, key in ipairs(KEYS) do
  local count = redis.call('INCRBY', key, ARGV[2])
  if count == tonumber(ARGV[2]) then redis.call('EXPIRE', key, ARGV[1]) end
  windows[n] = {count, redis.call('PTTL', key)}
  if ARGV[n + 2] and count > tonumber(ARGV[n + 2]) then break end
end
return windows
""")


@dataclass
class _Window:
    """How many it has counted, and the Unix seconds at which it ends."""

    count: int
    ends_at: float
    ahead: bool = True
    """Counted before flask-limiter has asked for it."""


_seen: ContextVar[Mapping[str, _Window]] = ContextVar("banker_windows", default={})  # noqa: B039 - never changed
"""What the server said last in this thread: the windows of the request that it serves."""


class RedisWindows(RedisStorage):
    """A storage of `limits`, which finds it by the name of its scheme. Raises `StorageError`."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - as in the class above it

    def __init__(self, uri: str, line: RedisLine) -> None:
        super().__init__(uri, connection_pool=line.pool, wrap_exceptions=True)
        self._line = line

    def count_ahead(self, limits: Mapping[str, int], expiry: int) -> None:
        """Count one in each of the windows `limits` (key: limit), which flask-limiter is going to ask for one by one.

        As it would, those behind one that is over its limit are left alone. The keys have one hash tag between them,
        so that a Redis Cluster keeps them in one slot.
        """
        self._count(list(limits), expiry, 1, list(limits.values()))

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """As `limits` has it; nothing is left to do for a window that was counted ahead."""
        window = _seen.get().get(key)
        if window is None or not window.ahead:
            self._count([key], expiry, amount, [])
            window = _seen.get()[key]
        window.ahead = False
        return window.count

    def get(self, key: str) -> int:
        """As `limits` has it: for the headers, of the window that was just counted."""
        window = _seen.get().get(key)
        return int(super().get(key)) if window is None else window.count

    def get_expiry(self, key: str) -> float:
        """As `limits` has it: for the headers, of the window that was just counted."""
        window = _seen.get().get(key)
        return float(super().get_expiry(key)) if window is None else window.ends_at

    def _count(self, keys: list[str], expiry: int, amount: int, limits: list[int]) -> None:
        try:
            windows = self._line.run(_COUNT, [self.prefixed_key(key) for key in keys], [expiry, amount, *limits])
        except self.base_exceptions as error:
            raise StorageError(error) from error
        now = time.time()
        _seen.set(
            {key: _Window(count, now + max(left, 0) / 1000) for key, (count, left) in zip(keys, windows, strict=False)}
        )
