"""The one way in which the wire writes a moment: RFC 3339, UTC, whole seconds."""

from datetime import UTC, datetime


def rfc3339(moment: float) -> str:
    """`1705764900.7` (Unix seconds) as `2024-01-20T15:35:00Z`."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat()[:-6] + "Z"
