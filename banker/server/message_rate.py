"""A bound on how often something may happen: what a client may ask of a worker that others share."""

from collections import deque


class MessageRateLimit:
    """`count` times in any `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._times: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Whether it may happen at `now` (s, of a clock that never goes back); if so, it has."""
        while self._times and now - self._times[0] >= self._seconds:
            self._times.popleft()
        if len(self._times) >= self._count:
            return False
        self._times.append(now)
        return True
