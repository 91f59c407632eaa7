"""Who did what, when, under which consent: an append-only, hash-chained trail of JSON lines."""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from banker.audit.chain import Fields, Seal
from banker.audit.masking import masked
from banker.config.settings import Config
from banker.errors import unavailable
from banker.server.metrics import Metrics

__all__ = ["Audit", "Trail", "masked", "seal_of"]

log = logging.getLogger(__name__)


class Trail(Protocol):
    """Where entries go: a file or a Redis stream. Safe for several threads and processes."""

    def append(self, fields: Fields) -> None:
        """Write one more entry, chained to the one before; when it returns, the entry is kept. Raises anything."""


class Audit:
    """Records events. Blocks for a disk or for Redis: call it from a WSGI thread or an executor, never in the loop.

    `trail` None records nothing. A trail that fails is logged and counted and breaks nothing, unless it is `required`.
    `clock` gives Unix seconds.
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
        self._required = required
        self._clock = clock

    def record(self, event: str, *, tenant_id: str, user_id: str, session_id: str, **details: Any) -> None:
        """Add an entry; account numbers in `details` are masked. Raises `ApiError` 503 if it is required and fails.

        Events: `session.created`, `session.ended` (reason), `consent.granted` (version), `consent.revoked`,
        `tool.called` (tool, arguments), `tool.finished` (tool, ok).
        """
        if self._trail is None:
            return
        fields = Fields(self._clock(), event, tenant_id, user_id, session_id, masked(details))
        try:
            self._trail.append(fields)
        except Exception as error:
            # Without its traceback: that of a JSON or Redis error may hold what was to be written.
            log.error("the audit trail lacks %s: it cannot be written: %s", event, type(error).__name__)
            self._metrics.audit_failures.inc()
            if self._required:
                raise unavailable("The audit trail cannot be written; try again.") from error


def seal_of(config: Config) -> Seal:
    """How this service's entries are sealed; in demo mode without a key, since there it changes with every start."""
    return Seal(None if config.demo else config.secret_key)
