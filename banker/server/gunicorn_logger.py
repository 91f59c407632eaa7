"""gunicorn's logger without tokens: request paths are logged without query string, referrer and headers."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger


class BankerLogger(Logger):  # type: ignore[misc]
    """Keeps query strings out of `%(U)s` and tracebacks of silent clients out of the log."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """Return the parts of an access log line. The path stays percent-encoded, so it cannot fake a line."""
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        atoms["U"] = environ["RAW_URI"].partition("?")[0]
        return atoms

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log an exception, unless a client stopped in the middle of its request."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.debug("A client sent nothing for too long in the middle of a request")
        else:
            super().exception(msg, *args, **kwargs)


class JsonAccessLogger(BankerLogger):
    """Writes the access log as one JSON object per line."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Log one request."""
        if not self.access_log_enabled:
            return
        atoms = self.atoms(resp, req, environ, request_time)
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "logger": "access",
            "client": atoms["h"],
            "method": atoms["m"],
            "path": atoms["U"],
            "status": int(atoms["s"]),
            "bytes": atoms["B"],
            "ms": atoms["M"],
            "request_id": atoms.get("{x-request-id}o"),
        }
        self.access_log.info(json.dumps(entry))
