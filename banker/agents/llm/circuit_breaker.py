"""How long a reply may keep a user waiting, and when a server that fails is left alone."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from banker.agents.llm.completion_stream import ModelServerError

T = TypeVar("T")

FAILURES = 3
REST_SECONDS = 30.0


class ReplyDeadline:
    """The time that one reply has: in all, and until its next token. Only waiting counts, not the time in which the
    listener takes the words."""

    def __init__(self, total: float, idle: float) -> None:
        self._left = total
        self._idle = idle
        self._idle_left = idle

    async def wait(self, awaitable: Awaitable[T], most: float = math.inf) -> T:
        """Await `awaitable`. Raises `ModelServerError` when time is up, or after `most` seconds."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(self._left, self._idle_left, most))):
                return await awaitable
        except TimeoutError:
            raise ModelServerError("did not answer in time", again=False) from None
        finally:
            self.spend(time.monotonic() - started)

    def spend(self, seconds: float) -> None:
        """Something else has kept the user waiting, a tool for example."""
        self._left -= seconds
        self._idle_left -= seconds

    def heard(self) -> None:
        """A token came, or a new request begins."""
        self._idle_left = self._idle


class CircuitBreaker:
    """After three failures in a row the server is left alone for 30 s; then one request tries it for all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._closed_until = 0.0

    @property
    def tripped(self) -> bool:
        """Whether the server is being left alone."""
        return self._failures >= FAILURES and self._clock() < self._closed_until

    def admit(self) -> bool:
        """Whether a request may go to the server now."""
        if self.tripped:
            return False
        self._rest()
        return True

    def succeeded(self) -> None:
        """An answer came, whole."""
        self._failures = 0

    def failed(self) -> None:
        """No answer came, or a broken one."""
        self._failures += 1
        self._rest()

    def _rest(self) -> None:
        if self._failures >= FAILURES:
            self._closed_until = self._clock() + REST_SECONDS
