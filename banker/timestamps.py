"""Timestamps of the API: RFC 3339, in UTC and whole seconds."""

from datetime import UTC, datetime


def rfc3339(unix_seconds: float) -> str:
    """Format Unix seconds: `1705764900.7` is `2024-01-20T15:35:00Z`. Fractions are cut off."""
    return datetime.fromtimestamp(int(unix_seconds), UTC).isoformat()[:-6] + "Z"
