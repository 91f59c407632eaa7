"""Limits on a model server: how long a reply may wait for it, and when a failing server gets no requests."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from banker.agents.llm.completion_stream import ModelServerError

T = TypeVar("T")

FAILURE_THRESHOLD = 3
"""How many failures in a row open the circuit. One may be chance, and each costs a user several seconds."""
RESET_TIMEOUT_S = 30.0
"""When an open circuit lets one request through: about as long as a model server takes to restart."""

MAX_PAUSE_S = 600.0
"""The longest accepted `Retry-After`, so that a mistaken header does not switch the model off for a day."""


class ReplyDeadline:
    """The time one reply may wait, in all and for its next token.

    Only waiting counts, not the time that the consumer takes between two tokens.
    """

    def __init__(self, total_s: float, idle_s: float) -> None:
        self._total_left_s = total_s
        self._idle_s = idle_s
        self._idle_left_s = idle_s
        self._has_progress = False

    async def wait(self, awaitable: Awaitable[T], limit_s: float = math.inf) -> T:
        """Await `awaitable`. Raises `ModelServerError` at the deadline or after `limit_s` seconds."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(self._total_left_s, self._idle_left_s, limit_s))):
                return await awaitable
        except TimeoutError:
            endless = self._has_progress and self._total_left_s <= self._idle_left_s
            raise ModelServerError("did not answer in time", retryable=False, server_fault=not endless) from None
        finally:
            self.spend(time.monotonic() - started)

    def spend(self, seconds: float) -> None:
        """Subtract time that the user waited for something else, such as a tool."""
        self._total_left_s -= seconds
        self._idle_left_s -= seconds

    def begin_request(self) -> None:
        """Start the wait for the first token of a request."""
        self._idle_left_s = self._idle_s
        self._has_progress = False

    def token_arrived(self) -> None:
        """Start the wait for the next token."""
        self._idle_left_s = self._idle_s
        self._has_progress = True


class CircuitBreaker:
    """Opens after three failures in a row. While open it lets one request through every 30 s, as a probe.

    It also rejects requests for as long as the server asked to wait.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self._paused_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether requests are rejected."""
        return self.is_paused or (self._failures >= FAILURE_THRESHOLD and self._clock() < self._open_until)

    @property
    def is_paused(self) -> bool:
        """Whether the server asked to wait."""
        return self._clock() < self._paused_until

    def pause(self, seconds: float) -> None:
        """Reject requests for the time that the server asked for, at most `MAX_PAUSE_S`."""
        self._paused_until = max(self._paused_until, self._clock() + min(seconds, MAX_PAUSE_S))

    def admit(self) -> bool:
        """Return whether a request may be sent now. A probe keeps the circuit open for the other requests."""
        if self.is_open:
            return False
        self._extend()
        return True

    def record_success(self) -> None:
        """Close the circuit: the server sent a complete answer."""
        self._failures = 0

    def record_failure(self) -> None:
        """Count a missing or broken answer."""
        self._failures += 1
        self._extend()

    def _extend(self) -> None:
        if self._failures >= FAILURE_THRESHOLD:
            self._open_until = self._clock() + RESET_TIMEOUT_S
