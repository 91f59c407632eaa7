"""Limits how often one client may use a worker that other clients share."""

from collections import deque


class MessageRateLimit:
    """Allows `count` events in any `period` seconds (a sliding window)."""

    def __init__(self, count: int, period: float) -> None:
        self._count = count
        self._period = period
        self._times: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Return whether an event is allowed at `now` (s, monotonic), and count it if it is."""
        while self._times and now - self._times[0] >= self._period:
            self._times.popleft()
        if len(self._times) >= self._count:
            return False
        self._times.append(now)
        return True
