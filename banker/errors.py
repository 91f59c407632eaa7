"""The one exception for errors that a caller sees, and its format: `{"error": "…", "message": "…"}`."""

from collections.abc import Mapping


class ApiError(Exception):
    """An error response.

    `status` is an HTTP status, `error` a stable word for programs, and `message` a sentence that says what to fix.
    Never put a token, a transcript or an account number into `message`.
    """

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> dict[str, str]:
        """Return the response body."""
        return {"error": self.error, "message": self.message}


def invalid_request(message: str) -> ApiError:
    """Return a 400: the request is malformed."""
    return ApiError(400, "invalid_request", message)


def unauthorized(message: str = "The credentials are missing, invalid or expired.") -> ApiError:
    """Return a 401: the claimed identity is not proven. By default the message does not say which part failed."""
    return ApiError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})


def session_not_found() -> ApiError:
    """Return a 404. The session is unknown, ended, expired or another user's; the caller cannot tell which."""
    return ApiError(404, "session_not_found", "This session does not exist, or it has ended.")


def too_many(retry_after: int) -> ApiError:
    """Return a 429: the caller's limit is exhausted for `retry_after` seconds."""
    message = "Too many requests; try again after the time in Retry-After."
    return ApiError(429, "rate_limited", message, {"Retry-After": str(retry_after)})


def too_many_open(limit: int, what: str, now: float) -> ApiError:
    """Return a 429: the user has reached the `limit` of open calls or connections. `now` is Unix seconds.

    Closing one makes room. Nobody knows when that happens, so `Retry-After` is a guess.
    """
    headers = {
        "Retry-After": "30",
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(now) + 30),
    }
    return ApiError(429, "too_many_open", f"This user has {limit} {what} open, the maximum; close one.", headers)


def too_many_events() -> ApiError:
    """Return a 429: events come faster than a person causes them."""
    return ApiError(429, "too_many_events", "Too many events at once; the connection is closed.")


def unavailable(message: str, retry_after: int = 5) -> ApiError:
    """Return a 503: the caller may try again in `retry_after` seconds."""
    return ApiError(503, "unavailable", message, {"Retry-After": str(retry_after)})
