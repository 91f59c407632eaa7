"""One exception type and one error format: `{"error": "…", "message": "…"}`."""

from collections.abc import Mapping


class ApiError(Exception):
    """A fault that is told to the caller.

    `status` is an HTTP status, `error` a stable word for programs, `message` a sentence that says what to mend.
    Never put a token, a transcript or an account number into `message`.
    """

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> dict[str, str]:
        """The two keys that every error answer has."""
        return {"error": self.error, "message": self.message}


def invalid_request(message: str) -> ApiError:
    """400: the request is not what the contract asks for."""
    return ApiError(400, "invalid_request", message)


def unauthorized(message: str = "The credentials are missing, invalid or expired.") -> ApiError:
    """401: the identity that was claimed is not proven. The same words whatever part failed."""
    return ApiError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})


def session_not_found() -> ApiError:
    """404: no such session, ended, expired or somebody else's; the caller cannot tell which."""
    return ApiError(404, "session_not_found", "There is no such session, or it has ended.")


def too_many(retry_after: int) -> ApiError:
    """429: the caller's limit is used up for `retry_after` seconds."""
    message = "Too many requests; try again after the time in Retry-After."
    return ApiError(429, "rate_limited", message, {"Retry-After": str(retry_after)})


def unavailable(message: str, retry_after: int = 5) -> ApiError:
    """503: try again in `retry_after` seconds."""
    return ApiError(503, "unavailable", message, {"Retry-After": str(retry_after)})
