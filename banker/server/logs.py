"""Structured logs through the standard `logging`: one JSON object per line, with the request id."""

import json
import logging
from contextvars import ContextVar

from banker.timestamps import rfc3339

request_id: ContextVar[str] = ContextVar("banker_request_id", default="-")

_EXTRA_FIELDS = ("session_id", "tenant_id", "status", "method", "path", "ms")


class JsonFormatter(logging.Formatter):
    """Formats a record as `{"time", "level", "logger", "message", "request_id", …}`, a traceback as one string."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": rfc3339(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
        }
        entry.update({name: getattr(record, name) for name in _EXTRA_FIELDS if hasattr(record, name)})
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up(log_format: str, level: str) -> None:
    """Send the log to standard error. Only for the standalone service: a host has its own logging."""
    logger = logging.getLogger("banker")
    if logger.handlers:
        return
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if log_format == "json" else text)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
