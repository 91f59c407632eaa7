"""The audit trail: who did what, when and under which consent, as append-only, hash-chained JSON lines."""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from banker.audit.chain import Seal
from banker.audit.masking import mask
from banker.audit.private_trail import AuditEvent
from banker.config.settings import Config
from banker.errors import ApiError, unavailable
from banker.server.metrics import Metrics

__all__ = ["Audit", "Trail", "lasting_key", "mask", "seal_of"]

log = logging.getLogger(__name__)


class Trail(Protocol):
    """Where events are written. Any thread of any process may use it."""

    def append(self, event: AuditEvent) -> None:
        """Write an event, and return when it is stored. May raise any exception."""


class Audit:
    """Records events. Waits for a disk or for Redis: call it in a WSGI thread or an executor, never in the loop.

    With `trail` None nothing is recorded. Failures of the trail are counted, and logged when they begin and end; if the
    trail is `required`, they are raised too. `clock` returns Unix seconds.
    """

    def __init__(
        self,
        trail: Trail | None,
        metrics: Metrics,
        *,
        required: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._trail = trail
        self._metrics = metrics
        self.required = required
        """Whether an action must fail if it cannot be recorded."""
        self._clock = clock
        self._is_failing = False

    def record(self, event: str, *, tenant_id: str, user_id: str, session_id: str, **details: Any) -> None:
        """Append an entry, with the account numbers in `details` masked.

        docs/audit.md has the events. Raises `ApiError` 503 if a required trail fails.
        """
        try:
            self.prepare(event, tenant_id=tenant_id, user_id=user_id, session_id=session_id, **details)()
        except ApiError:
            if self.required:
                raise

    def prepare(
        self, event: str, *, tenant_id: str, user_id: str, session_id: str, **details: Any
    ) -> Callable[[], None]:
        """Return a function that appends the entry with the current time. Repeat it if it raises `ApiError` 503."""
        trail, entry = self._trail, AuditEvent(self._clock(), event, tenant_id, user_id, session_id, mask(details))

        def append() -> None:
            try:
                if trail is not None:
                    trail.append(entry)
            except Exception as error:
                if not self._is_failing:
                    # Without the traceback: that of a JSON or Redis error may contain the entry.
                    log.error("The audit trail cannot be written from %s on: %s", event, type(error).__name__)
                self._is_failing = True
                self._metrics.audit_failures.inc()
                raise unavailable("The audit trail cannot be written. Try again in a few seconds.") from error
            if self._is_failing:
                log.warning("The audit trail can be written again from %s on", event)
            self._is_failing = False

        return append


def lasting_key(config: Config) -> bytes | None:
    """Return the key behind the trail's seal and the users' keys; None in demo mode, which has no permanent key."""
    return None if config.demo else config.secret_key


def seal_of(config: Config) -> Seal:
    """Return the seal of this service's entries."""
    return Seal(lasting_key(config))
